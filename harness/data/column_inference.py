"""Column inference: how each column of a training table is read, by what its values show.

What is detected is said; what can be read in two ways is asked.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.column_reading import (
    LEADING_ZERO,
    MAX_EXACT,
    NUMBER,
    PLAIN_NUMBER,
    TEXT,
    ColumnReading,
    Kind,
    Raw,
    any_match,
    decoded,
    number_pattern,
    shown,
)
from harness.data.dialect import NULL_VALUES, FileFormat
from harness.data.time_column import looks_like_times
from harness.errors import ConfigError

# Texts that stand for "no value" among numbers; among words they may mean something.
_NO_NUMBER = frozenset(
    [
        "?",
        "??",
        "-",
        "--",
        "---",
        ".",
        "..",
        "*",
        "n.a.",
        "n.a",
        "n/a",
        "na",
        "nan",
        "none",
        "null",
        "nil",
        "missing",
        "unknown",
        "<na>",
        "nat",
        "#value!",
        "#ref!",
        "#div/0!",
        "#name?",
        "#num!",
        "#n/a",
    ]
) | {word.lower() for word in NULL_VALUES}
_GROUP_MARKS = ",.' \u00a0\u202f\u2019"
# Most distinct texts that patterns are tried on before all of them are.
_TRIED = 2_000


def infer_readings(
    table: pa.Table,
    asked: FileFormat,
    *,
    numeric: Collection[str] = (),
    is_typed: bool,
    delimiter: str = ",",
) -> tuple[dict[str, ColumnReading], list[str]]:
    """How each column of a table is read.

    The decimal mark is one for the whole file: a column that shows it beyond doubt decides for
    those that do not.

    Args:
        table: Raw columns: text of a CSV, or typed.
        asked: What the user says about the file.
        numeric: Columns that the user calls numbers.
        is_typed: Whether the file has types of its own, as Parquet does.
        delimiter: Character between columns of a CSV.

    Returns:
        Readings by column, and what was detected that a reader would want to know.

    Raises:
        ConfigError: If numbers can be read in two ways, naming the key that decides.
    """
    texts = {n: _distinct_texts(table.column(n)) for n in table.column_names if _is_text(table, n)}
    decimal = asked.decimal or _decimal_of(texts.values())
    readings: dict[str, ColumnReading] = {}
    notes: list[str] = []
    if decimal == "," and asked.decimal is None:
        notes.append("',' is read as the decimal mark of numbers")
    for name in table.column_names:
        if name not in texts:
            readings[name] = _typed_reading(table.column(name))
            if readings[name].kind is Kind.TEXT and pa.types.is_integer(table.column(name).type):
                notes.append(f"{name}: read as text, its whole numbers are too long to be exact")
            continue
        reading, note = _text_reading(
            name,
            texts[name],
            asked,
            decimal=decimal,
            is_numeric=name in numeric,
            is_typed=is_typed,
            delimiter=delimiter,
            group=asked.group,
        )
        readings[name] = reading
        if note:
            notes.append(f"{name}: {note}")
    return readings, notes


def _is_text(table: pa.Table, name: str) -> bool:
    kind = table.schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _distinct_texts(column: Raw) -> pa.Array:
    return pc.utf8_trim_whitespace(decoded(column).unique().drop_null())


def _typed_reading(column: Raw) -> ColumnReading:
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        return ColumnReading(kind=Kind.BOOLEAN)
    if pa.types.is_integer(kind):
        # Long whole numbers name things; as floats, several of them would become one.
        limits = pc.min_max(decoded(column))
        ends = [end for end in (limits["min"].as_py(), limits["max"].as_py()) if end is not None]
        return TEXT if any(abs(end) > MAX_EXACT for end in ends) else NUMBER
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return NUMBER
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return ColumnReading(kind=Kind.TIME)
    if pa.types.is_time(kind):
        return TEXT
    if pa.types.is_null(kind):
        return ColumnReading(kind=Kind.EMPTY)
    return ColumnReading(kind=Kind.NESTED)


def _text_reading(
    name: str,
    texts: pa.Array,
    asked: FileFormat,
    *,
    decimal: str | None,
    is_numeric: bool,
    is_typed: bool,
    delimiter: str,
    group: str,
) -> tuple[ColumnReading, str]:
    """How distinct texts are read, and what to say about it."""
    if len(texts) == 0:
        return ColumnReading(kind=Kind.EMPTY), ""
    nulls = _null_words(texts)
    rest = texts if not nulls else texts.filter(pc.invert(pc.is_in(texts, pa.array(nulls))))
    if len(rest) == 0:
        return (NUMBER, "") if is_numeric else (TEXT, "")
    if pc.all(pc.is_in(pc.utf8_lower(rest), pa.array(["true", "false"]))).as_py():
        words = tuple(sorted(word for word in nulls if word not in asked.nulls))
        return ColumnReading(kind=Kind.BOOLEAN, nulls=words, from_text=is_typed), ""
    reading, note = _number_reading(
        name, rest, asked, decimal=decimal, delimiter=delimiter, group=group, is_numeric=is_numeric
    )
    if reading is not None:
        words = tuple(sorted(word for word in nulls if word not in asked.nulls))
        if words:
            listed = ", ".join(shown(word) for word in words[:5])
            note = "; ".join(filter(None, [note, f"{listed} among its numbers read as null"]))
        if reading.kind is Kind.TEXT:
            return reading, note
        found = ColumnReading(
            kind=reading.kind,
            decimal=reading.decimal,
            thousands=reading.thousands,
            nulls=words,
            from_text=is_typed,
        )
        if is_typed and not note:
            note = "texts that are all numbers are read as numbers; list it under "
            note += f"{group}categorical if they are names"
        return found, note
    if looks_like_times(pd.Series(texts.to_pandas())):
        return ColumnReading(kind=Kind.TIME), ""
    return TEXT, _mixed(texts, group)


def _null_words(texts: pa.Array) -> list[str]:
    """Those of some texts that stand for no value among numbers."""
    mask = pc.is_in(pc.utf8_lower(texts), pa.array(sorted(_NO_NUMBER)))
    return [str(word) for word in texts.filter(mask).to_pylist()]


def _number_reading(
    name: str,
    texts: pa.Array,
    asked: FileFormat,
    *,
    decimal: str | None,
    delimiter: str,
    group: str,
    is_numeric: bool,
) -> tuple[ColumnReading | None, str]:
    """How texts are read as numbers; None where some of them are none."""
    comma = decimal == ","
    if not comma and _all(texts, PLAIN_NUMBER):
        if not is_numeric and any_match(texts, LEADING_ZERO):
            return ColumnReading(kind=Kind.TEXT, zero_padded=True), (
                "read as text, some of its numbers begin with zeros"
            )
        if not is_numeric and any_match(texts, r"^\+[0-9]{7,}$"):
            return TEXT, "read as text, its values look like telephone numbers"
        if not is_numeric and _all(texts, r"^[0-9]+E[0-9]+$"):
            return TEXT, "read as text, its values look like codes such as 1E5 rather than powers"
        if not is_numeric and _are_long(texts):
            return TEXT, "read as text, its whole numbers are too long to be exact"
        return NUMBER, ""
    for mark, group_mark in _marks(asked, decimal):
        if not _all(texts, number_pattern(mark, group_mark)):
            continue
        reading = ColumnReading(kind=Kind.NUMBER, decimal=mark, thousands=group_mark)
        if not group_mark:
            if (
                asked.decimal is None
                and decimal is None
                and _all(texts, r"^[+-]?[0-9]{1,3},[0-9]{3}$")
            ):
                break
            return reading, ""
        if not any_match(texts, _grouped(group_mark)):
            return ColumnReading(kind=Kind.NUMBER, decimal=mark), ""
        if decimal is None and asked.thousands is None and group_mark == "," and delimiter != ",":
            break
        return reading, f"'{group_mark}' is read as the mark of thousands"
    else:
        return None, ""
    example = str(texts[0].as_py())
    raise ConfigError(
        f"{group}decimal: column '{name}' holds {shown(example)}, which can be "
        f"{example.replace(',', '.')} or {example.replace(',', '')}; set {group}decimal=',' or "
        f"{group}thousands=','"
    )


def _marks(asked: FileFormat, decimal: str | None) -> list[tuple[str, str]]:
    """Decimal and thousands marks to try, the plainest first."""
    decimals = [decimal] if decimal else [".", ","]
    groups = [asked.thousands] if asked.thousands else list(_GROUP_MARKS)
    found = [(mark, "") for mark in decimals if not (mark == "," and decimal is None)]
    found += [(mark, group) for mark in decimals for group in groups if group != mark]
    return [*found, (",", "")] if decimal is None else found


def _grouped(thousands: str) -> str:
    mark = "\\" + thousands if thousands in ".'," else thousands
    return rf"[0-9]{mark}[0-9]{{3}}"


def _decimal_of(columns: Collection[pa.Array]) -> str | None:
    """The decimal mark that some column shows beyond doubt; None where none does."""
    shows = set()
    for texts in columns:
        some = texts.slice(0, _TRIED)
        words = _null_words(some)
        if words:
            some = some.filter(pc.invert(pc.is_in(some, pa.array(words))))
        if len(some) == 0:
            continue
        comma = number_pattern(",", ".")
        if _all(some, comma) and any_match(some, r",([0-9]{1,2}|[0-9]{4,})$|\.[0-9]{3},"):
            shows.add(",")
        elif (_all(some, PLAIN_NUMBER) and any_match(some, r"\.([0-9]{1,2}|[0-9]{4,})$")) or (
            _all(some, number_pattern(".", ",")) and any_match(some, r",[0-9]{3}\.")
        ):
            shows.add(".")
    return shows.pop() if len(shows) == 1 else None


def _are_long(texts: pa.Array) -> bool:
    """Whether some are whole numbers that a float would round."""
    long = texts.filter(pc.match_substring_regex(texts, r"^[+-]?[0-9]{16,}$"))
    return any(abs(int(text)) > MAX_EXACT for text in long.to_pylist())


def _mixed(texts: pa.Array, group: str) -> str:
    """What to say of texts most of which are numbers."""
    bare = pc.replace_substring_regex(texts, r"^[$€£¥]\s?|\s?[%$€£¥]$", "")
    is_number = pc.match_substring_regex(bare, number_pattern(".", ","))
    n_numbers = int(pc.sum(is_number).as_py() or 0)
    if n_numbers < 0.5 * len(texts) or n_numbers < 3:
        return ""
    words = texts.filter(pc.invert(pc.match_substring_regex(texts, number_pattern(".", ","))))
    if len(words) == 0:
        return ""
    first = shown(words[0].as_py())
    return (
        f"read as text: most values are numbers but some are not (first {first}); if it means that "
        f"there is no value, set {group}null_values"
    )


def _all(texts: pa.Array, pattern: str) -> bool:
    if len(texts) > _TRIED and not _all(texts.slice(0, _TRIED), pattern):
        return False
    return bool(pc.all(pc.match_substring_regex(texts, pattern, ignore_case=True)).as_py())
