"""Rows source: a table to look at a few columns, or a few rows, at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from harness.data.column_inference import infer_readings
from harness.data.column_reading import (
    TEXT,
    ColumnReading,
    keys,
    lenient,
    time_values,
)
from harness.data.dialect import FileFormat
from harness.data.table_file import TableFile, open_table
from harness.errors import ConfigError, DataError

_KEY = "table"
_COLUMNS_AT_ONCE = 32
_CELLS_AT_ONCE = 2_000_000
LOG_FILES = "requests-*.jsonl"
# Columns of a serving log that are not the row's own.
LOG_TIME, LOG_SCORE, LOG_ALERT, LOG_VERSION = "at", "score", "alert", "version"


@dataclass(frozen=True, kw_only=True, eq=False)
class RowsSource:
    """A table of any size.

    Attributes:
        name: What it is called.
        columns: Names of its columns.
        n_rows: Rows.
        read: Reads some columns of all rows.
        raw: Reads one column of all rows as it was stored.
        is_log: Whether it is a server's log.
        pieces: Reads some columns, so many rows at a time; None where the table is in memory.
    """

    name: str
    columns: Sequence[str]
    n_rows: int
    read: Callable[[Sequence[str]], pd.DataFrame]
    raw: Callable[[str], pa.ChunkedArray]
    is_log: bool = False
    pieces: Callable[[Sequence[str], int], Iterator[pd.DataFrame]] | None = None

    def keys(self, name: str) -> pd.Series:
        """A column that names rows or units, as exact text, None for null.

        Raises:
            DataError: If identifiers were stored as floats and have lost digits.
        """
        texts = keys(name, self.raw(name), key="--key")
        return pd.Series(texts.to_pandas(), dtype=object, name=name)

    def times(self, name: str) -> pd.Series:
        """A column that holds times, whole numbers exactly."""
        return time_values(name, self.raw(name))

    def column_blocks(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The named columns, some at a time, each with all rows."""
        for start in range(0, len(names), _COLUMNS_AT_ONCE):
            yield self.read(names[start : start + _COLUMNS_AT_ONCE])

    def row_pieces(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The named columns, some rows at a time, in order."""
        size = max(1, _CELLS_AT_ONCE // max(1, len(names)))
        if self.pieces is None:
            frame = self.read(names)
            for start in range(0, len(frame), size):
                yield frame.iloc[start : start + size]
        else:
            yield from self.pieces(names, size)


def source_of_frame(frame: pd.DataFrame, name: str, *, is_log: bool = False) -> RowsSource:
    """A table in memory."""
    return RowsSource(
        name=name,
        columns=[str(column) for column in frame.columns],
        n_rows=len(frame),
        read=lambda names: frame[list(names)],
        raw=lambda name: _raw(frame[name]),
        is_log=is_log,
    )


def open_source(
    path: Path,
    readings: Mapping[str, ColumnReading] | None = None,
    asked: FileFormat | None = None,
) -> RowsSource:
    """A CSV or Parquet file, a folder of Parquet, or a server's log.

    Args:
        path: Where it lies.
        readings: How columns of these names were read in training; others are read as their own
            values suggest. A value that does not fit is kept as it is, to be counted.
        asked: How the training file was said to be written.

    Raises:
        ConfigError: If there is no such file, or its name says nothing.
        DataError: If it is damaged or has no rows.
    """
    if log := log_files(path):
        return source_of_frame(_read_log(log), path.name, is_log=True)
    file = open_table(path, key=_KEY, asked=asked)
    known = readings or {}
    if not file.is_typed:
        table = file.read(file.names)
        frame = source_of_frame(_as_read(file, table, known), path.stem)
        return replace(frame, raw=table.column)
    n_rows = file.n_rows()
    if not n_rows:
        raise DataError(f"{_KEY}: {path} has a header but no rows")
    return RowsSource(
        name=path.stem,
        columns=file.names,
        n_rows=n_rows,
        read=lambda wanted: _as_read(file, file.read(wanted), known),
        raw=lambda name: file.read([name]).column(name),
        pieces=lambda wanted, size: (
            _as_read(file, piece, known) for piece in file.pieces(wanted, size)
        ),
    )


def _raw(column: pd.Series) -> pa.ChunkedArray:
    try:
        return pa.chunked_array([pa.Array.from_pandas(column)])
    except (pa.ArrowException, TypeError):  # values of several types: each by itself
        texts = [None if value is None else str(value) for value in column]
        return pa.chunked_array([pa.array(texts, pa.string())])


def _as_read(file: TableFile, table: pa.Table, known: Mapping[str, ColumnReading]) -> pd.DataFrame:
    """Raw columns by their readings in training, values that do not fit as they are.

    Text in a typed file stays text where training saw numbers: the change of type is a finding.
    """
    unknown = [name for name in table.column_names if name not in known]
    inferred, _ = infer_readings(
        table.select(unknown), FileFormat(), is_typed=file.is_typed, delimiter=file.delimiter
    )
    readings = {**inferred, **known}
    columns = {}
    for name in table.column_names:
        column, reading = table.column(name), readings[name]
        is_new_type = file.is_typed and pa.types.is_string(column.type) and not reading.from_text
        columns[name] = lenient(name, column, TEXT if is_new_type else reading)
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def log_files(path: Path) -> list[Path]:
    """The files of a server's log; none where the path is something else."""
    if path.is_dir():
        return sorted(path.glob(LOG_FILES))
    return [path] if path.suffix == ".jsonl" and path.is_file() else []


def read_lines(files: Sequence[Path]) -> Iterator[tuple[Path, int, str]]:
    """File, number and text of every whole line; one being written, or cut off, is left out."""
    for path in files:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.endswith("\n"):
                    yield path, number, line


def read_entries(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Every whole line of some logs as JSON.

    Raises:
        DataError: Naming the first line that is none.
    """
    found = []
    for path, number, line in read_lines(files):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: no entry of a log ({error})") from error
        if not isinstance(entry, dict):
            raise DataError(f"{path}, line {number}: no entry of a log")
        found.append(entry)
    return found


def _read_log(files: Sequence[Path]) -> pd.DataFrame:
    rows = [_log_row(path, number, line) for path, number, line in read_lines(files)]
    if not rows:
        raise DataError(f"{_KEY}: {files[0].parent} holds a log without requests")
    # As JSON gave them: whole numbers beside a null would become floats and lose digits.
    return pd.DataFrame(rows, dtype=object).infer_objects()


def _log_row(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        entry = json.loads(line)
        told = {name: entry[name] for name in (LOG_TIME, LOG_SCORE, LOG_ALERT, LOG_VERSION)}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{_KEY}: {path}, line {number}: no entry of a server's log ({error})"
        ) from error
    return {**(entry.get("row") or {}), **told}
