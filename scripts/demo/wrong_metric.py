"""Failure: a model that ranks better and earns less, because the metric was not the business."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ask import ask, show
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(0)
n = 12_000
large = rng.random(n) < 0.1  # one order in ten is large, and those are the ones that cost
looks, history = rng.normal(size=n), rng.normal(size=n)
late = rng.random(n) < 1 / (1 + np.exp(2 - 1.5 * np.where(large, 0.0, looks) - 0.2 * history))
orders = pd.DataFrame(
    {
        "when": pd.date_range("2024-01-01", periods=n, freq="20min"),
        "looks": np.where(large, -looks, looks),
        "history": history,
        "gain": np.where(large, 30.0, 1.0),
        "loss": np.where(large, -60.0, -1.0),
        "y": late.astype(int),
    }
)

cut = int(0.8 * n)
x, y = orders[["looks", "history"]], orders["y"]
model = LogisticRegression().fit(x[:cut], y[:cut])
score = model.predict_proba(x[cut:])[:, 1]
worth = np.where(y[cut:] == 1, orders["gain"][cut:], orders["loss"][cut:])
print(
    f"the usual way: AUC {roc_auc_score(y[cut:], score):.3f}, shipped at the usual 0.5; "
    f"worth {1000 * worth[score >= 0.5].sum() / len(worth):.0f} per 1,000 orders"
)

words = (
    "model=logistic", "dataset.value=[gain,loss]", "threshold=fixed", "threshold.value=0.5",
    "criteria.primary_metric=value_per_1000",
    "criteria.outcome_values={true_positive: gain, false_positive: loss}",
)  # fmt: skip
show(ask(orders, *words))
