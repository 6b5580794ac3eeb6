"""Batch: score a file of any size, a piece at a time, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from harness.artefacts.atomic import new_file
from harness.bundle.bundle import Bundle
from harness.data.table_file import column_names, is_csv, separator
from harness.errors import BundleError, ConfigError, DataError, did_you_mean

# A piece of 30 numbers is 8 MB.
PIECE_ROWS = 32_768


def score_file(
    bundle: Bundle,
    table: Path,
    out: Path,
    *,
    keep: Sequence[str] = (),
    on_rows: Callable[[int], None] | None = None,
) -> int:
    """Score every row of a CSV or Parquet file.

    Args:
        bundle: What scores.
        table: File or folder of Parquet to read.
        out: CSV or Parquet to write: the columns kept, `score` and `alert`, in row order.
        keep: Columns to carry over.
        on_rows: Told the number of rows of each piece as it is done.

    Returns:
        Rows scored.

    Raises:
        ConfigError: If a column to keep is not there, or the output's kind is unknown.
        BundleError: If a row cannot be scored, naming column and row; nothing is written.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out {out}: write .csv or .parquet")
    names = column_names(table, key="table")
    for name in keep:
        if name not in names:
            raise ConfigError(f"--keep {name}: no such column; {did_you_mean(name, names)}")
    for name in bundle.schema.columns:
        if name not in names:
            hint = did_you_mean(name, names)
            raise BundleError(f"column '{name}' is missing from {table}; {hint}")
    n_rows = 0
    with new_file(out) as path, _Writer(path, out.suffix) as writer:
        for piece in _pieces(bundle, table, keep):
            try:
                scores = bundle.score(piece)
            except BundleError as error:
                raise BundleError(f"{table}, rows from {n_rows:,} on: {error}") from error
            columns = {name: piece.column(name) for name in keep}
            columns |= {"score": pa.array(scores), "alert": pa.array(scores >= bundle.threshold)}
            writer.write(pa.table(columns))
            n_rows += piece.num_rows
            if on_rows is not None:
                on_rows(piece.num_rows)
        if n_rows == 0:
            raise DataError(f"{table}: has no rows to score")
    return n_rows


def n_rows_of(table: Path) -> int | None:
    """Rows of a Parquet file or folder, from its footers; None for CSV."""
    return (
        None
        if is_csv(table, key="table")
        else int(pads.dataset(table, format="parquet").count_rows())
    )


def _pieces(bundle: Bundle, table: Path, keep: Sequence[str]) -> Iterator[pa.Table]:
    names = list(dict.fromkeys((*bundle.schema.columns, *keep)))
    try:
        if is_csv(table, key="table"):
            types = dict.fromkeys(bundle.schema.numeric, pa.float64())
            types |= dict.fromkeys(bundle.schema.categorical, pa.string())
            options = pacsv.ConvertOptions(
                include_columns=names, column_types=types, strings_can_be_null=True
            )
            parse = pacsv.ParseOptions(delimiter=separator(table))
            with pacsv.open_csv(table, parse_options=parse, convert_options=options) as reader:
                for batch in reader:
                    yield from _cut(pa.Table.from_batches([batch]))
        else:
            # File by file: a dataset's scanner reads ahead by gigabytes.
            for file in pads.dataset(table, format="parquet").files:
                with pq.ParquetFile(file, pre_buffer=False) as parquet:
                    for batch in parquet.iter_batches(PIECE_ROWS, columns=names):
                        yield from _cut(pa.Table.from_batches([batch]))
    except pa.ArrowException as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{table}: cannot be read ({first})") from error


def _cut(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, PIECE_ROWS):
        yield table.slice(start, PIECE_ROWS)


class _Writer:
    """Appends tables to a CSV or Parquet file; the schema is that of the first."""

    def __init__(self, path: Path, suffix: str) -> None:
        self._path, self._suffix = path, suffix
        self._open: pq.ParquetWriter | pacsv.CSVWriter | None = None

    def write(self, table: pa.Table) -> None:
        if self._open is None:
            kind = pacsv.CSVWriter if self._suffix == ".csv" else pq.ParquetWriter
            self._open = kind(str(self._path), table.schema)
        self._open.write_table(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            self._open.close()
