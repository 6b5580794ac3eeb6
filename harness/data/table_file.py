"""Table file: the one place where CSV and Parquet are opened, for training and for scoring alike.

A CSV is read as text and a Parquet file with its own types; what the values are is said by the
readings of `column_reading`. Only the columns asked for are read.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from harness.data.column_inference import infer_readings
from harness.data.column_reading import keys, plain, shown, time_values
from harness.data.dialect import Dialect, FileFormat, detect_dialect
from harness.errors import ConfigError, DataError
from harness.settings import FileSettings

_CSV = (".csv", ".tsv", ".txt")
_PACKED = (".gz", ".bz2", ".zst")
# Config key that names the file, for errors.
_KEY = "dataset.path"
_BLOCK = 4 << 20
_LARGEST_BLOCK = 1 << 30
# Lines below the last row, such as a total, that may have another number of columns.
_MOST_FOOTERS = 5
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")
_TAIL_BYTES = 65_536
_SEARCHED_BYTES = 64 << 20
_MESSAGE = 160


@dataclass(frozen=True, kw_only=True, eq=False)
class TableFile:
    """A CSV or Parquet file, or a folder of Parquet, opened.

    Attributes:
        path: Where it lies.
        key: Config key or flag that names it, for errors.
        names: Its columns; the unnamed index that pandas stores is none.
        dialect: How a CSV is written; None for Parquet.
        parquet: A Parquet table with one schema over all its files; None for CSV.
        notes: What was detected that a reader would want to know.
        left_out: Sentences about lines that were no rows, once these were read.
    """

    path: Path
    key: str
    names: Sequence[str]
    dialect: Dialect | None = None
    parquet: ParquetTable | None = None
    notes: tuple[str, ...] = ()
    left_out: list[str] = field(default_factory=list)

    @property
    def is_typed(self) -> bool:
        """Whether the file has types of its own."""
        return self.dialect is None

    @property
    def index(self) -> tuple[str, ...]:
        """Columns that pandas stored as an index."""
        return self.parquet.index if self.parquet else ()

    @property
    def delimiter(self) -> str:
        """Character between columns; a comma where there is none."""
        return self.dialect.delimiter if self.dialect else ","

    def read(self, names: Sequence[str]) -> pa.Table:
        """The named columns, raw: text of a CSV, typed values of Parquet.

        Raises:
            DataError: If the file is damaged or has no rows.
        """
        if self.parquet is not None:
            table = self.parquet.read(names, key=self.key)
        else:
            table = self._read_csv(names)
        if table.num_rows == 0:
            raise DataError(f"{self.key}: {self.path} has a header but no rows")
        return table

    def pieces(self, names: Sequence[str], n_rows: int) -> Iterator[pa.Table]:
        """The named columns, raw, at most n_rows at a time and never the whole file at once.

        Raises:
            DataError: If the file is damaged.
        """
        if self.parquet is not None:
            yield from self.parquet.pieces(names, n_rows, key=self.key)
            return
        assert self.dialect is not None
        rows = _OddRows(self.dialect.comment)
        wanted = self._with_first(names)
        try:
            with pacsv.open_csv(self.path, **self._options(wanted, rows, _BLOCK)) as reader:
                for batch in reader:
                    table = self._without_comments(pa.Table.from_batches([batch]), names)
                    for start in range(0, table.num_rows, n_rows):
                        yield table.slice(start, n_rows)
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise unreadable(self.key, self.path, error) from error
        rows.check(self)

    def n_unquoted_na(self) -> int:
        """Cells of a CSV that hold NA without quotes, in its first part: no value, or a country."""
        dialect = self.dialect
        if dialect is None or "NA" not in dialect.nulls or dialect.encoding.startswith("utf-16"):
            return 0
        with pa.input_stream(self.path) as stream:
            head = stream.read(_SEARCHED_BYTES)
        mark = re.escape(dialect.delimiter.encode())
        return len(re.findall(rb"(?:^|(?<=[\n" + mark + rb"]))NA(?=[\r\n" + mark + rb"]|$)", head))

    def n_rows(self) -> int | None:
        """Rows of Parquet, from its footers; None for CSV."""
        return None if self.parquet is None else self.parquet.n_rows()

    def _read_csv(self, names: Sequence[str]) -> pa.Table:
        assert self.dialect is not None
        wanted = self._with_first(names)
        block = _BLOCK
        while True:
            rows = _OddRows(self.dialect.comment)
            try:
                table = pacsv.read_csv(self.path, **self._options(wanted, rows, block))
            except (pa.ArrowException, OSError, UnicodeError) as error:
                # One row can be longer than a block: a document in a cell.
                if "straddling" in str(error) and block < _LARGEST_BLOCK:
                    block *= 16
                    continue
                raise unreadable(self.key, self.path, error) from error
            rows.check(self)
            return self._without_comments(table, names)

    def _options(self, names: Sequence[str], rows: _OddRows, block: int) -> dict[str, Any]:
        dialect = self.dialect
        assert dialect is not None
        return {
            "read_options": pacsv.ReadOptions(
                encoding=dialect.encoding, skip_rows=dialect.skip_rows, block_size=block
            ),
            "parse_options": pacsv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                newlines_in_values=dialect.has_quotes,
                invalid_row_handler=rows,
            ),
            "convert_options": pacsv.ConvertOptions(
                include_columns=list(names),
                column_types=dict.fromkeys(names, pa.string()),
                null_values=list(dialect.nulls),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        }

    def _with_first(self, names: Sequence[str]) -> list[str]:
        """Columns to read: comments are told by the first one."""
        assert self.dialect is not None
        if self.dialect.comment and self.names[0] not in names:
            return [self.names[0], *names]
        return list(names)

    def _without_comments(self, table: pa.Table, names: Sequence[str]) -> pa.Table:
        assert self.dialect is not None
        if self.dialect.comment:
            first = table.column(self.names[0]).fill_null("")
            mark = self.dialect.comment
            table = table.filter(pc.invert(pc.starts_with(first, mark)))
        return table.select(list(names))


class _OddRows:
    """Rows of a CSV with another number of columns than the header: comments, footers, damage."""

    def __init__(self, comment: str) -> None:
        self._comment = comment
        self.rows: list[tuple[int, int, str]] = []

    def __call__(self, row: Any) -> str:
        if not (self._comment and row.text.startswith(self._comment)) and len(self.rows) < 1_000:
            self.rows.append((row.expected_columns, row.actual_columns, row.text))
        return "skip"

    def check(self, file: TableFile) -> None:
        """Accept footers, and refuse anything else.

        Raises:
            DataError: If a row in the middle has too few or too many columns.
        """
        if not self.rows:
            return
        assert file.dialect is not None
        texts = {text for _, _, text in self.rows}
        if len(self.rows) <= _MOST_FOOTERS and texts <= set(_last_lines(file.path, file.dialect)):
            lines = f"{len(self.rows)} lines" if len(self.rows) > 1 else "a line"
            file.left_out.append(
                f"{file.path.name}: {lines} below the last row left out, of another number of "
                f"columns ({shown(self.rows[0][2])})"
            )
            return
        expected, actual, text = self.rows[0]
        raise DataError(
            f"{file.key}: {file.path} has a row of {actual} columns where the header has {expected} "
            f"({shown(text)}); fix it, or set {file.dialect.group}quote, delimiter or comment"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ParquetTable:
    """Parquet files read as one table: a column that a file lacks is null there.

    Attributes:
        dataset: The files as Arrow sees them, under one schema.
        index: Columns that pandas stored as an index, and that were given a name.
        absent: Columns that some file lacks, and the first such file.
    """

    dataset: pads.Dataset
    index: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fragments(self) -> list[Any]:
        """Its files, by name."""
        return _by_name(self.dataset)

    def read(self, names: Sequence[str], *, key: str) -> pa.Table:
        """Some columns of all rows, file after file.

        Raises:
            DataError: If a file is damaged.
        """
        pieces = []
        for fragment in self.fragments:
            try:
                pieces.append(fragment.to_table(schema=self.dataset.schema, columns=list(names)))
            except (pa.ArrowException, OSError) as error:
                raise unreadable(key, fragment.path, error) from error
        return pa.concat_tables(pieces)

    def pieces(self, names: Sequence[str], n_rows: int, *, key: str) -> Iterator[pa.Table]:
        """Some columns, some rows at a time.

        Not by a scanner, which reads ahead by gigabytes.

        Raises:
            DataError: If a file is damaged.
        """
        for fragment in self.fragments:
            own = [name for name in names if name in fragment.physical_schema.names]
            try:
                with (
                    fragment.filesystem.open_input_file(fragment.path) as source,
                    pq.ParquetFile(source, pre_buffer=False) as parquet,
                ):
                    for batch in parquet.iter_batches(n_rows, columns=own):
                        yield self._under_one_schema(batch, fragment, names)
            except (pa.ArrowException, OSError) as error:
                raise unreadable(key, fragment.path, error) from error

    def n_rows(self) -> int:
        """Rows, from the files' footers."""
        return int(self.dataset.count_rows())

    def _under_one_schema(
        self, batch: pa.RecordBatch, fragment: Any, names: Sequence[str]
    ) -> pa.Table:
        constants = pads.get_partition_keys(fragment.partition_expression)
        columns = []
        for name in names:
            kind = self.dataset.schema.field(name).type
            if name in batch.schema.names:
                columns.append(batch.column(name).cast(kind))
            else:
                value = pa.scalar(constants.get(name), kind)
                columns.append(pa.repeat(value, batch.num_rows))
        return pa.table(columns, names=list(names))


