"""Label column: bool, 0/1, or two values of which one is named positive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ConfigError, DataError


def read_label(
    column: pd.Series, positive: Any = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each row is positive, and whether it has a label at all.

    Args:
        column: The label as read; null means the outcome is not known.
        positive: The value that counts as positive; None takes true or 1.

    Returns:
        Two arrays of shape (n_rows,): positive, labelled.

    Raises:
        DataError: If there are not exactly two values.
        ConfigError: If `positive` is needed, or names no value.
    """
    labelled = column.notna().to_numpy(dtype=bool)
    values = list(pd.unique(column[labelled]))
    shown = ", ".join(sorted(str(value) for value in values)[:6])
    if len(values) > 2:
        raise DataError(
            f"dataset.label: column '{column.name}' has {len(values)} values ({shown}); a yes-or-no "
            "outcome has two, so derive one, or leave the other rows out"
        )
    if len(values) < 2:
        what = f"only the value {shown}" if values else "no value at all"
        raise DataError(
            f"dataset.label: column '{column.name}' has {what}; a classifier needs both classes"
        )
    if positive is None:
        chosen = [value for value in values if _is_one(value)]
        if len(chosen) != 1 or not all(_is_one(v) or _is_zero(v) for v in values):
            raise ConfigError(
                f"dataset.positive: not set, and column '{column.name}' holds {shown}; "
                f"say which counts as positive, e.g. dataset.positive={values[0]}"
            )
    else:
        chosen = [value for value in values if _same(value, positive)]
        if len(chosen) != 1:
            raise ConfigError(
                f"dataset.positive: '{positive}' is not a value of column '{column.name}' ({shown})"
            )
    return (column == chosen[0]).fillna(False).to_numpy(dtype=bool), labelled


def read_outcomes(column: pd.Series, positive: Any = None) -> NDArray[np.float64]:
    """1, 0, or nan where null: of rows that may all have come out alike.

    Args:
        column: The label as read.
        positive: The value that counts as positive; None takes true or 1.

    Raises:
        DataError: If there are more than two values, or one that is neither.
    """
    labelled = column.notna().to_numpy(dtype=bool)
    values = list(pd.unique(column[labelled]))
    if positive is None:
        chosen = [value for value in values if _is_one(value)]
        strange = [value for value in values if not _is_one(value) and not _is_zero(value)]
    else:
        chosen = [value for value in values if _same(value, positive)]
        strange = [value for value in values if value not in chosen][1:]
    if strange:
        raise DataError(f"label: column '{column.name}' holds '{strange[0]}', which is no outcome")
    hit = column.isin(chosen).to_numpy(dtype=bool)
    return np.where(labelled, hit, np.nan)


def _same(value: Any, positive: Any) -> bool:
    # Hydra reads YES as text and 1 as a number, whatever the column holds.
    if isinstance(positive, bool) or isinstance(value, (bool, np.bool_)):
        return str(value).lower() == str(positive).lower()
    return bool(value == positive) or str(value) == str(positive)


def _is_one(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_, int, float, np.number)) and bool(value == 1)


def _is_zero(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_, int, float, np.number)) and bool(value == 0)
