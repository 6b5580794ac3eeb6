"""Missed per 1,000: how many positives, of 1,000 rows, is nobody told of?"""

from __future__ import annotations

from harness.evidence.metric import RowMetric, divide, every_row, indicator, n_rows, ratio

METRIC = RowMetric(
    name="missed_per_1000",
    title="Missed per 1,000 rows",
    unit="per 1,000 rows",
    higher_is_better=False,
    meaning="Positives without an alert, per 1,000 rows.",
    statistics=ratio(lambda rows: 1000.0 * indicator(rows.label & ~rows.alert), every_row),
    value=divide,
    size=n_rows,
)
