"""Failure: a feed changes its unit, every answer is 200 OK, and nobody looks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from harness import load_bundle, run_experiment, write_run


def loans(n: int, start: str, seed: int) -> pd.DataFrame:
    """Loans that fail more often the larger they are for the income."""
    rng = np.random.default_rng(seed)
    income, amount = rng.lognormal(10, 0.4, n), rng.lognormal(9, 0.6, n)
    late = rng.random(n) < 1 / (1 + np.exp(2.2 - 1.8 * (np.log(amount) - np.log(income) + 1)))
    when = pd.date_range(start, periods=n, freq="h")
    return pd.DataFrame({"when": when, "income": income, "amount": amount, "y": late * 1})


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    loans(6_000, "2024-01-01", 0).to_parquet(folder / "table.parquet")
    words = [
        "dataset=table", f"dataset.path={folder}/table.parquet", "dataset.time=when",
        "dataset.label=y", "criteria=ranking", "split.validation=30d", "split.test=30d",
        "running.report=false", f"running.ledger={folder}/ledger.sqlite",
    ]  # fmt: skip
    write_run(run_experiment(words), folder / "run")
    bundle = load_bundle(folder / "run" / "bundle")

    new = loans(168, "2024-09-09", 1).assign(income=lambda table: table["income"] / 12)
    new.drop(columns="y").to_parquet(folder / "week.parquet")
    score = bundle.score(new)
    print(
        f"the usual way: {len(new)} scores, no error; ROC-AUC {roc_auc_score(new['y'], score):.2f} "
        "will be known when the labels are"
    )
    done = subprocess.run(
        [sys.executable, "-m", "harness", "monitor", str(folder / "run"),
         str(folder / "week.parquet"), "--out", str(folder / "seen"), "--format", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    [window] = json.loads(done.stdout)["windows"]
    print(f"the harness: status {done.returncode} on the first day")
    for reason in window["reasons"]:
        print(f"  - {reason['sentence']}")
