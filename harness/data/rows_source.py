"""Rows source: a table to look at a few columns, or a few rows, at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from harness.data.table_file import column_names, is_csv, read_columns
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
        is_log: Whether it is a server's log.
        path: Parquet to stream rows from; None where the table is in memory.
    """

    name: str
    columns: Sequence[str]
    n_rows: int
    read: Callable[[Sequence[str]], pd.DataFrame]
    is_log: bool = False
    path: Path | None = None

    def column_blocks(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The named columns, some at a time, each with all rows."""
        for start in range(0, len(names), _COLUMNS_AT_ONCE):
            yield self.read(names[start : start + _COLUMNS_AT_ONCE])

    def row_pieces(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The named columns, some rows at a time, in order."""
        size = max(1, _CELLS_AT_ONCE // max(1, len(names)))
        if self.path is None:
            frame = self.read(names)
            for start in range(0, len(frame), size):
                yield frame.iloc[start : start + size]
            return
        for file in pads.dataset(self.path, format="parquet").files:
            with pq.ParquetFile(file, pre_buffer=False) as parquet:
                for batch in parquet.iter_batches(size, columns=list(names)):
                    yield pa.Table.from_batches([batch]).to_pandas(date_as_object=False)


def source_of_frame(frame: pd.DataFrame, name: str, *, is_log: bool = False) -> RowsSource:
    """A table in memory."""
    return RowsSource(
        name=name,
        columns=[str(column) for column in frame.columns],
        n_rows=len(frame),
        read=lambda names: frame[list(names)],
        is_log=is_log,
    )


def open_source(path: Path) -> RowsSource:
    """A CSV or Parquet file, a folder of Parquet, or a server's log.

    Raises:
        ConfigError: If there is no such file, or its name says nothing.
        DataError: If it is damaged or has no rows.
    """
    if log := log_files(path):
        return source_of_frame(_read_log(log), path.name, is_log=True)
    names = column_names(path, key=_KEY)
    if is_csv(path, key=_KEY):
        return source_of_frame(read_columns(path, names, key=_KEY), path.stem)
    n_rows = int(pads.dataset(path, format="parquet").count_rows())
    if n_rows == 0:
        raise DataError(f"{_KEY}: {path} has a header but no rows")
    return RowsSource(
        name=path.stem,
        columns=names,
        n_rows=n_rows,
        read=lambda wanted: read_columns(path, wanted, key=_KEY),
        path=path,
    )


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
    return pd.DataFrame(rows)


def _log_row(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        entry = json.loads(line)
        told = {name: entry[name] for name in (LOG_TIME, LOG_SCORE, LOG_ALERT, LOG_VERSION)}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{_KEY}: {path}, line {number}: no entry of a server's log ({error})"
        ) from error
    return {**(entry.get("row") or {}), **told}