def open_table(path: Path, *, key: str = _KEY, asked: FileFormat | None = None) -> TableFile:
    """Open a CSV or Parquet file, or a folder of Parquet, without reading its rows.

    Args:
        path: Where it lies.
        key: Config key or flag that names it, for errors.
        asked: What the user says about how a CSV is written.

    Raises:
        ConfigError: If there is no such file, or its name says nothing.
        DataError: If it is empty, unreadable, or names a column twice.
    """
    if not path.exists():
        raise ConfigError(f"{key}: no file at {path}; check the spelling and the folder")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{key}: {path} is empty (0 bytes)")
    if is_csv(path, key=key):
        dialect, names = detect_dialect(path, asked or FileFormat(), key=key)
        file = TableFile(path=path, key=key, names=names, dialect=dialect, notes=dialect.notes)
    else:
        table = open_parquet(path, key=key)
        names = [str(name) for name in table.dataset.schema.names]
        notes = [
            f"{name}: not in every file (missing in {Path(file).name}), null there"
            for name, file in table.absent.items()
        ]
        file = TableFile(path=path, key=key, names=names, parquet=table, notes=tuple(notes))
    if not file.names:
        raise DataError(f"{key}: {path} holds no Parquet file, or one without columns")
    twice = sorted(name for name, n in Counter(file.names).items() if n > 1)
    if twice:
        raise DataError(f"{key}: {path} has the column '{twice[0]}' twice; rename one of them")
    return file


