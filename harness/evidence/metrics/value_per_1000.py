"""Value per 1,000 rows: what the alerts are worth by the criteria's outcome values."""

from __future__ import annotations

from harness.evidence.metric import Floats, RowMetric, divide, every_row, n_rows, ratio


def _value(sums: Floats) -> Floats:
    return 1000.0 * divide(sums)


METRIC = RowMetric(
    name="value_per_1000",
    title="Value per 1,000 rows",
    unit="per 1,000 rows",
    higher_is_better=True,
    meaning="Worth of all right and wrong alerts and silences, per 1,000 rows.",
    statistics=ratio(lambda rows: rows.value, every_row),
    value=_value,
    outcome=lambda rows: rows.value,
    size=n_rows,
    min_positives_alone=350,
)
