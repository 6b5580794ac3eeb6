"""Label column: bool, 0/1, or two values of which one is named positive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ConfigError, DataError

# What people write for the two answers, YAML 1.1's words among them.
YES = frozenset({"yes", "y", "true", "t", "on", "positive"})
NO = frozenset({"no", "n", "false", "f", "off", "negative"})
_EXACT = 2.0**53  # larger whole numbers are not told apart as floats
_MOST_COMPARED = 20  # values looked at for two ways of writing one


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
    if pair := _alike(values):
        raise DataError(
            f"dataset.label: column '{column.name}' holds '{pair[0]}' and '{pair[1]}', which differ only in "
            "case, spaces or decimals; write one outcome one way"
        )
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
        chosen = matching_values(values, positive)
        if len(chosen) != 1:
            hint = "; put quotes around it in YAML" if isinstance(positive, bool) else ""
            raise ConfigError(
                f"dataset.positive: '{positive}' is not a value of column '{column.name}' "
                f"({shown}){hint}"
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
        chosen = matching_values(values, positive)
        strange = [value for value in values if value not in chosen][1:]
    if strange:
        raise DataError(f"label: column '{column.name}' holds '{strange[0]}', which is no outcome")
    hit = column.isin(chosen).to_numpy(dtype=bool)
    return np.where(labelled, hit, np.nan)


def matching_values(values: Sequence[Any], wanted: Any) -> list[Any]:
    """Those of a column's values that a config names, by the strictest reading that fits any.

    YAML reads `yes` as true and Hydra reads `1` as a number, whatever the column holds; exports
    add spaces, capitals and decimals.

    Args:
        values: Distinct values of the column.
        wanted: The value as the config has it.

    Example:
        >>> matching_values(["No", "Yes"], True), matching_values([1.0, 2.0], "1")
        (['Yes'], [1.0])
    """
    for fits in (_is_same, _is_alike, _is_same_answer):
        if found := [value for value in values if fits(value, wanted)]:
            return found
    return []


def _is_same(value: Any, wanted: Any) -> bool:
    if _is_bool(wanted) or _is_bool(value):
        return str(value).lower() == str(wanted).lower()
    return bool(value == wanted) or str(value) == str(wanted)


def _is_alike(value: Any, wanted: Any) -> bool:
    if _is_bool(wanted) or _is_bool(value):
        return False
    return _plain(value) == _plain(wanted)


def _is_same_answer(value: Any, wanted: Any) -> bool:
    # Two texts are never taken for one answer: `y` and `on` may be two outcomes of one column.
    answers = _answer(value), _answer(wanted)
    has_bool = _is_bool(wanted) or _is_bool(value)
    return has_bool and answers[0] is not None and answers[0] == answers[1]


def _answer(value: Any) -> bool | None:
    """Yes or no, where a value says so."""
    plain = _plain(value)
    if plain in YES or plain == 1.0:
        return True
    return False if plain in NO or plain == 0.0 else None


def _plain(value: Any) -> str | float:
    """A value without what differs from export to export: spaces, capitals, decimals."""
    text = str(value).strip().casefold()
    try:
        number = float(text)
    except ValueError:
        return text
    return number if np.isfinite(number) and abs(number) < _EXACT else text


def _alike(values: Sequence[Any]) -> tuple[Any, Any] | None:
    """The first two values that differ only in how they are written."""
    seen: dict[str | float, Any] = {}
    for value in values[:_MOST_COMPARED]:
        other = seen.setdefault(_plain(value), value)
        if other is not value:
            return other, value
    return None


def _is_bool(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def _is_one(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_, int, float, np.number)) and bool(value == 1)


def _is_zero(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_, int, float, np.number)) and bool(value == 0)
