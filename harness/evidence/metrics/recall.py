"""Recall: how many positives are caught?"""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, n_positives, ratio

METRIC = RowMetric(
    name="recall",
    title="Recall",
    unit="share of positives",
    higher_is_better=True,
    meaning="Share of positives on which the model raised an alert.",
    statistics=ratio(lambda rows: 1.0 * (rows.alert & rows.label), lambda rows: 1.0 * rows.label),
    value=divide,
    size=n_positives,
    is_share=True,
)
