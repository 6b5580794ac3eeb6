"""Batch: score a file of any size, a piece at a time, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from harness.artefacts.atomic import new_file
from harness.bundle.bundle import Bundle
from harness.data.table_file import open_table
from harness.errors import BundleError, ConfigError, DataError, did_you_mean

# Thirty numbers of as many rows are 8 MB.
PIECE_ROWS = 32_768


def score_file(
    bundle: Bundle,
    table: Path,
    out: Path,
    *,
    keep: Sequence[str] = (),
    on_rows: Callable[[int], None] | None = None,
    notes: list[str] | None = None,
) -> int:
    """Score every row of a CSV or Parquet file.

    Args:
        bundle: What scores.
        table: File or folder of Parquet to read, by the readings that the bundle stores.
        out: CSV or Parquet to write: the columns kept, `score` and `alert`, in row order.
        keep: Columns to carry over exactly as the file holds them, `NAME` or `NAME=NEW_NAME`.
        on_rows: Told the number of rows of each piece as it is done.
        notes: Sentences about lines of the file that were no rows are appended here.

    Returns:
        Rows scored.

    Raises:
        ConfigError: If a column to keep is not there or has the name of an output, or the output's
            kind is unknown.
        BundleError: If a column is missing.
        DataError: If a value does not fit how its column was read in training, naming column, row
            and value; nothing is written.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out {out}: write .csv or .parquet")
    file = open_table(table, key="table", asked=bundle.schema.file)
    kept = _kept(keep, file.names)
    for name in bundle.schema.columns:
        if name not in file.names:
            hint = did_you_mean(name, file.names)
            raise BundleError(f"column '{name}' is missing from {table}; {hint}")
    names = list(dict.fromkeys((*bundle.schema.columns, *kept.values())))
    n_rows = 0
    with new_file(out) as path, _Writer(path, out.suffix) as writer:
        for piece in file.pieces(names, PIECE_ROWS):
            try:
                features = bundle.schema.frame_of_file(piece, first_row=n_rows)
            except DataError as error:
                raise DataError(f"{table}: {error}") from error
            try:
                scores = bundle.score_features(features)
            except BundleError as error:
                raise BundleError(f"{table}, rows from {n_rows:,} on: {error}") from error
            columns = {new: piece.column(name) for new, name in kept.items()}
            columns |= {"score": pa.array(scores), "alert": pa.array(scores >= bundle.threshold)}
            writer.write(pa.table(columns))
            n_rows += piece.num_rows
            if on_rows is not None:
                on_rows(piece.num_rows)
        if n_rows == 0:
            raise DataError(f"{table}: has no rows to score")
    if notes is not None:
        notes += file.left_out
    return n_rows


def n_rows_of(table: Path) -> int | None:
    """Rows of a Parquet file or folder, from its footers; None for CSV."""
    return open_table(table, key="table").n_rows()


def _kept(keep: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Columns to carry over: name in the output to name in the table."""
    kept: dict[str, str] = {}
    for asked in keep:
        name, _, new = (asked, "", asked) if asked in names else asked.partition("=")
        if name not in names:
            raise ConfigError(f"--keep {name}: no such column; {did_you_mean(name, names)}")
        new = new or name
        if new in ("score", "alert"):
            raise ConfigError(
                f"--keep {name}: the output has a column '{new}' of its own; give yours another "
                f"name, such as --keep {name}={name}_before"
            )
        if kept.get(new, name) != name:
            raise ConfigError(f"--keep {asked}: '{new}' is kept already; choose another name")
        kept[new] = name
    return kept


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
