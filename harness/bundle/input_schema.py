"""Input schema: the columns a bundle scores, and what may stand in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from harness.data import Dataset
from harness.data.column_reading import (
    ColumnReading,
    Kind,
    number_text,
    text_as_category,
    text_as_number,
    typed_features,
)
from harness.data.dataset import as_category
from harness.data.dialect import FileFormat
from harness.data.time_format import TimeFormat
from harness.errors import BundleError, did_you_mean

_MISSING = object()
# What a bundle written before readings were stored is read by: numbers may be truth values, and
# whole numbers lost their zeros when categories were learned.
_OLD_NUMBER = ColumnReading(kind=Kind.BOOLEAN)
_OLD_CATEGORY = ColumnReading(kind=Kind.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSchema:
    """Feature columns in the order the pipeline saw them.

    Attributes:
        numeric: Columns that hold numbers or null.
        categorical: Columns that hold text or null.
        readings: How files, and JSON, hold each; empty in bundles of version 0.1.
        file: How the training file was said to be written.
        time_format: How its prediction times are written; None where that is not known.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    readings: Mapping[str, ColumnReading] = field(default_factory=dict)
    file: FileFormat = field(default_factory=FileFormat)
    time_format: TimeFormat | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> InputSchema:
        """The feature columns of a dataset, and how its file holds them."""
        roles = dataset.roles
        return cls(
            numeric=roles.numeric,
            categorical=roles.categorical,
            readings=dataset.readings,
            file=dataset.file,
            time_format=dataset.time_format,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, numeric first."""
        return self.numeric + self.categorical

    def frame_of_file(self, table: pa.Table, *, first_row: int = 0) -> pd.DataFrame:
        """Bring raw columns of a file to the types of training, as training did.

        Args:
            table: Columns as `TableFile` reads them: text of a CSV, typed values of Parquet.
            first_row: Row of the file that they begin with, for errors.

        Raises:
            DataError: If a value does not fit how its column was read, naming column and row.
        """
        readings = {
            **dict.fromkeys(self.numeric, _OLD_NUMBER),
            **dict.fromkeys(self.categorical, _OLD_CATEGORY),
            **self.readings,
        }
        return typed_features(table, readings, self.numeric, self.categorical, first_row=first_row)

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
        known = self.readings
        columns: dict[str, Any] = {n: _numbers(table[n], known.get(n)) for n in self.numeric}
        columns |= {n: _categories(table[n], known.get(n)) for n in self.categorical}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(table)))

    def numbers_of(self, row: Mapping[str, Any]) -> list[float]:
        """Numeric values of one row, nan for null, in schema order.

        Raises:
            BundleError: As `frame`.
        """
        known = self.readings
        return [_number(n, row.get(n, _MISSING), known.get(n)) for n in self.numeric]

    def texts_of(self, row: Mapping[str, Any]) -> list[str | None]:
        """Categorical values of one row, None for null, in schema order."""
        known = self.readings
        return [_category(n, row.get(n, _MISSING), known.get(n)) for n in self.categorical]

    def json_schema(self, example: Mapping[str, Any]) -> dict[str, Any]:
        """The input as JSON Schema (draft 2020-12)."""
        properties: dict[str, Any] = {
            name: {"type": [*_json_types(self.readings.get(name)), "null"], "role": "numeric"}
            for name in self.numeric
        }
        properties |= {
            name: {"type": ["string", "null"], "role": "categorical"} for name in self.categorical
        }
        for name, reading in self.readings.items():
            properties[name]["reading"] = reading.to_json()
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "one row to score",
            "type": "object",
            "required": list(self.columns),
            "properties": properties,
            "additionalProperties": True,
            "examples": [dict(example)],
            "file": self.file.to_json(),
            "time_format": self.time_format and self.time_format.to_json(),
        }

    @classmethod
    def from_json_schema(cls, schema: Mapping[str, Any]) -> InputSchema:
        """The columns a JSON Schema of `json_schema` describes."""
        properties = schema["properties"]
        roles = {name: entry["role"] for name, entry in properties.items()}
        return cls(
            readings={
                name: ColumnReading.from_json(entry["reading"])
                for name, entry in properties.items()
                if "reading" in entry
            },
            file=FileFormat.from_json(schema.get("file", {})),
            time_format=TimeFormat.from_json(written)
            if (written := schema.get("time_format"))
            else None,
            numeric=tuple(name for name, role in roles.items() if role == "numeric"),
            categorical=tuple(name for name, role in roles.items() if role == "categorical"),
        )


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A typed table as JSON-ready rows: null for nan."""
    names: Sequence[str] = [str(name) for name in table.columns]
    columns = [table[name].astype(object).where(table[name].notna(), None) for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _json_types(reading: ColumnReading | None) -> list[str]:
    """What JSON may hold where a number belongs."""
    if reading is not None and reading.kind is Kind.BOOLEAN:
        return ["boolean", "number"]
    return ["number", "string"] if reading is not None and reading.from_text else ["number"]


def _numbers(
    column: pd.Series, reading: ColumnReading | None
) -> np.ndarray[Any, np.dtype[np.float64]]:
    name = str(column.name)
    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == object:
        return np.array([_number(name, v, reading, i) for i, v in enumerate(column)])
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return np.array([_number(name, v, reading, i) for i, v in enumerate(column)])
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0])
        raise BundleError(f"column '{name}', row {row}: {values[row]} is not a finite number")
    return values


