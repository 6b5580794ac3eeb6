"""Failure: a column that is written because of the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ask import ask, show
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(0)
n = 6_000
income = rng.normal(size=n)
defaulted = rng.random(n) < 1 / (1 + np.exp(2 + income))
loans = pd.DataFrame(
    {
        "when": pd.date_range("2024-01-01", periods=n, freq="h"),
        "income": income,
        "collection_calls": np.where(defaulted, rng.integers(1, 9, n), 0),  # made after the default
        "y": defaulted.astype(int),
    }
)

x, y = loans[["income", "collection_calls"]], loans["y"]
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
model = HistGradientBoostingClassifier().fit(x_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(x_test)[:, 1])
print(f"the usual way: test AUC {auc:.3f}, shipped")

show(ask(loans, "model=logistic"))