def open_parquet(path: Path | str, *, key: str, filesystem: Any = None) -> ParquetTable:
    """Open Parquet files as one table under one schema.

    Columns that some files lack are null there, whole numbers and floats become floats, and
    names of folders such as `region=EU` are columns of text.

    Args:
        path: File, folder, or place in the filesystem.
        key: Config key or flag that names it, for errors.
        filesystem: Where the path lies; None for local files.

    Raises:
        ConfigError: If nothing is there.
        DataError: If a file is damaged, or files disagree about the type of a column.
    """
    try:
        found = pads.dataset(path, filesystem=filesystem, format="parquet", partitioning="hive")
        fragments = _by_name(found)
        own = [(str(f.path), _plain_types(f.physical_schema)) for f in fragments]
    except FileNotFoundError as error:
        raise ConfigError(f"{key}: no file at {path}; check the spelling") from error
    except (pa.ArrowException, OSError) as error:
        raise unreadable(key, path, error) from error
    in_files = {name for _, schema in own for name in schema.names}
    folders = pa.schema([(n, pa.string()) for n in found.schema.names if n not in in_files])
    schema = _unified([*own, ("", folders)], key)
    hidden = [name for name in schema.names if _UNNAMED_INDEX.match(name)]
    schema = pa.schema([f for f in schema if f.name not in hidden])
    names = [name for name in schema.names if name not in folders.names]
    absent = {
        name: next((file for file, known in own if name not in known.names), "") for name in names
    }
    return ParquetTable(
        dataset=pads.dataset(
            path,
            schema=schema,
            filesystem=filesystem,
            format="parquet",
            partitioning=pads.HivePartitioning(folders),
        ),
        index=_index(found.schema, hidden),
        absent={name: file for name, file in absent.items() if file},
    )


