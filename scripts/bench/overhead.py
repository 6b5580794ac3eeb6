"""What the harness costs: the whole run against the same experiment written by hand.

By hand: read the same converted tables from the cache, build the same features, fit the
same xgboost with the same early stopping, choose the same threshold, print six point
metrics; no audit, no intervals, no bundle, no report. Ours: `harness run` with all of it.
Each in a process of its own, in turn, medians of three. The harness keeps features, audit
and baseline in its cache, which the script by hand does not, so it is timed twice: as users
run it, and with all of that deleted before each run; the last line is the latter, the stricter.

    python scripts/bench/overhead.py
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3


def by_hand() -> None:
    """The experiment as one script, the way one would write it in a notebook."""
    import numpy as np
    import pandas as pd
    from sklearn import metrics
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OrdinalEncoder
    from xgboost import XGBClassifier

    from harness.cache import open_store
    from harness.data import flights
    from harness.data.flights_features import CATEGORICAL, known_before_departure

    store = open_store(None, 10)
    files = flights.package_files()
    key = flights.file_hash(*files.values())
    raw = {name: flights.raw_table(name, path, key, store) for name, path in files.items()}
    table = known_before_departure(raw, hours_before=2, late_minutes=15, after_outcome=())
    time_ = table.pop("prediction_time").dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    table.pop("label_known")
    label = table.pop("late").to_numpy()

    def between(start: str, end: str) -> np.ndarray:
        zone = "America/New_York"
        return (
            (time_ >= pd.Timestamp(start, tz=zone)) & (time_ < pd.Timestamp(end, tz=zone))
        ).to_numpy()

    train = np.flatnonzero(between("2013-01-01", "2013-08-31 15:00"))
    validation, test = (
        between("2013-09-01", "2013-10-31 15:00"),
        between("2013-11-01", "2014-01-01"),
    )
    cut = int(len(train) * 0.85)
    learn, held = train[:cut], train[cut:]
    categorical = list(CATEGORICAL)
    numeric = [name for name in table.columns if name not in categorical]
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
        min_frequency=20,
    )
    table[categorical] = table[categorical].astype("category")
    columns = ColumnTransformer(
        [("numeric", "passthrough", numeric), ("categorical", encoder, categorical)]
    )
    model = XGBClassifier(
        n_estimators=600,
        learning_rate=0.08,
        max_depth=6,
        min_child_weight=20,
        subsample=0.8,
        colsample_bytree=0.7,
        reg_lambda=2.0,
        tree_method="hist",
        max_bin=256,
        eval_metric="logloss",
        early_stopping_rounds=40,
        random_state=0,
        n_jobs=os.cpu_count(),
    )
    x_learn = columns.fit_transform(table.iloc[learn])
    x_held = columns.transform(table.iloc[held])
    model.fit(x_learn, label[learn], eval_set=[(x_held, label[held])], verbose=False)
    pipeline = Pipeline([("columns", columns), ("model", model)])
    score = pipeline.predict_proba(table[validation])[:, 1]
    order = np.argsort(-score)
    worth = np.cumsum(np.where(label[validation][order], 3.0, -1.0))
    threshold = score[order][np.argmax(worth)]
    score = pipeline.predict_proba(table[test])[:, 1]
    truth, alert = label[test], score >= threshold
    print(
        metrics.roc_auc_score(truth, score),
        metrics.average_precision_score(truth, score),
        metrics.brier_score_loss(truth, score),
        metrics.precision_score(truth, alert),
        metrics.recall_score(truth, alert),
        1000 * np.where(alert, np.where(truth, 3, -1), 0).mean(),
    )


def seconds(words: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Wall time of one process."""
    start = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    taken = time.perf_counter() - start
    print(f"{taken:7.2f} s  {' '.join(words[1:3])}  {done.stdout.strip().splitlines()[0][:70]}")
    return taken


def main() -> None:
    """Time both in turn and print the ratio of their medians."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    ours = [sys.executable, "-m", "harness", "run", "--quiet"]
    theirs = [sys.executable, str(Path(__file__).resolve()), "by-hand"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment["HARNESS_CACHE"] = str(folder / "cache")
        environment["HARNESS_LEDGER"] = str(folder / "ledger.sqlite")
        for words in (ours, theirs):
            seconds(words, folder, environment)  # fills caches, ours and Python's
        rounds = []
        for _ in range(RUNS):
            cached = seconds(ours, folder, environment)
            for kind in Path(environment["HARNESS_CACHE"]).iterdir():
                if kind.name != "flights_raw":
                    shutil.rmtree(kind)
            rounds.append(
                (cached, seconds(ours, folder, environment), seconds(theirs, folder, environment))
            )
    whole, built, hand = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"as users run it {whole:.2f} s, by hand {hand:.2f} s, ratio {whole / hand:.2f}")
    print(f"features built anew {built:.2f} s, by hand {hand:.2f} s")
    print(f"ratio {built / hand:.2f}")


if __name__ == "__main__":
    by_hand() if sys.argv[1:] == ["by-hand"] else main()
