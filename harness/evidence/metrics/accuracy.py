"""Accuracy: kept for those who ask; always read it beside what 'always no' would get."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, every_row, indicator, n_rows, ratio

METRIC = RowMetric(
    name="accuracy",
    title="Accuracy",
    unit="share of rows",
    higher_is_better=True,
    meaning="Share of rows on which alert and outcome agree.",
    statistics=ratio(lambda rows: indicator(rows.alert == rows.label), every_row),
    value=divide,
    size=n_rows,
    is_share=True,
)
