"""A headless Chromium driven through its own debugging port, and what axe finds on a page."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import httpx2 as httpx
import websocket

DEADLINE = 60.0
# The page is opened in a real browser where there is one.
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_AXE = files("axe_core_python").joinpath("axe.min.js")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def wait_for(condition, process: subprocess.Popen | None = None) -> None:
    """Wait until a condition holds, no longer than the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise AssertionError(process.stdout.read().decode())
        with contextlib.suppress(httpx.TransportError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError("the condition did not come true in time")


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A headless browser with one empty page."""
    words = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={folder}", "--remote-debugging-port=0", "--window-size=390,844",
        "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(
        words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        place = folder / "DevToolsActivePort"
        wait_for(lambda: place.exists() and place.read_text().strip() != "")
        port = place.read_text().split()[0]
        pages: list[dict[str, str]] = []

        def found() -> bool:
            listed = httpx.get(f"http://127.0.0.1:{port}/json").json()
            pages[:] = [page for page in listed if page["type"] == "page"]
            return bool(pages)

        wait_for(found)
        socket = websocket.create_connection(
            pages[0]["webSocketDebuggerUrl"], timeout=30, suppress_origin=True
        )
        yield Browser(socket)
        socket.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


class Browser:
    """Speaks the browser's debugging protocol."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket, self._asked = socket, 0

    def call(self, method: str, **parameters: object) -> dict[str, object]:
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("id") == self._asked:
                return told["result"]

    def value(self, expression: str) -> object:
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return told["result"].get("value")

    def open(self, address: str) -> None:
        """Load an address to its end."""
        self.call("Page.navigate", url=address)
        wait_for(lambda: self.value("location.href") == address)
        wait_for(lambda: self.value("document.readyState") == "complete")

    def prefers(self, scheme: str) -> None:
        """As a reader who has chosen light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def violations(self) -> list[str]:
        """What axe (WCAG 2.1 AA and good practice) holds against the page as it is shown."""
        self.call("Runtime.evaluate", expression=_AXE.read_text("utf-8"))
        told = self.call(
            "Runtime.evaluate",
            expression=f"axe.run({{runOnly: {_RULES}}}).then(r => JSON.stringify(r.violations))",
            awaitPromise=True,
            returnByValue=True,
        )
        return [
            f"{found['id']}: {node['html'][:120]} {node['failureSummary']}"
            for found in json.loads(told["result"]["value"])
            for node in found["nodes"]
        ]
