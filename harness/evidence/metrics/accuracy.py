"""Accuracy: kept for those who ask; always read it beside what 'always no' would get."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, n_rows, ratio

METRIC = RowMetric(
    name="accuracy",
    title="Accuracy",
    unit="share of rows",
    higher_is_better=True,
    meaning="Share of rows on which alert and outcome agree.",
    statistics=ratio(
        lambda rows: 1.0 * (rows.alert == rows.label), lambda rows: rows.alert * 0.0 + 1.0
    ),
    value=divide,
    size=n_rows,
    is_share=True,
)