def file_format(settings: FileSettings, group: str = "dataset.") -> FileFormat:
    """What a config says about how its file is written.

    Args:
        settings: The keys.
        group: Where they stand, for errors.
    """
    said = {f.name: getattr(settings, f.name) for f in fields(FileSettings)}
    nulls = said.pop("null_values")
    return FileFormat(**said, null_values=None if nulls is None else tuple(nulls), group=group)


def column_names(path: Path, *, key: str = _KEY, asked: FileFormat | None = None) -> list[str]:
    """Names of a table's columns.

    Raises:
        ConfigError: If there is no such file.
        DataError: If it is empty, unreadable, or names a column twice.
    """
    return list(open_table(path, key=key, asked=asked).names)


def read_columns(
    path: Path,
    names: Sequence[str],
    *,
    key: str = _KEY,
    text: Collection[str] = (),
    times: Collection[str] = (),
    asked: FileFormat | None = None,
) -> pd.DataFrame:
    """Read the named columns of a table, each as what its values are.

    Args:
        path: CSV, Parquet, or a folder of Parquet.
        names: Columns to read.
        key: Config key or flag that names the file, for errors.
        text: Columns that name rows or units: exact text, None for null.
        times: Columns that times are read from: typed times, whole numbers exactly, else text.
        asked: What the user says about how a CSV is written.

    Returns:
        Numbers as float64, truth values as bool, times of a typed file as datetime64, all else
        as text.

    Raises:
        DataError: If the file is damaged or has no rows, or an identifier has lost digits.
    """
    file = open_table(path, key=key, asked=asked)
    table = file.read(names)
    readings, _ = infer_readings(
        table.select([name for name in names if name not in text and name not in times]),
        asked or FileFormat(),
        is_typed=file.is_typed,
        delimiter=file.delimiter,
    )
    columns: dict[str, pd.Series] = {}
    for name in table.column_names:
        column = table.column(name)
        if name in text:
            columns[name] = pd.Series(keys(name, column, key=key).to_pandas(), dtype=object)
        elif name in times:
            columns[name] = time_values(name, column)
        else:
            columns[name] = plain(name, column, readings[name])
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


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


def unreadable(key: str, path: Path | str, error: Exception) -> DataError:
    """What to say of a file that cannot be read; its contents are not shown at length."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"{key}: {path} cannot be read ({first[:_MESSAGE]}); is it whole, and what its name says?"
    )


def _by_name(dataset: pads.Dataset) -> list[Any]:
    return sorted(dataset.get_fragments(), key=lambda fragment: str(fragment.path))


def _plain_types(schema: pa.Schema) -> pa.Schema:
    """Without dictionaries, and text in one type, so that files written apart agree."""

    def plain_type(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        is_text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        return pa.string() if is_text else kind

    return pa.schema([pa.field(f.name, plain_type(f.type)) for f in schema])


def _unified(schemas: Sequence[tuple[str, pa.Schema]], key: str) -> pa.Schema:
    whole = pa.schema([])
    for file, schema in schemas:
        try:
            whole = pa.unify_schemas([whole, schema], promote_options="permissive")
        except pa.ArrowException as error:
            name = next(
                n for n in schema.names if n in whole.names and not _agree(whole, schema, n)
            )
            first = next(f for f, s in schemas if name in s.names)
            raise DataError(
                f"{key}: column '{name}' is {whole.field(name).type} in {Path(first).name} and "
                f"{schema.field(name).type} in {Path(file).name}; write it in one type"
            ) from error
    return whole


def _agree(one: pa.Schema, other: pa.Schema, name: str) -> bool:
    try:
        pa.unify_schemas(
            [pa.schema([one.field(name)]), pa.schema([other.field(name)])],
            promote_options="permissive",
        )
    except pa.ArrowException:
        return False
    return True


def _index(schema: pa.Schema, hidden: Sequence[str]) -> tuple[str, ...]:
    """Columns that pandas stored as an index, as its metadata says."""
    try:
        facts = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    except ValueError:
        return ()
    named = [name for name in facts.get("index_columns", []) if isinstance(name, str)]
    return tuple(name for name in named if name not in hidden)


def _last_lines(path: Path, dialect: Dialect) -> list[str]:
    """The last lines of a CSV that hold anything."""
    tail: deque[bytes] = deque(maxlen=2)
    with pa.input_stream(path) as stream:
        while chunk := stream.read(_TAIL_BYTES):
            tail.append(chunk)
    text = b"".join(tail).decode(dialect.encoding, errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-_MOST_FOOTERS:]
