"""Rollback's whole work, over two bare MLflow alias calls on the same SQLite registry.

One warm process. Ours: read the history, check the target's hashes and replay its golden rows, write
the move, switch both aliases, read back. Theirs: set one alias and get it. The bundle is the xgboost
one of flights. Medians of thirty; the ratio (ours / theirs) comes last.

Printed before it: seconds from `harness rollback` to the first answer of the old version over HTTP.

    python scripts/bench/rollback.py
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from harness import run_experiment, write_run
from harness.registry import Registry, promote, register, rollback

TIMES = 30


def flights_bundles(folder: Path) -> None:
    """Two flights runs that differ in depth."""
    for name, depth in (("a", 6), ("b", 5)):
        words = [
            f"model.max_depth={depth}",
            "dataset.max_rows=120000",
            "running.report=false",
            f"running.ledger={folder}/ledger.sqlite",
        ]
        write_run(run_experiment(words), folder / name)


def seconds_until_the_old_version_answers(uri: str, row: dict[str, Any]) -> float:
    """From the command's start to the first answer of version 1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HARNESS_REGISTRY": uri}
    server = subprocess.Popen(
        [sys.executable, "-m", "harness", "serve", "models:/flights@champion", "--port", str(port)],
        env=environment,
    )

    def answered_by() -> str | None:
        body = json.dumps(row).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/score", body)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return str(json.load(answer)["model"])
        except OSError:
            return None

    try:
        while answered_by() != "flights/2":
            time.sleep(0.05)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "harness", "rollback", "flights"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        while answered_by() != "flights/1":
            time.sleep(0.02)
        return time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(30)


def main() -> None:
    """Print both figures, the ratio last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flights_bundles(folder)
        uri = f"sqlite:///{folder / 'registry.sqlite'}"
        registry = Registry(uri)
        for run in ("a", "b"):
            register(registry, folder / run, "flights")
        promote(registry, "flights", "1", force=True, reason="bench")
        promote(registry, "flights", "2", force=True, reason="bench")
        golden = json.loads((folder / "a" / "bundle" / "golden.json").read_text())
        waited = seconds_until_the_old_version_answers(uri, golden["rows"][0])
        ours, theirs = [], []
        for _ in range(TIMES):
            promote(registry, "flights", "2", force=True, reason="bench")
            start = time.perf_counter()
            rollback(registry, "flights", reason="bench")
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            registry.client.set_registered_model_alias("flights", "bench", "1")
            registry.client.get_model_version_by_alias("flights", "bench")
            theirs.append(time.perf_counter() - start)
        mine, bare = statistics.median(ours), statistics.median(theirs)
        print(f"from the command to the old version's first answer: {waited:.1f} s")
        print(f"rollback {1000 * mine:.1f} ms, two alias calls {1000 * bare:.1f} ms")
        print(f"{mine / bare:.1f}")


if __name__ == "__main__":
    main()
