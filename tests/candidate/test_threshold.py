from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from harness.candidate.threshold import choose_threshold, threshold_curve
from harness.data.outcome_values import RowValues
from harness.errors import ConfigError, FitError
from harness.settings import (
    FixedThreshold,
    MaxF1Threshold,
    MaxFbetaThreshold,
    MaxValueThreshold,
    MinPrecisionThreshold,
    MinRecallThreshold,
    TopFractionThreshold,
)

rows = st.lists(
    st.tuples(st.integers(0, 8), st.booleans(), st.integers(-3, 3)), min_size=4, max_size=60
)


def arrays(drawn):
    score = np.array([s for s, _, _ in drawn]) / 8
    label = np.array([label for _, label, _ in drawn])
    gain = np.array([g for _, _, g in drawn], dtype=float)
    return score, label, RowValues(if_alert=gain, if_silent=np.zeros(len(gain)))


def brute(score, label, goal):
    """Best allowed threshold by trying each distinct score; the highest of equals."""
    best, chosen = -np.inf, None
    for t in sorted(set(score), reverse=True):
        alert = score >= t
        if alert.all():
            continue
        value = goal(alert, label)
        if value is not None and value > best + 1e-12:
            best, chosen = value, t
    return chosen


@settings(max_examples=200, deadline=None)
@given(rows)
def test_max_f1_equals_trying_every_threshold(drawn):
    score, label, values = arrays(drawn)
    expected = brute(score, label, lambda a, y: metrics.f1_score(y, a, zero_division=0))
    if expected is None:
        with pytest.raises(FitError, match="same score"):
            choose_threshold(MaxF1Threshold(), score, label, values)
        return
    chosen = choose_threshold(MaxF1Threshold(), score, label, values)
    ours = metrics.f1_score(label, score >= chosen.value, zero_division=0)
    theirs = metrics.f1_score(label, score >= expected, zero_division=0)
    assert ours == pytest.approx(theirs)
    assert 0 < (score >= chosen.value).sum() < len(score)


@settings(max_examples=100, deadline=None)
@given(rows, st.sampled_from([0.5, 1.0, 2.0]))
def test_f_beta_of_the_curve_equals_scikit_learn(drawn, beta):
    score, label, values = arrays(drawn)
    curve = threshold_curve(score, label, values)
    for t, f in zip(curve.threshold, curve.f_beta(beta), strict=True):
        expected = metrics.fbeta_score(label, score >= t, beta=beta, zero_division=0)
        assert f == pytest.approx(expected)


@settings(max_examples=200, deadline=None)
@given(rows)
def test_max_value_equals_trying_every_threshold(drawn):
    score, label, values = arrays(drawn)
    expected = brute(score, label, lambda a, _: values.if_alert[a].sum())
    if expected is not None:
        chosen = choose_threshold(MaxValueThreshold(), score, label, values)
        assert values.if_alert[score >= chosen.value].sum() == pytest.approx(
            values.if_alert[score >= expected].sum()
        )


SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
LABEL = np.array([True, True, False, True, False, False, False, False])
VALUES = RowValues(if_alert=np.where(LABEL, 3.0, -1.0), if_silent=np.zeros(8))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (FixedThreshold(value=0.65), 0.65),
        (MaxF1Threshold(), 0.6),
        (MaxFbetaThreshold(beta=0.2), 0.8),
        (MinPrecisionThreshold(precision=0.75), 0.6),
        (MinPrecisionThreshold(precision=1.0), 0.8),
        (MinRecallThreshold(recall=0.6), 0.8),
        (MinRecallThreshold(recall=1.0), 0.6),
        (TopFractionThreshold(fraction=0.5), 0.6),
        (MaxValueThreshold(), 0.6),
        (MaxValueThreshold(max_alert_share=0.25), 0.8),
    ],
)
def test_each_policy_on_a_case_worked_by_hand(policy, expected):
    chosen = choose_threshold(policy, SCORE, LABEL, VALUES)
    assert chosen.value == pytest.approx(expected)
    assert chosen.policy == policy.kind
    assert chosen.reason


@pytest.mark.parametrize(
    ("policy", "error", "sentence"),
    [
        (FixedThreshold(value=2), FitError, "alerts on nobody"),
        (FixedThreshold(value=0), FitError, "alerts on everybody"),
        (MinPrecisionThreshold(precision=1.1), FitError, "no threshold reaches 1.1"),
        (TopFractionThreshold(fraction=0.01), FitError, "ask for a larger fraction"),
        (MaxValueThreshold(max_alert_share=0.01), FitError, "allow more"),
        (MaxFbetaThreshold(beta=0), ConfigError, "must be above 0"),
        (object(), ConfigError, "is no policy"),
    ],
)
def test_a_policy_that_cannot_be_met_says_why(policy, error, sentence):
    if not hasattr(policy, "allow_degenerate"):
        policy = type("Odd", (), {"allow_degenerate": False})()
    with pytest.raises(error, match=sentence):
        choose_threshold(policy, SCORE, LABEL, VALUES)


def test_degenerate_thresholds_need_the_config_to_say_so():
    same = np.full(8, 0.5)
    with pytest.raises(FitError, match="same score"):
        choose_threshold(MaxF1Threshold(), same, LABEL, VALUES)
    chosen = choose_threshold(MaxF1Threshold(allow_degenerate=True), same, LABEL, VALUES)
    assert (same >= chosen.value).all()


def test_nan_scores_choose_nothing():
    with pytest.raises(FitError, match="nan or infinite"):
        choose_threshold(MaxF1Threshold(), np.append(SCORE[:-1], np.nan), LABEL, VALUES)


def test_worth_per_row_may_come_from_a_column_with_a_sign():
    import pandas as pd

    from harness.data.outcome_values import row_values
    from harness.errors import DataError
    from harness.settings import OutcomeValues

    frame = pd.DataFrame({"amount": [10.0, 20.0, 30.0], "odd": [1.0, float("nan"), 2.0]})
    label = np.array([True, False, True])
    values = row_values(
        OutcomeValues(true_positive="amount", false_positive=-2, false_negative="-amount"),
        label,
        frame,
    )
    assert values.if_alert.tolist() == [10.0, -2.0, 30.0]
    assert values.if_silent.tolist() == [-10.0, 0.0, -30.0]
    assert values.take(np.array([2])).if_alert.tolist() == [30.0]
    with pytest.raises(
        ConfigError, match="'amont' is neither a number nor a column.*did you mean 'amount'"
    ):
        row_values(OutcomeValues(true_positive="amont"), label, frame)
    with pytest.raises(DataError, match="column 'odd' has no finite number in row 1"):
        row_values(OutcomeValues(true_positive="odd"), label, frame)
