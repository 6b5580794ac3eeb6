"""Failure: the new model goes wrong on a Saturday, and nobody knows how to go back."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd

from harness import run_experiment, write_run
from harness.cli.main import main


def loans(n: int, start: str, seed: int) -> pd.DataFrame:
    """Loans that fail more often the larger they are for the income."""
    rng = np.random.default_rng(seed)
    income, amount = rng.lognormal(10, 0.4, n), rng.lognormal(9, 0.6, n)
    late = rng.random(n) < 1 / (1 + np.exp(2.2 - 1.8 * (np.log(amount) - np.log(income) + 1)))
    when = pd.date_range(start, periods=n, freq="h")
    return pd.DataFrame({"when": when, "income": income, "amount": amount, "y": late * 1})


def harness(*words: str) -> str:
    """One command, as a user types it; what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        if main(words) > 1:
            raise SystemExit(1)
    return printed.getvalue().strip()


def ask(port: int, row: dict[str, float]) -> str:
    """The version that answers one row."""
    body = json.dumps(row).encode()
    address = f"http://127.0.0.1:{port}/score"
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as answer:
        return str(json.load(answer)["model"])


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    os.environ["HARNESS_REGISTRY"] = str(folder / "registry.sqlite")
    loans(6_000, "2024-01-01", 0).to_parquet(folder / "table.parquet")
    for depth in (2, 6):
        words = [
            "dataset=table", f"dataset.path={folder}/table.parquet", "dataset.time=when",
            "dataset.label=y", "criteria=ranking", "split.validation=30d", "split.test=30d",
            f"model.max_depth={depth}", "running.report=false",
            f"running.ledger={folder}/ledger.sqlite",
        ]  # fmt: skip
        write_run(run_experiment(words), folder / f"depth-{depth}")
        harness("register", str(folder / f"depth-{depth}"), "--name", "loans")
    for version in ("1", "2"):
        print(harness("promote", "loans", version, "--force", "--reason", "a demonstration"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = str(folder / "requests")
    server = subprocess.Popen(
        [sys.executable, "-m", "harness", "serve", "models:/loans@champion", "--port", str(port),
         "--log", log, "--log-values"]
    )  # fmt: skip
    try:
        rows = loans(400, "2024-09-09", 1)[["income", "amount"]]
        rows["income"] /= 12  # the feed sends monthly income from today on
        answered, waited = 0, time.monotonic()
        while answered == 0 and time.monotonic() < waited + 60:
            try:
                ask(port, rows.iloc[0].to_dict())
                answered = 1
            except OSError:
                time.sleep(0.1)
        for row in rows.iloc[1:].to_dict("records"):
            ask(port, row)
            answered += 1
        print("the usual way: 400 answers, all 200 OK, and a search for last month's pickle")
        print("the harness:", harness("guard", "loans", "--log", log, "--once"))
        while ask(port, rows.iloc[0].to_dict()) != "loans/1":
            time.sleep(0.1)
        print(f"version 1 answers again; {len(rows) - answered} requests unanswered")
        print(harness("history", "loans", "--format", "markdown"))
    finally:
        server.terminate()
        server.wait(30)
