"""Failure: rows of the same week on both sides of a shuffled split."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ask import ask, show
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(0)
n_days, per_day = 300, 30
day = np.repeat(np.arange(n_days), per_day)
mood = rng.normal(size=n_days // 5).repeat(5)  # lasts five days, and is recorded nowhere
index = np.cumsum(rng.normal(size=n_days))  # a number that never comes again
defaulted = rng.random(len(day)) < 1 / (1 + np.exp(1 - 2 * mood[day]))
orders = pd.DataFrame(
    {
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(day * 24 + 8, unit="h"),
        "index": index[day],
        "size": rng.normal(size=len(day)),
        "y": defaulted.astype(int),
    }
)

x, y = orders[["index", "size"]], orders["y"]
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
model = RandomForestClassifier(n_jobs=1, random_state=0).fit(x_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(x_test)[:, 1])
print(f"the usual way: AUC {auc:.3f} on shuffled rows, shipped")

decision = ask(orders, "model=random_forest", "model.n_estimators=100")
show(decision)
after = next(f for f in decision["findings"] if f["check"] == "L09")
print(f"  - {after['sentence']}")
