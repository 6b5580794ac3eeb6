"""Brier score: squared distance between score and outcome."""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, n_rows, ratio

METRIC = RowMetric(
    name="brier",
    title="Brier score",
    unit="",
    higher_is_better=False,
    meaning="Mean squared distance between score and outcome.",
    statistics=ratio(
        lambda rows: (rows.score - rows.label) ** 2, lambda rows: rows.alert * 0.0 + 1.0
    ),
    value=divide,
    size=n_rows,
)
