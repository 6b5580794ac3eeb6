"""The form page in a headless browser, driven through its own debugging port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
import websocket

from tests.serving.conftest import BROWSER, serving, wait_for

pytestmark = pytest.mark.slow


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


def test_a_row_typed_on_a_phone_is_scored(bundles, golden, tmp_path):
    with serving(bundles["xgboost"]) as (client, _), browser(tmp_path / "profile") as page:
        page.call("Page.navigate", url=f"{client.base_url}/")
        wait_for(lambda: page.value("document.readyState") == "complete")
        wait_for(lambda: page.value("document.querySelectorAll('input[name]').length") == 4)
        assert page.value("document.documentElement.scrollWidth <= innerWidth")
        page.value("document.querySelector('button').click()")
        answer = "document.getElementById('answer').textContent"
        wait_for(lambda: "threshold" in str(page.value(answer)))
        row = golden["rows"][0]
        score = client.post("/score", json=row).json()["score"]
        assert str(page.value(answer)).startswith(f"{score:.4f}: ")
        page.value("document.querySelector('input[name=x]').value = 'warm'")
        page.value("document.querySelector('button').click()")
        wait_for(lambda: "'warm' is not a finite number" in str(page.value(answer)))
