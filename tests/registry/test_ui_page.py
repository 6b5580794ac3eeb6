"""The registry's page in a headless browser: a version goes live by button, and back."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

import httpx2 as httpx
import pytest

from harness.registry import promote
from tests.browser import browser, wait_for

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def console(uri):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "ui", "--port", str(port), "--registry", uri],
        env=os.environ | {"HARNESS_ADMIN_KEY": "secret"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: httpx.get(address).status_code == 200)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def press(page, button, key):
    # A button may be seen before the script below it gave it anything to do.
    wait_for(lambda: page.value(f"document.readyState === 'complete' && {button} !== null"))
    page.value(f"{button}.click()")
    page.value(f"document.getElementById('key').value = '{key}'")
    page.value("document.getElementById('reason').value = 'by button'")
    page.value("document.getElementById('yes').click()")


def test_a_version_goes_live_and_back_by_button(uri, registry, tmp_path):
    promote(registry, "churn", "1")
    with console(uri) as address, browser(tmp_path / "profile") as page:
        page.open(address)
        for scheme in ("light", "dark"):
            page.prefers(scheme)
            assert page.violations() == []
        up = "document.querySelector('button[data-move=promote][data-version=\"2\"]')"
        press(page, up, "wrong")
        told = "document.getElementById('told').textContent"
        wait_for(lambda: "admin key" in str(page.value(told)))
        assert registry.aliases("churn")["champion"] == "1"
        press(page, up, "secret")
        wait_for(lambda: registry.aliases("churn")["champion"] == "2")
        back = "document.querySelector('button[data-move=rollback]')"
        press(page, back, "secret")
        wait_for(lambda: registry.aliases("churn")["champion"] == "1")
        wait_for(lambda: "Version 1 is live" in str(page.value("document.body.textContent")))
        assert page.value("document.documentElement.scrollWidth <= innerWidth + 1")
