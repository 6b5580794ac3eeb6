"""Outcome values: what right and wrong alerts are worth, per outcome or per row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ConfigError, DataError, did_you_mean
from harness.settings import OutcomeValues


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowValues:
    """Worth of alerting, and of staying silent, on each row, both (n_rows,)."""

    if_alert: NDArray[np.float64]
    if_silent: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp]) -> RowValues:
        """The same for some rows."""
        return RowValues(if_alert=self.if_alert[rows], if_silent=self.if_silent[rows])


def row_values(outcome: OutcomeValues, label: NDArray[np.bool_], frame: pd.DataFrame) -> RowValues:
    """Resolve numbers and column names into worth per row.

    Args:
        outcome: Each outcome's worth: a number, a column name, or `-column`.
        label: Whether each row is positive, shape (n_rows,).
        frame: Table that holds the named columns.

    Raises:
        ConfigError: If a name is no column of the table.
        DataError: If such a column is not all finite numbers.

    Example:
        >>> costs = OutcomeValues(true_positive=3, false_positive="-cost")
        >>> table = pd.DataFrame({"cost": [2.0, 5.0]})
        >>> row_values(costs, np.array([True, False]), table).if_alert
        array([ 3., -5.])
    """
    worth = {
        name: _resolve(name, getattr(outcome, name), frame)
        for name in ("true_positive", "false_positive", "false_negative", "true_negative")
    }
    return RowValues(
        if_alert=np.where(label, worth["true_positive"], worth["false_positive"]),
        if_silent=np.where(label, worth["false_negative"], worth["true_negative"]),
    )


def _resolve(name: str, value: object, frame: pd.DataFrame) -> float | NDArray[np.float64]:
    key = f"criteria.outcome_values.{name}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    sign, column = (-1.0, str(value)[1:]) if str(value).startswith("-") else (1.0, str(value))
    if column not in frame:
        raise ConfigError(
            f"{key}: '{column}' is neither a number nor a column under dataset.value; "
            f"{did_you_mean(column, map(str, frame.columns))}"
        )
    amounts = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(amounts).all():
        row = int(np.flatnonzero(~np.isfinite(amounts))[0])
        raise DataError(
            f"{key}: column '{column}' has no finite number in row {row}; fill or drop it"
        )
    return sign * amounts
