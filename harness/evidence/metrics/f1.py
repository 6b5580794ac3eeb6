"""F1: precision and recall in one number."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, indicator, n_positives, ratio

# F1 = 2 TP / (2 TP + FP + FN) = TP / mean of alerts and positives.
METRIC = RowMetric(
    name="f1",
    title="F1",
    unit="",
    higher_is_better=True,
    meaning="Harmonic mean of precision and recall.",
    statistics=ratio(
        lambda rows: 2 * indicator(rows.alert & rows.label),
        lambda rows: indicator(rows.alert) + indicator(rows.label),
    ),
    value=divide,
    size=n_positives,
    is_share=True,
)
