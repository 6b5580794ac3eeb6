import numpy as np
import pandas as pd
import pytest

from harness.evidence import ScoredRows, blocks_of
from harness.monitor import (
    ScoredWindowRows,
    column_reference,
    judge_window,
    profile_frame,
    reference_profile,
)
from harness.settings import MonitoringSettings

NUMERIC, CATEGORICAL = ["amount", "age", "hour", "rate"], ["kind", "place"]


def rows(n_days, a_day=200, seed=0, start="2024-01-01"):
    """Quiet rows: features, time, score, label."""
    rng = np.random.default_rng(seed)
    n = n_days * a_day
    time = pd.date_range(start, periods=n_days, freq="D", tz="UTC").repeat(a_day)
    frame = pd.DataFrame(
        {
            "amount": rng.lognormal(3, 1, n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 10, n)),
            "hour": rng.uniform(0, 24, n),
            "rate": rng.random(n),
            "kind": pd.Categorical(rng.choice(list("abcde"), n)),
            "place": pd.Categorical(rng.choice(["north", "south"], n)),
        }
    )
    score = 1 / (1 + np.exp(-(np.log(frame["amount"]) - 3 + frame["rate"] - 0.5)))
    label = rng.random(n) < score
    return frame, time, score.to_numpy(), np.asarray(label)


def scored(score, label, time):
    return ScoredRows(
        score=score,
        alert=score >= 0.7,
        label=label,
        value_if_alert=np.where(label, 3.0, -1.0),
        value_if_silent=np.zeros(len(label)),
        blocks=blocks_of("day", time, None),
    )


@pytest.fixture(scope="session")
def reference():
    frame, time, score, label = rows(90)
    importance = {"amount": 0.7, "rate": 0.3, "age": 0, "hour": 0, "kind": 0, "place": 0}
    return reference_profile(
        column_reference(frame, time, (NUMERIC, CATEGORICAL)),
        scored(score, label, time),
        time,
        threshold=0.7,
        importance=importance,
    )


@pytest.fixture
def look(reference):
    """Judge a week, changed by the test."""

    def judged(
        change=lambda frame: frame, *, flip=False, labels=True, settings=None, seed=1, **more
    ):
        frame, time, score, label = rows(7, seed=seed, start="2024-06-03")
        if flip:
            label = ~label
        labelled = scored(score, label, time) if labels else None
        profile = profile_frame(change(frame.copy()), NUMERIC, CATEGORICAL)
        options = {"name": "week", "span": ("2024-06-03", "2024-06-09"), "days": 7.0}
        return judge_window(
            reference,
            profile,
            ScoredWindowRows(score=score, alert=score >= 0.7, labelled=labelled),
            settings or MonitoringSettings(),
            metrics=("roc_auc", "precision", "value_per_1000"),
            **(options | more),
        )

    return judged
