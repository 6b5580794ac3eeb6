"""Failure: two positives in a hundred, and an accuracy of 98 % that finds nobody."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ask import ask, show
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, recall_score

rng = np.random.default_rng(0)
n = 12_000
risk = rng.normal(size=n)
fraud = rng.random(n) < 1 / (1 + np.exp(4.6 - 0.9 * risk))
payments = pd.DataFrame(
    {
        "when": pd.date_range("2024-01-01", periods=n, freq="20min"),
        "risk": risk,
        "size": rng.normal(size=n),
        "y": fraud.astype(int),
    }
)

cut = int(0.8 * n)
x, y = payments[["risk", "size"]], payments["y"]
model = LogisticRegression().fit(x[:cut], y[:cut])
said = model.predict(x[cut:])
print(
    f"the usual way: accuracy {accuracy_score(y[cut:], said):.3f}, "
    f"recall {recall_score(y[cut:], said):.3f}, shipped"
)

words = (
    "model=logistic", "weighting=balanced", "threshold=max_fbeta", "threshold.beta=2",
    "+criteria.guardrail_metrics.recall={threshold: must_be_above, value: 0.3}",
)  # fmt: skip
show(ask(payments, *words))
