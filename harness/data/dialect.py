"""Dialect: how a CSV file is written, as the user says it or as the file shows it.

Only what a file shows beyond doubt is detected, and what is detected is said; the rest is a
setting of the dataset (`dataset.encoding`, `dataset.delimiter`, ...). Arrow does the parsing.
"""

from __future__ import annotations

import codecs
import csv
import io
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.errors import ConfigError, DataError

# Unquoted, these mean that there is no value; pandas and Arrow write and read most of them.
NULL_VALUES = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "n/a",
    "nan",
    "null",
)
_DELIMITERS = ",;\t|"
_NAMES = {"\t": "tab", " ": "space"}
_WORDS = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}
_HEAD_BYTES, _HEAD_ROWS = 65_536, 50
_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Where bytes are not UTF-8 and nobody said what they are: what Windows writes in the West.
_FALLBACK = "cp1252"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """What the user says about a text file; None is detected.

    Attributes:
        encoding: Python codec of files that are not UTF-8, such as cp1252 or utf-16.
        delimiter: Character between columns.
        decimal: Decimal mark of numbers, `.` or `,`.
        thousands: Mark between groups of three digits.
        null_values: Unquoted texts that mean there is no value, instead of the usual ones.
        quote: Character around quoted values; empty where values are never quoted.
        comment: Lines that begin with it are left out.
        skip_rows: Lines before the header.
        group: Start of the config keys that say so, for errors.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    null_values: tuple[str, ...] | None = None
    quote: str | None = None
    comment: str | None = None
    skip_rows: int = 0
    group: str = "dataset."

    def to_json(self) -> dict[str, Any]:
        """What was said, for a bundle."""
        said = {name: value for name, value in asdict(self).items() if value not in (None, 0)}
        return {name: value for name, value in said.items() if name != "group"}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> FileFormat:
        """The format that `to_json` wrote."""
        nulls = facts.get("null_values")
        return cls(**{**facts, "null_values": None if nulls is None else tuple(nulls)})

    @property
    def nulls(self) -> tuple[str, ...]:
        """Texts that mean there is no value; an empty cell always does."""
        return NULL_VALUES if self.null_values is None else ("", *self.null_values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one file is written.

    Attributes:
        encoding: Python codec.
        delimiter: Character between columns.
        quote: Character around quoted values; empty for none.
        comment: Lines that begin with it are left out; empty for none.
        skip_rows: Lines before the header.
        nulls: Unquoted texts that mean there is no value.
        has_quotes: Whether a value may be quoted, and so may hold line ends.
        group: Start of the config keys that say so, for errors.
        notes: What was detected that a reader would want to know.
    """

    encoding: str
    delimiter: str
    quote: str
    comment: str
    skip_rows: int
    nulls: tuple[str, ...]
    has_quotes: bool
    group: str
    notes: tuple[str, ...] = field(default=())


def detect_dialect(path: Path, asked: FileFormat, *, key: str) -> tuple[Dialect, list[str]]:
    """How a CSV file is written, and the names of its columns.

    Args:
        path: The file, packed or not.
        asked: What the user says about it.
        key: Config key or flag that names the file, for errors.

    Raises:
        ConfigError: If a setting is not valid.
        DataError: If the file is not text, or its columns cannot be told apart.
    """
    group = asked.group
    _check(asked, group)
    encoding, notes = _encoding(path, asked.encoding, key=key, group=group)
    quote = '"' if asked.quote is None else asked.quote
    lines = _head(path, encoding, key=key)
    skip = asked.skip_rows
    while skip < len(lines) and asked.comment and lines[skip].startswith(asked.comment):
        skip += 1
    delimiter = _WORDS.get(asked.delimiter or "", asked.delimiter)
    if delimiter is None:
        delimiter = _delimiter(lines[skip:], quote)
    if asked.skip_rows and asked.skip_rows >= len(lines):
        raise ConfigError(f"{group}skip_rows: {path} has only {len(lines)} lines; skip fewer")
    rows = _rows(lines[skip:], delimiter, quote)
    if not rows:
        raise DataError(f"{key}: {path} has no header line; the first line names the columns")
    _check_header(rows, skip, path=path, key=key, group=group)
    if delimiter != "," and asked.delimiter is None and len(lines) > skip:
        notes.append(f"{path.name}: columns are separated by {_NAMES.get(delimiter, delimiter)}")
    dialect = Dialect(
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        comment=asked.comment or "",
        skip_rows=skip,
        nulls=asked.nulls,
        has_quotes=bool(quote) and _contains(path, quote, encoding),
        group=group,
        notes=tuple(notes),
    )
    return dialect, rows[0]


