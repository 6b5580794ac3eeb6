"""Table file: CSV and Parquet through Arrow, only the columns asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads

from harness.errors import ConfigError, DataError

_CSV = (".csv", ".tsv", ".txt")
_PACKED = (".gz", ".bz2", ".zst")
# Config key that names the file, for errors.
_KEY = "dataset.path"


def column_names(path: Path, *, key: str = _KEY) -> list[str]:
    """Names of a table's columns, read from its head.

    Raises:
        ConfigError: If there is no such file.
        DataError: If it is empty, unreadable, or names a column twice.
    """
    if not path.exists():
        raise ConfigError(f"{key}: no file at {path}; check the spelling and the folder")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{key}: {path} is empty (0 bytes)")
    try:
        if is_csv(path, key=key):
            with pacsv.open_csv(path, parse_options=_parse(path)) as reader:
                names = list(reader.schema.names)
        else:
            names = list(pads.dataset(path, format="parquet", partitioning="hive").schema.names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(key, path, error) from error
    twice = sorted(name for name, n in Counter(names).items() if n > 1)
    if not names:
        raise DataError(f"{key}: {path} holds no Parquet file, or one without columns")
    if twice:
        raise DataError(f"{key}: {path} has the column '{twice[0]}' twice; rename one of them")
    return names


def read_columns(path: Path, names: Sequence[str], *, key: str = _KEY) -> pd.DataFrame:
    """Read the named columns of a table.

    Raises:
        DataError: If the file is damaged or has no rows.
    """
    try:
        if is_csv(path, key=key):
            options = pacsv.ConvertOptions(
                include_columns=list(names),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            )
            table = pacsv.read_csv(path, parse_options=_parse(path), convert_options=options)
        else:
            table = pads.dataset(path, format="parquet", partitioning="hive").to_table(
                columns=list(names)
            )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(key, path, error) from error
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(pa.float64()))
    if table.num_rows == 0:
        raise DataError(f"{key}: {path} has a header but no rows")
    frame: pd.DataFrame = table.to_pandas(
        split_blocks=True, self_destruct=True, date_as_object=False
    )
    return frame


def table_files(path: Path) -> list[Path]:
    """The files a table lies in, by name."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    return [path]


def is_csv(path: Path, *, key: str = _KEY) -> bool:
    """Whether the name says CSV; Parquet otherwise.

    Raises:
        ConfigError: If it says neither.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    if path.is_dir() or last in (".parquet", ".pq"):
        return False
    if last in _CSV:
        return True
    raise ConfigError(f"{key}: {path} is neither .csv, .tsv nor .parquet; rename or convert it")


def _parse(path: Path) -> pacsv.ParseOptions:
    return pacsv.ParseOptions(delimiter=separator(path))


def separator(path: Path) -> str:
    """The separator a CSV's head shows: of the usual ones, the one that occurs most."""
    with pa.input_stream(path) as stream:  # unpacks .gz and .bz2 by their ending
        head = stream.read(65_536).split(b"\n", 1)[0]
    counts = {mark: head.count(mark.encode()) for mark in ",;\t|"}
    return max(counts, key=lambda mark: counts[mark])


def _unreadable(key: str, path: Path, error: Exception) -> DataError:
    first = str(error).splitlines()[0]
    return DataError(
        f"{key}: {path} cannot be read ({first}); is it whole, and what its name says?"
    )
