"""Deciding again on a million predictions, against reading them and sorting their scores once.

One process: a run's folder with 1,000,000 test predictions over 90 days. Ours: all of
`harness decide`, from the files to the JSON. Theirs: read the same Parquet file and sort the
candidate's and the baseline's scores. Prints the ratio of the medians of three last.

    python scripts/bench/decide.py
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from harness.artefacts import to_json
from harness.config import compose_settings
from harness.decide_again import decide_again
from harness.record import write_run
from harness.runner import run_experiment

N_ROWS, N_DAYS = 1_000_000, 90


def make_run(folder: Path) -> None:
    """A real run whose predictions are then replaced by many."""
    words = [
        "dataset.max_rows=60000",
        "split.validation=2w",
        "split.test=2w",
        "model.n_estimators=20",
    ]
    write_run(run_experiment(compose_settings([*words, "running.report=false"])), folder)
    rng = np.random.default_rng(0)
    label = rng.random(N_ROWS) < 0.2
    day = np.sort(rng.integers(0, N_DAYS, N_ROWS))
    time_ = pd.Timestamp("2024-01-01 12:00", tz="UTC") + pd.to_timedelta(day, unit="D")
    score = 1 / (1 + np.exp(-(rng.normal(size=N_ROWS) + 1.2 * label - 1.5)))
    simple = np.round(1 / (1 + np.exp(-(rng.normal(size=N_ROWS) + 0.5 * label - 1.5))), 3)
    columns = {
        "window": pd.Categorical(["test"] * N_ROWS, categories=["validation", "test"]),
        "row": np.arange(N_ROWS),
        "time": time_,
        "block": pd.Categorical(time_.strftime("%Y-%m-%d")),
        "label": label,
        "score": score,
        "alert": score > 0.4,
        "baseline_score": simple,
        "baseline_alert": simple > 0.4,
        "value_if_alert": np.where(label, 3.0, -1.0),
        "value_if_silent": np.zeros(N_ROWS),
        "segment_origin": pd.Categorical(rng.choice(["EWR", "JFK", "LGA"], N_ROWS)),
    }
    pd.DataFrame(columns).to_parquet(folder / "predictions.parquet", index=False)


def main() -> None:
    """Time both in turn."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["HARNESS_LEDGER"] = f"{name}/ledger.sqlite"
        folder = Path(name) / "run"
        make_run(folder)
        rounds = []
        for _ in range(3):
            start = time.perf_counter()
            to_json(decide_again(folder))
            middle = time.perf_counter()
            frame = pd.read_parquet(folder / "predictions.parquet")
            np.sort(frame["score"].to_numpy())
            np.sort(frame["baseline_score"].to_numpy())
            rounds.append((middle - start, time.perf_counter() - middle))
            print(f"decide {rounds[-1][0]:.2f} s, read and sort {rounds[-1][1]:.2f} s")
    ratio = statistics.median(a for a, _ in rounds) / statistics.median(b for _, b in rounds)
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