def _categories(column: pd.Series, reading: ColumnReading | None) -> pd.Categorical:
    if isinstance(column.dtype, pd.CategoricalDtype):
        # Each distinct value is looked at once, however many rows share it.
        names = _categories(pd.Series(column.cat.categories, name=column.name), reading)
        return pd.Categorical.from_codes(
            np.where(column.cat.codes < 0, -1, names.codes[column.cat.codes]), dtype=names.dtype
        )
    if reading is None and column.dtype != object:
        return as_category(column)
    name = str(column.name)
    texts = [_category(name, value, reading, i) for i, value in enumerate(column)]
    return as_category(pd.Series(texts, dtype=object))


def _number(name: str, value: Any, reading: ColumnReading | None, row: int | None = None) -> float:
    if isinstance(value, float):
        if not math.isinf(value):
            return value
    elif value is None or value is pd.NA:
        return math.nan
    elif isinstance(value, (int, np.integer, np.floating, np.bool_)):
        number = _as_float(value)
        if not math.isinf(number):
            return number
    elif isinstance(value, str) and reading is not None and reading.from_text:
        parsed = text_as_number(value, reading)
        if parsed is not None:
            return parsed
    where = f"column '{name}'" + (f", row {row}" if row is not None else "")
    if value is _MISSING:
        raise BundleError(f"{where} is missing from the row to score; pass null if it is not known")
    raise BundleError(f"{where}: {value!r:.60} is not a finite number; pass a number or null")


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond any float
        return math.inf


def _category(
    name: str, value: Any, reading: ColumnReading | None, row: int | None = None
) -> str | None:
    if isinstance(value, str):
        if reading is None:
            return value
        if reading.kind is Kind.TEXT:
            return value or None
        return text_as_category(value, reading)
    where = f"column '{name}'" + (f", row {row}" if row is not None else "")
    if value is _MISSING:
        raise BundleError(f"{where} is missing from the row to score; pass null if not known")
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, (int, float, np.generic)):
        raise BundleError(f"{where}: {value!r:.60} is no category; pass text, a number or null")
    if reading is not None and reading.zero_padded:
        raise BundleError(
            f"{where}: {value!r:.60} is a number, but texts with leading zeros such as 007 were "
            "learned; pass text"
        )
    return number_text(value) if isinstance(value, float) else str(value)
