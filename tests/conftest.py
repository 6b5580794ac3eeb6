"""Fixtures: real commands in a temporary folder, generators with a known truth."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.cli.main import COLLECT

os.environ.setdefault("MPLBACKEND", "svg")
# A shell lets what it runs in the background ignore Ctrl-C, and so would every process of a test.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Files with many slow tests begin first, so that no worker ends long after the others."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])  # stable: a file's own order stays


def pytest_collection_finish():
    """What was imported stays for good: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)  # as the console script does


@pytest.fixture(scope="session", autouse=True)
def _shared_cache(tmp_path_factory):
    """One cache for the whole suite, its workers' as well, never the user's own."""
    if "HARNESS_CACHE" not in os.environ:
        base = tmp_path_factory.getbasetemp()
        shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
        os.environ["HARNESS_CACHE"] = str(shared / "cache")
    os.environ["HARNESS_LEDGER"] = str(tmp_path_factory.mktemp("ledger") / "shared.sqlite")


@pytest.fixture(autouse=True)
def _own_ledger(tmp_path_factory, monkeypatch):
    """Each test opens its windows for the first time, and has a registry of its own."""
    monkeypatch.setenv("HARNESS_REGISTRY", str(tmp_path_factory.mktemp("registry") / "r.sqlite"))
    monkeypatch.setenv("HARNESS_LEDGER", str(tmp_path_factory.mktemp("ledger") / "ledger.sqlite"))


@pytest.fixture
def harness(tmp_path, monkeypatch, capfd):
    """Call the command line in an empty folder; returns status, stdout, stderr."""
    from harness.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_DEBUG", raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def make_table(n_rows: int = 4000, *, seed: int = 0, strength: float = 1.0) -> pd.DataFrame:
    """Hourly rows whose label follows a logistic law of x; z and g are noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n_rows)
    chance = 1 / (1 + np.exp(-strength * x + 1))
    return pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=n_rows, freq="h"),
            "x": x,
            "z": rng.normal(size=n_rows),
            "g": rng.choice(["a", "b", "c"], n_rows),
            "y": (rng.random(n_rows) < chance).astype(int),
            "who": rng.integers(0, 300, n_rows),
        }
    )


@pytest.fixture
def table() -> pd.DataFrame:
    return make_table()


TABLE_WORDS = (
    "dataset=table",
    "dataset.time=when",
    "dataset.label=y",
    "criteria=ranking",
    "split.validation=30d",
    "split.test=30d",
    "model.n_estimators=30",
    "running.latency={n_rows: 30, n_warmup: 3}",
)
# Two months of flights: real, small, quick.
SMALL_FLIGHTS = (
    "dataset.max_rows=60000",
    "split.validation=2w",
    "split.test=2w",
    "model.n_estimators=30",
    "running.report=false",
    "running.latency={n_rows: 30, n_warmup: 3}",
)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory) -> Path:
    """The folder of one finished small flights run, report included; all workers share it."""
    from harness import compose_settings, run_experiment, write_run

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "small" / "run"
    with (shared / "small.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first to come makes it, the others wait
        if not folder.exists():
            words = [word for word in SMALL_FLIGHTS if "report" not in word]
            made = run_experiment(compose_settings(words))
            write_run(made, folder, overrides=tuple(words))
    return folder
