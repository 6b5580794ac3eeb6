"""One dict to one score: the pipeline on a one-row DataFrame, against the bundle.

One process, a real flights bundle of xgboost: medians of 400 calls each, in turn. Prints
batch throughput against `pipeline.predict_proba` on the same table, then the ratio
pipeline / bundle of single rows last.

    python scripts/bench/latency.py
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from harness import load_bundle, run_experiment, write_run
from harness.bundle.input_schema import rows_of
from harness.cache import open_store
from harness.config import compose_settings
from harness.data import read_dataset

N_CALLS, N_TABLE = 400, 200_000
WORDS = [
    "dataset.max_rows=120000",
    "running.report=false",
    "running.latency={n_rows: 30, n_warmup: 3}",
]


def milliseconds(call: Callable[[], object]) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Time both in turn."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["HARNESS_LEDGER"] = f"{name}/ledger.sqlite"
        settings = compose_settings(WORDS)
        write_run(run_experiment(settings), Path(name) / "run")
        bundle = load_bundle(Path(name) / "run" / "bundle")
        features = read_dataset(settings.dataset, open_store(None, 10)).features
    frame = features.tail(N_CALLS)
    rows, frames = rows_of(frame), [frame.iloc[i : i + 1] for i in range(N_CALLS)]
    ours, theirs = [], []
    for row, one in zip(rows, frames, strict=True):
        theirs.append(milliseconds(lambda one=one: bundle.pipeline.predict_proba(one)))
        ours.append(milliseconds(lambda row=row: bundle.score(row)))
    table = pd.concat([features.tail(100_000)] * (N_TABLE // 100_000), ignore_index=True)
    table = table.astype(dict(features.dtypes))
    batch = [
        (
            milliseconds(lambda: bundle.pipeline.predict_proba(table)),
            milliseconds(lambda: bundle.score(table)),
        )
        for _ in range(3)
    ]
    pipeline, own = (statistics.median(part) for part in zip(*batch, strict=True))
    p99 = np.quantile(ours, 0.99)
    print(
        f"one row: pipeline {statistics.median(theirs):.2f} ms, bundle {statistics.median(ours):.3f} ms "
        f"(p99 {p99:.3f})"
    )
    print(
        f"{N_TABLE:,} rows: pipeline {pipeline:.0f} ms, bundle {own:.0f} ms, throughput of the bundle "
        f"{pipeline / own:.2f} of the pipeline's"
    )
    print(f"ratio {statistics.median(theirs) / statistics.median(ours):.1f}")


if __name__ == "__main__":
    main()
