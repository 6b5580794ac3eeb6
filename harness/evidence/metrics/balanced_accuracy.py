"""Balanced accuracy: the mean of both classes' recalls."""

from __future__ import annotations

from harness.evidence.metric import Floats, RowMetric, n_positives, outcomes, safe_divide


def _value(sums: Floats) -> Floats:
    true_positive, false_positive = sums[..., 0], sums[..., 1]
    false_negative, true_negative = sums[..., 2], sums[..., 3]
    recall = safe_divide(true_positive, true_positive + false_negative)
    specificity = safe_divide(true_negative, true_negative + false_positive)
    return (recall + specificity) / 2


METRIC = RowMetric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    unit="",
    higher_is_better=True,
    meaning="Mean of the shares of positives and of negatives judged rightly.",
    statistics=outcomes,
    value=_value,
    size=n_positives,
    is_share=True,
)
