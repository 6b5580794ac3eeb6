"""Alert rate: how often the model speaks."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, every_row, indicator, n_rows, ratio

METRIC = RowMetric(
    name="alert_rate",
    title="Alert rate",
    unit="share of rows",
    higher_is_better=None,
    meaning="Share of rows on which the model raises an alert.",
    statistics=ratio(lambda rows: indicator(rows.alert), every_row),
    value=divide,
    size=n_rows,
    is_share=True,
)
