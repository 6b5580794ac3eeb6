"""The audit of 1,000,000 rows x 60 columns, against fitting xgboost on the same training rows.

One process: the audit before training of a made table (45 numeric columns, some with nulls,
10 categories, 5 counts) against `XGBClassifier(tree_method="hist", n_estimators=200,
max_depth=6)` on the training window. Prints the audit's memory above the table in tables,
then the ratio of times last.

    python scripts/bench/audit.py
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd
from xgboost import XGBClassifier

from harness.audit import audit_before
from harness.data import Dataset, split_windows
from harness.data.dataset import as_features
from harness.data.roles import Roles
from harness.settings import AuditSettings, TemporalSplit

N_ROWS = 1_000_000


def make_dataset() -> Dataset:
    """Rows over a year whose label follows a few of the columns."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=N_ROWS) for i in range(45)})
    signal = frame["x0"] + 0.5 * frame["x1"] - 0.7 * frame["x2"]
    for i in range(20, 30):
        frame.loc[rng.random(N_ROWS) < 0.1, f"x{i}"] = np.nan
    for i in range(5):
        frame[f"n{i}"] = rng.poisson(2, N_ROWS).astype(float)
    for i in range(10):
        names = np.array([f"c{j}" for j in range(20 * (i + 1))])
        frame[f"g{i}"] = names[rng.integers(0, len(names), N_ROWS)]
    numeric = [c for c in frame if not c.startswith("g")]
    categorical = [c for c in frame if c.startswith("g")]
    seconds = np.sort(rng.integers(0, 365 * 86_400, N_ROWS))
    when = np.datetime64("2023-01-01", "us") + seconds.astype("timedelta64[s]")
    return Dataset(
        name="made",
        frame=as_features(frame, numeric, categorical),
        time=when.astype("datetime64[us]"),
        label=rng.random(N_ROWS) < 1 / (1 + np.exp(2 - signal.to_numpy())),
        label_known=when.astype("datetime64[us]"),
        entity=None,
        roles=Roles(time="when", label="y", numeric=tuple(numeric), categorical=tuple(categorical)),
        timezone="UTC",
        n_unlabelled=0,
        notes=(),
        source="made",
    )


def peak_mb() -> float:
    """Largest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Time both in turn."""
    dataset = make_dataset()
    split = split_windows(TemporalSplit(validation="2mo", test="2mo"), dataset)[-1]
    table_mb = dataset.frame.memory_usage(deep=True).sum() / 1e6
    before = peak_mb()
    start = time.perf_counter()
    findings = audit_before(dataset, split, AuditSettings())
    audit = time.perf_counter() - start
    memory = peak_mb() - before
    features = dataset.features.iloc[split.train].copy()
    for name in dataset.roles.categorical:
        features[name] = features[name].cat.codes
    model = XGBClassifier(tree_method="hist", n_estimators=200, max_depth=6)
    start = time.perf_counter()
    model.fit(features, dataset.label[split.train])
    fit = time.perf_counter() - start
    print(f"{len(findings)} findings; audit {audit:.1f} s, fit {fit:.1f} s")
    print(
        f"memory above the table {memory:.0f} MB, {memory / table_mb:.2f} of its {table_mb:.0f} MB"
    )
    print(f"ratio {audit / fit:.2f}")


if __name__ == "__main__":
    main()
