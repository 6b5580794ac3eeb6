"""Joint change: columns that keep their distributions and lose what ties them together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.monitor import (
    column_reference,
    inside_window,
    judge_window,
    profile_frame,
    reference_profile,
    with_inside,
)
from harness.monitor.joint import joint_window
from harness.settings import MonitoringSettings

from .conftest import scored

KINDS = (["a", "b", "c", "round"], ["kind"])


def drawn(n_days, seed, a_day=200, rho=0.0, parabola=0.0, by_kind=0.0):
    """Columns with fixed distributions: a and b correlate by rho, c follows the square of a."""
    rng = np.random.default_rng(seed)
    n = n_days * a_day
    a, noise = rng.normal(size=n), rng.normal(size=n)
    b = rho * a + np.sqrt(1 - rho**2) * noise
    square = (a**2 - 1) / np.sqrt(2)
    c = parabola * square + np.sqrt(1 - parabola**2) * rng.normal(size=n)
    uniform = np.where(rng.random(n) < by_kind, stats.norm.cdf(b), rng.random(n))
    frame = pd.DataFrame(
        {
            "a": np.exp(a),
            "b": b,
            "c": stats.rankdata(c) / n,  # uniform, whatever it follows
            "round": rng.integers(0, 2, n).astype(float),
            "kind": pd.Categorical(np.array(list("xyz"))[np.digitize(uniform, [0.5, 0.8])]),
        }
    )
    time = pd.date_range("2024-01-01", periods=n_days, freq="D", tz="UTC").repeat(a_day)
    return frame, time


@pytest.fixture(scope="module")
def reference():
    frame, time = drawn(63, seed=0)
    score = np.random.default_rng(1).random(len(frame))
    label = np.random.default_rng(2).random(len(frame)) < score
    plain = reference_profile(
        column_reference(frame, time, KINDS),
        scored(score, label, time),
        time,
        threshold=0.7,
        importance=dict.fromkeys(frame, 0.2),
    )
    return with_inside(plain, frame, time, KINDS, [])


def judged(reference, frame, days=7.0):
    return judge_window(
        reference,
        profile_frame(frame, *KINDS),
        None,
        MonitoringSettings(),
        name="week",
        span=None,
        days=days,
        inside=inside_window(reference, frame),
    )


def pairs(report):
    return {frozenset(change.columns) for change in report.changed_pairs}


def test_quiet_weeks_change_nothing(reference):
    for seed in range(10, 22):
        report = judged(reference, drawn(7, seed)[0])
        assert not report.changed_pairs
        assert not report.is_alert


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rho": 0.5}, {"a", "b"}),
        ({"rho": -0.5}, {"a", "b"}),
        ({"parabola": 0.8}, {"a", "c"}),
        ({"by_kind": 0.8}, {"b", "kind"}),
    ],
)
def test_a_changed_dependence_is_an_alert_that_names_the_pair_while_no_column_drifted(
    reference, change, expected
):
    report = judged(reference, drawn(7, seed=5, **change)[0])
    assert not report.drifted
    assert pairs(report) == {frozenset(expected)}
    [reason] = report.reasons
    assert reason.code == "JOINT"
    assert all(name in reason.sentence for name in expected)


def test_the_correlation_is_that_of_normal_scores(reference):
    frame = drawn(7, seed=5, rho=0.5)[0]
    change = next(c for c in judged(reference, frame).joint if {c.first, c.second} == {"a", "b"})
    scores = [stats.norm.ppf((stats.rankdata(frame[n]) - 0.5) / len(frame)) for n in "ab"]
    assert change.now == pytest.approx(np.corrcoef(scores)[0, 1], abs=0.02)


def test_sums_of_days_add_up_to_those_of_the_week(reference):
    frame, time = drawn(7, seed=5)
    whole = joint_window(reference.joint, reference.profile, frame).moments
    days = [
        joint_window(reference.joint, reference.profile, frame[time == day]).moments
        for day in time.unique()
    ]
    np.testing.assert_allclose(np.mean(days, axis=0), whole, atol=1e-12)


def test_a_column_that_drifted_by_itself_is_left_out(reference):
    frame = drawn(7, seed=5, rho=0.5)[0].assign(b=lambda f: f["b"] + 2)
    report = judged(reference, frame)
    assert "b" in {c.name for c in report.drifted}
    assert not any("b" in change.columns for change in report.joint)


def test_a_small_window_and_a_missing_column_are_not_judged(reference):
    assert not judged(reference, drawn(1, seed=5, rho=0.9, a_day=150)[0], days=1.0).joint
    report = judged(reference, drawn(7, seed=5)[0].drop(columns="a"))
    assert report.joint
    assert not any("a" in change.columns for change in report.joint)


def test_a_pair_that_always_comes_and_goes_is_no_news():
    """Correlation that swings between weeks of the reference may do so later."""
    parts = [drawn(7, seed=s, rho=0.6 if s % 2 else -0.6)[0] for s in range(12)]
    frame = pd.concat(parts, ignore_index=True)
    time = pd.date_range("2024-01-01", periods=84, freq="D", tz="UTC").repeat(200)
    score = np.random.default_rng(1).random(len(frame))
    rows = scored(score, score > 0.5, time)
    plain = reference_profile(
        column_reference(frame, time, KINDS), rows, time, threshold=0.7, importance={}
    )
    swinging = with_inside(plain, frame, time, KINDS, [])
    assert frozenset({"a", "b"}) not in pairs(judged(swinging, drawn(7, 50, rho=0.6)[0]))
