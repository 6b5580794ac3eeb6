"""Roles: what each column of a table means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

# A text column with more distinct values than this, or on more than this share of
# rows distinct, names rows rather than describing them.
MAX_CATEGORIES = 10_000
MAX_DISTINCT_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Columns by meaning.

    Attributes:
        time: Column with the time of the prediction.
        label: Column with the outcome.
        numeric: Feature columns used as numbers.
        categorical: Feature columns used as categories.
        segments: Columns reported value by value.
        entity: Column that names who or what a row is about.
        value: Columns with money per row.
        after_outcome: Columns known only once the outcome is.
    """

    time: str
    label: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    segments: tuple[str, ...] = ()
    entity: str | None = None
    value: tuple[str, ...] = ()
    after_outcome: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """All feature columns, numeric first."""
        return self.numeric + self.categorical


def infer_features(
    frame: pd.DataFrame, candidates: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:
    """Sort columns into numeric and categorical features, and say what was left out.

    Args:
        frame: The table as read.
        candidates: Columns that have no other role.

    Returns:
        Numeric names, categorical names, and a note per column left out.
    """
    numeric: list[str] = []
    categorical: list[str] = []
    notes: list[str] = []
    for name in candidates:
        column = frame[name]
        try:
            n_distinct = int(column.nunique(dropna=True))
        except TypeError:  # lists, structs: values that cannot be compared
            notes.append(
                f"{name}: left out, its values are nested; derive numbers or texts from them"
            )
            continue
        if n_distinct == 0:
            notes.append(f"{name}: left out, every value is null")
        elif n_distinct == 1 and not column.isna().any():
            notes.append(f"{name}: left out, the same value in every row")
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            notes.append(
                f"{name}: left out, a time; derive a number from it (days since) to use it"
            )
        elif pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(
            column.dtype
        ):
            numeric.append(name)
        elif n_distinct > min(MAX_CATEGORIES, max(50, MAX_DISTINCT_SHARE * len(frame))):
            notes.append(f"{name}: left out, {_why_not_a_category(column, n_distinct)}")
        else:
            categorical.append(name)
    return numeric, categorical, notes


def _why_not_a_category(column: pd.Series, n_distinct: int) -> str:
    """Many distinct texts: an identifier, or numbers with a few words among them."""
    numbers = pd.to_numeric(column, errors="coerce")
    words = column[numbers.isna() & column.notna()]
    if len(words) < 0.05 * len(column):
        return (
            f"numbers but for {len(words)} values (first '{words.iloc[0]}' in row "
            f"{words.index[0]}); make those null to use it"
        )
    return f"{n_distinct} distinct texts look like an identifier"
