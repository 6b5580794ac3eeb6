"""Recall: how many positives are caught?"""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, indicator, n_positives, ratio

METRIC = RowMetric(
    name="recall",
    title="Recall",
    unit="share of positives",
    higher_is_better=True,
    meaning="Share of positives on which the model raised an alert.",
    statistics=ratio(
        lambda rows: indicator(rows.alert & rows.label), lambda rows: indicator(rows.label)
    ),
    value=divide,
    size=n_positives,
    is_share=True,
)
