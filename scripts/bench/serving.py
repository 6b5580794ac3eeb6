"""A server under load on loopback: latency, requests per second, and wrong scores.

A flights bundle is served by `harness serve`; clients in a second process ask for single
rows, 1, 8 and 64 at a time, four seconds each, and compare every answer with the bundle's
own score. Prints the 99th percentile with 8 clients, in ms, last.

    python scripts/bench/serving.py
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import httpx2 as httpx
import numpy as np

from harness import load_bundle, run_experiment, write_run
from harness.artefacts import read_json
from harness.config import compose_settings

SECONDS = 4.0
WORDS = ["dataset.max_rows=60000", "split.validation=2w", "split.test=2w", "running.report=false"]


@contextlib.contextmanager
def server(bundle: Path, *more: str) -> Iterator[int]:
    """`harness serve` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "harness", "serve", str(bundle), "--port", str(port), *more]
    process = subprocess.Popen(words, start_new_session=True)
    try:
        for _ in range(400):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/ready").status_code == 200:
                    break
            time.sleep(0.05)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def ask(port: int, n_clients: int, bundle: str) -> tuple[list[float], int, int]:
    """Times in ms of all answers, wrong ones, and lost ones."""
    golden = read_json(Path(bundle) / "golden.json")
    times: list[float] = []
    wrong = lost = 0

    async def client(number: int) -> None:
        nonlocal wrong, lost
        end = time.monotonic() + SECONDS
        i = number
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as own:
            while time.monotonic() < end:
                i = (i + 1) % len(golden["rows"])
                start = time.perf_counter()
                try:
                    told = (await own.post("/score", json=golden["rows"][i])).json()
                except httpx.TransportError:
                    lost += 1
                    continue
                times.append(1000 * (time.perf_counter() - start))
                wrong += told.get("score") != golden["scores"][i]

    async def everybody() -> None:
        await asyncio.gather(*(client(number) for number in range(n_clients)))

    asyncio.run(everybody())
    return times, wrong, lost


def main() -> None:
    """Serve, ask, compare."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["HARNESS_LEDGER"] = f"{name}/ledger.sqlite"
        write_run(run_experiment(compose_settings(WORDS)), Path(name) / "run")
        bundle = Path(name) / "run" / "bundle"
        load_bundle(bundle)
        slowest = {}
        with server(bundle) as port, ProcessPoolExecutor(1) as pool:
            for n_clients in (1, 8, 64):
                times, wrong, lost = pool.submit(ask, port, n_clients, str(bundle)).result()
                p50, p99 = np.quantile(times, [0.5, 0.99])
                slowest[n_clients] = p99
                print(
                    f"{n_clients:>2} clients: p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
                    f"{len(times) / SECONDS:.0f} requests a second, {wrong} wrong, {lost} lost"
                )
    print(f"p99 with 8 clients {slowest[8]:.1f} ms")


if __name__ == "__main__":
    main()
