"""Input schema: the columns a bundle scores, and what may stand in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.data import Roles
from harness.data.dataset import as_category
from harness.errors import BundleError, did_you_mean

_MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSchema:
    """Feature columns in the order the pipeline saw them.

    Attributes:
        numeric: Columns that hold numbers or null.
        categorical: Columns that hold text or null.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    @classmethod
    def of(cls, roles: Roles) -> InputSchema:
        """The feature columns of a dataset."""
        return cls(numeric=roles.numeric, categorical=roles.categorical)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, numeric first."""
        return self.numeric + self.categorical

    def frame(self, table: pd.DataFrame) -> pd.DataFrame:
        """Bring a table to the types of training; extra columns are left out.

        Raises:
            BundleError: If a column is missing, or a value is no finite number, naming
                column and row.
        """
        for name in self.columns:
            if name not in table.columns:
                hint = did_you_mean(name, map(str, table.columns))
                raise BundleError(f"column '{name}' is missing from the rows to score; {hint}")
        columns: dict[str, Any] = {name: _numbers(table[name]) for name in self.numeric}
        columns |= {name: _categories(table[name]) for name in self.categorical}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(table)))

    def numbers_of(self, row: Mapping[str, Any]) -> list[float]:
        """Numeric values of one row, nan for null, in schema order.

        Raises:
            BundleError: As `frame`.
        """
        return [_number(name, row.get(name, _MISSING)) for name in self.numeric]

    def texts_of(self, row: Mapping[str, Any]) -> list[str | None]:
        """Categorical values of one row, None for null, in schema order."""
        return [_category(name, row.get(name, _MISSING)) for name in self.categorical]

    def json_schema(self, example: Mapping[str, Any]) -> dict[str, Any]:
        """The input as JSON Schema (draft 2020-12)."""
        properties: dict[str, Any] = {
            name: {"type": ["number", "null"], "role": "numeric"} for name in self.numeric
        }
        properties |= {
            name: {"type": ["string", "null"], "role": "categorical"} for name in self.categorical
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "one row to score",
            "type": "object",
            "required": list(self.columns),
            "properties": properties,
            "additionalProperties": True,
            "examples": [dict(example)],
        }

    @classmethod
    def from_json_schema(cls, schema: Mapping[str, Any]) -> InputSchema:
        """The columns a JSON Schema of `json_schema` describes."""
        roles = {name: entry["role"] for name, entry in schema["properties"].items()}
        return cls(
            numeric=tuple(name for name, role in roles.items() if role == "numeric"),
            categorical=tuple(name for name, role in roles.items() if role == "categorical"),
        )


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A typed table as JSON-ready rows: null for nan."""
    names: Sequence[str] = [str(name) for name in table.columns]
    columns = [table[name].astype(object).where(table[name].notna(), None) for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _numbers(column: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == object:
        return np.array([_number(str(column.name), v, i) for i, v in enumerate(column)])
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return np.array([_number(str(column.name), v, i) for i, v in enumerate(column)])
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0])
        raise BundleError(
            f"column '{column.name}', row {row}: {values[row]} is not a finite number"
        )
    return values


def _categories(column: pd.Series) -> pd.Categorical:
    if column.dtype == object:
        texts = [_category(str(column.name), value, i) for i, value in enumerate(column)]
        return as_category(pd.Series(texts, dtype=object))
    return as_category(column)


def _number(name: str, value: Any, row: int | None = None) -> float:
    if isinstance(value, float):
        if not math.isinf(value):
            return value
    elif value is None or value is pd.NA:
        return math.nan
    elif isinstance(value, (int, np.integer, np.floating, np.bool_)):
        number = _as_float(value)
        if not math.isinf(number):
            return number
    where = f"column '{name}'" + (f", row {row}" if row is not None else "")
    if value is _MISSING:
        raise BundleError(f"{where} is missing from the row to score; pass null if it is not known")
    raise BundleError(f"{where}: {value!r:.60} is not a finite number; pass a number or null")


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond any float
        return math.inf


def _category(name: str, value: Any, row: int | None = None) -> str | None:
    if isinstance(value, str):
        return value
    if value is _MISSING:
        raise BundleError(
            f"column '{name}' is missing from the row to score; pass null if not known"
        )
    if not isinstance(value, (int, float, np.generic, type(None))) and value is not pd.NA:
        where = f"column '{name}'" + (f", row {row}" if row is not None else "")
        raise BundleError(f"{where}: {value!r:.60} is no category; pass text, a number or null")
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
