"""Coverage: rows without an outcome are counted, and a labelled part unlike the rest is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.monitor import label_coverage
from harness.settings import MonitoringSettings

N = 3_000
SETTINGS = MonitoringSettings()


@pytest.fixture
def week():
    """Scores, days and plans of a week."""
    rng = np.random.default_rng(0)
    day = np.datetime64("2024-03-04") + np.sort(rng.integers(0, 7, N))
    return {
        "score": rng.random(N),
        "day": day.astype("datetime64[us]"),
        "segments": {"plan": pd.Categorical(rng.choice(["free", "pro"], N))},
    }


def test_every_outcome_known_needs_no_caveat(week):
    found = label_coverage(np.ones(N, dtype=bool), np.zeros(N, dtype=bool), SETTINGS, **week)
    assert (found.share, found.is_low, found.uneven, found.caveat) == (1.0, False, (), None)
    assert found.sentence == "all 3,000 rows have an outcome"


def test_half_without_an_outcome_is_said_with_how_many_are_too_young(week):
    has, waiting = np.arange(N) < 1_500, np.arange(N) >= 2_000
    found = label_coverage(has, waiting, SETTINGS)
    assert (found.n_labelled, found.n_waiting, found.n_unlabelled) == (1_500, 1_000, 500)
    assert found.share == pytest.approx(0.75)
    assert found.is_low
    assert "1,500 of 3,000 rows (50 %) have no outcome yet" in found.sentence
    assert "1,000 are too young for one, 500 are old enough" in found.sentence
    assert "75 % of the rows that should" in found.caveat


def test_rows_too_young_alone_are_no_reason_for_a_caveat(week):
    waiting = np.arange(N) >= 1_000
    found = label_coverage(~waiting, waiting, SETTINGS, **week)
    assert found.share == 1
    assert found.caveat is None


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_part_drawn_at_random_is_not_uneven(week, share):
    rng = np.random.default_rng(1)
    for _ in range(20):
        has = rng.random(N) < share
        found = label_coverage(has, np.zeros(N, dtype=bool), SETTINGS, **week)
        assert not found.uneven
        assert found.is_low == (share < 0.8)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (lambda w: w["score"] > 0.15, ["mean score of 0.57", "those without 0.07"]),
        (lambda w: w["day"] < np.datetime64("2024-03-09"), ["earliest third", "latest"]),
        (
            lambda w: (w["segments"]["plan"] == "free") | (w["score"] > 2) | (np.arange(N) % 5 > 3),
            ["% of plan=pro are known", "100 % of plan=free"],
        ),
    ],
)
def test_a_labelled_part_unlike_the_rest_is_named(week, known, words):
    found = label_coverage(known(week), np.zeros(N, dtype=bool), SETTINGS, **week)
    assert len(found.uneven) == 1
    assert all(word in found.caveat for word in words)


@pytest.mark.parametrize("n", [0, 1])
def test_no_rows_and_no_outcomes_are_counted_too(n):
    none = np.zeros(n, dtype=bool)
    found = label_coverage(none, none, SETTINGS, score=np.zeros(n))
    assert found.n_labelled == 0
    assert found.caveat is None
    assert str(n) in found.sentence
