"""Alert rate: how often the model speaks."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, n_rows, ratio

METRIC = RowMetric(
    name="alert_rate",
    title="Alert rate",
    unit="share of rows",
    higher_is_better=None,
    meaning="Share of rows on which the model raises an alert.",
    statistics=ratio(lambda rows: rows.alert * 1.0, lambda rows: rows.alert * 0.0 + 1.0),
    value=divide,
    size=n_rows,
    is_share=True,
)
