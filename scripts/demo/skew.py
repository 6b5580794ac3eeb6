"""Failure: production scales its numbers anew, and every score is a little wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from harness import load_bundle, run_experiment, write_run

rng = np.random.default_rng(0)
n = 6_000
amount = rng.lognormal(3, 1, n)
late = rng.random(n) < 1 / (1 + np.exp(1 - 1.2 * (np.log(amount) - 3)))
table = pd.DataFrame(
    {"when": pd.date_range("2024-01-01", periods=n, freq="h"), "amount": amount, "y": late * 1}
)

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    table.to_parquet(folder / "table.parquet")
    words = [
        "dataset=table", f"dataset.path={folder}/table.parquet", "dataset.time=when",
        "dataset.label=y", "criteria=ranking", "split.validation=30d", "split.test=30d",
        "model=logistic", "running.report=false", f"running.ledger={folder}/ledger.sqlite",
    ]  # fmt: skip
    write_run(run_experiment(words), folder / "run")
    bundle = load_bundle(folder / "run" / "bundle")  # every hash checked, golden rows replayed

    batch = table.tail(200)[["amount"]]
    model = bundle.pipeline.named_steps["model"]
    scaled = (batch - batch.mean()) / batch.std()  # the scaler fitted again, on today's rows
    usual = model.predict_proba(scaled.to_numpy())[:, 1]
    honest = bundle.score(batch)
    one_by_one = np.array([bundle.score(row)[0] for row in batch.to_dict("records")])
    print(f"the usual way: scores off by up to {np.abs(usual - honest).max():.2f}, nobody notices")
    print(f"the harness: batch and single rows differ by {np.abs(one_by_one - honest).max():g}")