def _check(asked: FileFormat, group: str) -> None:
    if asked.encoding is not None:
        try:
            codecs.lookup(asked.encoding)
        except LookupError as error:
            raise ConfigError(
                f"{group}encoding: '{asked.encoding}' is not a codec Python knows; use utf-8, cp1252, "
                "latin-1, utf-16 or another of its names"
            ) from error
    singles = {"decimal": asked.decimal, "thousands": asked.thousands, "quote": asked.quote}
    singles["delimiter"] = _WORDS.get(asked.delimiter or "", asked.delimiter)
    for name, value in singles.items():
        if value is not None and len(value) != 1 and not (name == "quote" and value == ""):
            raise ConfigError(f"{group}{name}: '{value}' is not a single character")
    if asked.decimal is not None and asked.decimal == asked.thousands:
        raise ConfigError(
            f"{group}thousands: '{asked.thousands}' is the decimal mark as well; they must differ"
        )
    if asked.decimal not in (None, ".", ","):
        raise ConfigError(f"{group}decimal: '{asked.decimal}' is not a decimal mark; use . or ,")
    if asked.skip_rows < 0:
        raise ConfigError(f"{group}skip_rows: {asked.skip_rows} is below 0; count lines to skip")


def _encoding(path: Path, asked: str | None, *, key: str, group: str) -> tuple[str, list[str]]:
    """The codec of a file: its byte order mark, UTF-8 where it is valid, else what was asked."""
    with pa.input_stream(path) as stream:
        head = stream.read(_HEAD_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            notes = [] if name == "utf-8-sig" else [f"{path.name}: read as {name}"]
            return name.removesuffix("-sig"), notes
    if asked is not None and codecs.lookup(asked).name not in ("utf-8", "utf-8-sig"):
        # A file of another encoding is seldom valid UTF-8 by chance, unless it is plain ASCII.
        wide = codecs.lookup(asked).name.startswith(("utf-16", "utf-32"))
        return (asked if wide or not _is_utf8(path) else "utf-8"), []
    if zeros := head.count(b"\0"):
        if zeros > 0.2 * len(head):  # every second byte of western text in UTF-16
            order = "be" if head[0::2].count(b"\0") > head[1::2].count(b"\0") else "le"
            return f"utf-16-{order}", [f"{path.name}: read as utf-16-{order}"]
        raise DataError(f"{key}: {path} holds bytes that are not text; is it what its name says?")
    if _is_utf8(path):
        return "utf-8", []
    if asked is not None:
        raise DataError(
            f"{key}: {path} is not {asked}, as {group}encoding says; try cp1252 or latin-1"
        )
    return _FALLBACK, [
        f"{path.name}: not UTF-8; read as {_FALLBACK}, set {group}encoding if it is another"
    ]


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with pa.input_stream(path) as stream:
            while chunk := stream.read(_CHUNK):
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _head(path: Path, encoding: str, *, key: str) -> list[str]:
    """The first lines, as text; the last of them may be cut off and is left out."""
    with pa.input_stream(path) as stream:
        head = stream.read(_HEAD_BYTES)
        is_whole = not stream.read(1)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(head, final=is_whole)
    except UnicodeDecodeError as error:
        raise DataError(f"{key}: {path} is not {encoding} ({error.reason})") from error
    lines = text.lstrip("\ufeff").splitlines()
    return lines if is_whole or len(lines) < 2 else lines[:-1]


def _rows(lines: Sequence[str], delimiter: str, quote: str) -> list[list[str]]:
    text = io.StringIO("\n".join(lines[:_HEAD_ROWS]))
    if quote:
        reader = csv.reader(text, delimiter=delimiter, quotechar=quote)
    else:
        reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    try:
        return [row for row in reader if row]
    except csv.Error:
        return []


def _delimiter(lines: Sequence[str], quote: str) -> str:
    """Of the usual ones, the one that cuts most rows into as many columns as the header has."""

    def fits(mark: str) -> tuple[float, int]:
        rows = _rows(lines, mark, quote)
        width = len(rows[0]) if rows else 1
        if width < 2:
            return 0.0, 0
        return sum(len(row) == width for row in rows) / len(rows), width

    return max(_DELIMITERS, key=fits)


def _check_header(
    rows: Sequence[Sequence[str]], skip: int, *, path: Path, key: str, group: str
) -> None:
    """Refuse a file whose first line is a title rather than a header."""
    widths = [len(row) for row in rows]
    if len(widths) < 3 or widths[0] >= max(widths):
        return
    width = max(set(widths[1:]), key=widths[1:].count)
    if widths[0] < width and widths.count(width) > len(widths) / 2:
        first = skip + widths.index(width)
        raise DataError(
            f"{key}: {path} begins with a line of {widths[0]} columns where most have {width}; if "
            f"the header is line {first + 1}, set {group}skip_rows={first}"
        )


def _contains(path: Path, quote: str, encoding: str) -> bool:
    """Whether the quoting character occurs at all; packed and wide encodings are not searched."""
    if encoding not in ("utf-8", _FALLBACK) or path.suffix.lower() in (".gz", ".bz2", ".zst"):
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as bytes_:
        return bytes_.find(quote.encode()) >= 0
