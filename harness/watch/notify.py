"""Notify: tell of an alert that lies on disk already; what cannot be told is said."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.settings import NotifySettings

_FIRST_WAIT_SECONDS = 0.2


def notify(settings: NotifySettings, alert: Mapping[str, Any]) -> list[str]:
    """Tell everyone the settings name.

    Args:
        settings: Whom to tell, and how long to wait.
        alert: What to tell, as JSON can write it.

    Returns:
        A sentence for each that could not be told.
    """
    text = json.dumps(alert)
    problems = []
    if settings.file is not None and (problem := _append(Path(settings.file).expanduser(), text)):
        problems.append(problem)
    if settings.command and (problem := run_command(settings, text)):
        problems.append(problem)
    if settings.webhook is not None and (problem := _post(settings, text)):
        problems.append(problem)
    return problems


def run_command(settings: NotifySettings, text: str) -> str | None:
    """Run the command with the alert on standard input; why it failed, or None."""
    words = settings.command
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            words, input=text, text=True, capture_output=True,
            timeout=settings.timeout_seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"notify.command: {words[0]} ended after {settings.timeout_seconds:g} s of waiting"
    except OSError as error:
        return f"notify.command: {words[0]} cannot be run ({error.strerror})"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return f"notify.command: {words[0]} ended with status {done.returncode} {last}".rstrip()
    return None


def _append(path: Path, text: str) -> str | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        return f"notify.file: {path} cannot be written ({error.strerror})"
    return None


def _post(settings: NotifySettings, text: str) -> str | None:
    url, wait, problem = str(settings.webhook), _FIRST_WAIT_SECONDS, ""
    if not url.startswith(("http://", "https://")):
        return f"notify.webhook: {url} is no http address"
    for attempt in range(settings.attempts):
        if attempt:
            time.sleep(wait)
            wait *= 2
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url, data=text.encode(), headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=settings.timeout_seconds):  # noqa: S310
                return None
        except (urllib.error.URLError, OSError, ValueError) as error:
            problem = str(getattr(error, "reason", error))
    return (
        f"notify.webhook: {url} did not take the alert in {settings.attempts} attempts ({problem})"
    )
