"""Brier score: squared distance between score and outcome."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, every_row, indicator, n_rows, ratio, score

METRIC = RowMetric(
    name="brier",
    title="Brier score",
    unit="",
    higher_is_better=False,
    meaning="Mean squared distance between score and outcome.",
    statistics=ratio(lambda rows: (rows.score - indicator(rows.label)) ** 2, every_row),
    value=divide,
    outcome=score,
    size=n_rows,
)
