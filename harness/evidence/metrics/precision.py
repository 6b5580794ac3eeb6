"""Precision: can an alert be trusted?"""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, indicator, n_alerts, ratio

METRIC = RowMetric(
    name="precision",
    title="Precision",
    unit="share of alerts",
    higher_is_better=True,
    meaning="Share of alerts that were right.",
    statistics=ratio(
        lambda rows: indicator(rows.alert & rows.label), lambda rows: indicator(rows.alert)
    ),
    value=divide,
    size=n_alerts,
    is_share=True,
)
