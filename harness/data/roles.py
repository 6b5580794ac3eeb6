"""Roles: what each column of a table means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from harness.data.column_reading import ColumnReading, Kind

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
    table: pa.Table, readings: Mapping[str, ColumnReading], candidates: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:
    """Sort columns into numeric and categorical features, and say what was left out.

    Args:
        table: The table, raw.
        readings: How its columns are read.
        candidates: Columns that have no other role.

    Returns:
        Numeric names, categorical names, and a note per column left out.
    """
    numeric: list[str] = []
    categorical: list[str] = []
    notes: list[str] = []
    for name in candidates:
        column, kind = table.column(name), readings[name].kind
        if kind is Kind.NESTED:
            notes.append(
                f"{name}: left out, its values are nested; derive numbers or texts from them"
            )
            continue
        if kind is Kind.EMPTY or column.null_count == len(column):
            notes.append(f"{name}: left out, every value is null")
            continue
        n_distinct = int(pc.count_distinct(column, mode="only_valid").as_py())
        if n_distinct == 1 and column.null_count == 0:
            notes.append(f"{name}: left out, the same value in every row")
        elif kind is Kind.TIME:
            notes.append(
                f"{name}: left out, a time; derive a number from it (days since) to use it, or set "
                f"dataset.label_time={name} if it is when the label became known"
            )
        elif kind in (Kind.NUMBER, Kind.BOOLEAN):
            numeric.append(name)
        elif n_distinct > min(MAX_CATEGORIES, max(50, MAX_DISTINCT_SHARE * len(column))):
            notes.append(f"{name}: left out, {n_distinct} distinct texts look like an identifier")
        else:
            categorical.append(name)
    return numeric, categorical, notes
