"""A written bundle, and real servers on loopback that end with the test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from harness.bundle import write_bundle
from tests.browser import BROWSER, wait_for
from tests.bundle.test_bundle import FACTS, MODELS, build

collect_ignore = [] if BROWSER else ["test_page.py"]


def write(folder: Path, model: str, **facts) -> Path:
    """A bundle of one model in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle, features = build(folder, MODELS[model])
    write_bundle(bundle, folder / "bundle", features=features, facts=FACTS | facts, documents={})
    return folder / "bundle"


@pytest.fixture(scope="session")
def bundles(tmp_path_factory) -> dict[str, Path]:
    """Two bundles that score differently."""
    folder = tmp_path_factory.mktemp("bundles")
    return {name: write(folder / name, name, name=name) for name in ("xgboost", "logistic")}


@pytest.fixture
def golden(bundles):
    """Golden rows and scores of the first bundle."""
    return json.loads((bundles["xgboost"] / "golden.json").read_text())


@contextlib.contextmanager
def serving(folder: Path, *words: str, **environment: str) -> Iterator[tuple[httpx.Client, int]]:
    """A server on a free port, ended by its process group; yields a client and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "serve", str(folder), "--port", str(port), *words],
        env=os.environ | environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_for(lambda: client.get("/ready").status_code == 200, process)
            yield client, process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
        process.stdout.close()


def put(bundle: Path, place: Path) -> None:
    """Put a bundle in place of another, as a deployment does."""
    new = place.with_name(place.name + ".new")
    shutil.copytree(bundle, new)
    if place.exists():
        old = place.with_name(place.name + ".old")
        place.rename(old)
        new.rename(place)
        shutil.rmtree(old)
    else:
        new.rename(place)
