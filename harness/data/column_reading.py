"""Column reading: what the values of a column are, told once and applied to every later file.

A CSV holds text, a Parquet file types, a request JSON. Each raw column is brought to the same
values by its reading, which is inferred from the training table and travels in the bundle:
a column read as text in training is text in scoring, whatever a later file would suggest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.data.dialect import NULL_VALUES
from harness.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Raw: TypeAlias = pa.ChunkedArray

# Whole numbers beyond this are not exact as floats: they are identifiers, and text.
MAX_EXACT = 2**53
_SHOWN = 40
LEADING_ZERO = r"^[+-]?0[0-9]"
PLAIN_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(inf|infinity)$"


class Kind(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    TIME = "time"
    NESTED = "nested"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReading:
    """How the values of one column are read.

    Attributes:
        kind: What they are.
        decimal: Decimal mark of numbers written as text.
        thousands: Mark between groups of three digits; empty for none.
        nulls: Texts that mean there is no value, besides the file's own.
        from_text: Whether a typed file, or JSON, holds these numbers as text.
        zero_padded: Whether texts begin with zeros that a number would lose.
    """

    kind: Kind
    decimal: str = "."
    thousands: str = ""
    nulls: tuple[str, ...] = ()
    from_text: bool = False
    zero_padded: bool = False

    def to_json(self) -> dict[str, Any]:
        """What differs from the defaults, for a bundle."""
        facts: dict[str, Any] = {"kind": str(self.kind)}
        for name, default in (("decimal", "."), ("thousands", "")):
            if getattr(self, name) != default:
                facts[name] = getattr(self, name)
        if self.nulls:
            facts["nulls"] = list(self.nulls)
        return facts | {n: True for n in ("from_text", "zero_padded") if getattr(self, n)}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> ColumnReading:
        """The reading that `to_json` wrote."""
        known = {**facts, "kind": Kind(facts["kind"]), "nulls": tuple(facts.get("nulls", ()))}
        return cls(**known)


NUMBER = ColumnReading(kind=Kind.NUMBER)
TEXT = ColumnReading(kind=Kind.TEXT)


def numbers(column: Raw, reading: ColumnReading) -> tuple[Floats, NDArray[np.bool_]]:
    """A raw column as numbers, nan for null, and which values are none.

    Args:
        column: Text or typed values, shape (n_rows,).
        reading: How they are read.

    Returns:
        Values, and whether each is something else than a number, both of shape (n_rows,).
    """
    column = decoded(column)
    kind = column.type
    none = np.zeros(len(column), dtype=bool)
    if pa.types.is_string(kind):
        return _parsed(column, reading)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif pa.types.is_null(kind):
        return np.full(len(column), np.nan), none
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        valid = np.asarray(column.is_valid(), dtype=bool)
        return np.full(len(column), np.nan), valid
    if pa.types.is_decimal(kind):
        column = column.cast(pa.string())  # straight to floats, Arrow misses the nearest one
    values = column.cast(pa.float64(), safe=False).to_numpy()
    return np.asarray(values, dtype=np.float64), none


def checked_numbers(
    name: str, column: Raw, reading: ColumnReading, *, first_row: int = 0
) -> Floats:
    """A raw column as finite numbers, nan for null, shape (n_rows,).

    Args:
        name: Column, for errors.
        column: Text or typed values.
        reading: How they are read.
        first_row: Row of the file that the column begins with.

    Raises:
        DataError: Naming column, row and value where one is not a finite number.
    """
    values = _fitting(
        name,
        column,
        reading,
        first_row,
        "list the column under dataset.categorical, or the value under dataset.null_values",
    )
    infinite = np.isinf(values)
    if infinite.any():
        row = first_row + int(np.flatnonzero(infinite)[0])
        raise DataError(
            f"column '{name}': {int(infinite.sum())} infinite values (first in row {row}); "
            "replace them by a number or null, or list the column under dataset.ignore"
        )
    return values


def categories(
    name: str, column: Raw, reading: ColumnReading, *, first_row: int = 0
) -> pd.Categorical:
    """A raw column as a categorical of text, whatever the file's own types, shape (n_rows,).

    A whole number is written without decimals and a truth value as True or False, so that 7,
    7.0 and "7" of different files are one category where the training column held numbers.

    Raises:
        DataError: If zero-padded texts come as numbers, which have lost their zeros.
    """
    column = decoded(column)
    if reading.zero_padded and not (
        pa.types.is_string(column.type) or pa.types.is_null(column.type)
    ):
        raise DataError(
            f"column '{name}': row {first_row:,} holds the number {shown(column[0].as_py())}, but texts "
            "with leading zeros such as 007 were learned; write the column as text"
        )
    encoded = column.combine_chunks().dictionary_encode()
    values = _category_texts(encoded.dictionary, reading)
    lookup = np.array([*values, None], dtype=object)
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return pd.Categorical(lookup[codes])


def keys(name: str, column: Raw, *, key: str) -> pa.Array:
    """Names of rows or entities as exact text, null for null, shape (n_rows,).

    Identifiers never pass through a float: a float that has lost digits is refused.

    Args:
        name: Column.
        column: Text or typed values.
        key: Config key or flag, for errors.

    Raises:
        DataError: If identifiers were stored as floats and have lost digits.
    """
    array: pa.Array = decoded(column).combine_chunks()
    if pa.types.is_floating(array.type):
        values = array.to_numpy(zero_copy_only=False)
        large = np.abs(values) >= MAX_EXACT
        if large.any():
            raise _lost_digits(key, name, int(np.flatnonzero(large)[0]), values[large][0])
        whole = [None if math.isnan(v) else number_text(v) for v in values.tolist()]
        return pa.array(whole, pa.string())
    if pa.types.is_decimal(array.type) and array.type.scale > 0:
        return pc.replace_substring_regex(array.cast(pa.string()), r"\.0*$", "")
    if not pa.types.is_string(array.type):
        return _as_strings(array)
    # Whole numbers with a null among them were floats once: pandas wrote 7.0 for 7.
    decimals = pc.match_substring_regex(array, r"^[+-]?[0-9]+\.0+$")
    if pc.any(decimals).as_py():
        plain = pc.match_substring_regex(array, r"^[+-]?[0-9]+(\.0+)?$")
        if pc.all(plain).as_py():
            array = pc.replace_substring_regex(array, r"\.0+$", "")
            long = pc.and_(decimals, pc.greater(pc.utf8_length(array), 15))
            if pc.any(long).as_py():
                row = int(np.flatnonzero(long.fill_null(False).to_numpy(zero_copy_only=False))[0])
                raise _lost_digits(key, name, row, array[row].as_py())
    known = array.drop_null()
    powers = pc.match_substring_regex(known, r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]{2,}$")
    if len(known) and pc.all(powers).as_py():
        raise _lost_digits(key, name, 0, known[0].as_py())
    return array


def plain(name: str, column: Raw, reading: ColumnReading) -> pd.Series:
    """A raw column as pandas sees it: numbers, whole ones as such, truth values, times or text.

    Args:
        name: Column.
        column: Text or typed values.
        reading: How they are read.

    Raises:
        DataError: If a value is not a number where numbers were read.
    """
    column = decoded(column)
    if reading.kind is Kind.NUMBER:
        if column.null_count == 0 and reading.decimal == "." and not reading.thousands:
            with suppress(pa.ArrowException):
                return pd.Series(column.cast(pa.int64()).to_numpy(), name=name)
        return pd.Series(
            _fitting(name, column, reading, 0, "list it under dataset.null_values"), name=name
        )
    if reading.kind is Kind.BOOLEAN:
        values = _truth(column)
        if values.null_count == 0:
            return pd.Series(values.to_numpy(), name=name)
        return pd.Series(values.to_pandas(), name=name, dtype="boolean")
    if reading.kind is Kind.TEXT and not pa.types.is_string(column.type):
        column = pa.chunked_array([_as_strings(chunk) for chunk in column.chunks], pa.string())
    series: pd.Series = column.to_pandas(date_as_object=False)
    return series.rename(name)


def typed_features(
    table: pa.Table,
    readings: Mapping[str, ColumnReading],
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    first_row: int = 0,
) -> pd.DataFrame:
    """Raw feature columns as every model sees them: float64, and categoricals of text.

    Args:
        table: Raw columns.
        readings: How each is read.
        numeric: Columns that become float64 with nan for null.
        categorical: Columns that become categoricals of text.
        first_row: Row of the file that the table begins with, for errors.

    Raises:
        DataError: If a value does not fit its reading, naming column, row and value.
    """
    columns: dict[str, Any] = {
        n: checked_numbers(n, table.column(n), readings[n], first_row=first_row) for n in numeric
    }
    columns |= {
        n: categories(n, table.column(n), readings[n], first_row=first_row) for n in categorical
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def time_values(name: str, column: Raw) -> pd.Series:
    """A raw column as times are read from it: typed times, whole numbers exactly, else text."""
    column = decoded(column)
    if pa.types.is_string(column.type) and not any_match(column, LEADING_ZERO):
        for kind in (pa.int64(), pa.float64()):
            with suppress(pa.ArrowException):
                column = column.cast(kind)
                break
    if pa.types.is_integer(column.type) and column.null_count:
        return pd.Series(column.to_pandas(integer_object_nulls=True), name=name).astype("Int64")
    series: pd.Series = column.to_pandas(date_as_object=False)
    return series.rename(name)


def lenient(name: str, column: Raw, reading: ColumnReading) -> pd.Series:
    """A raw column as pandas sees it, values that do not fit the reading as they came.

    Args:
        name: Column.
        column: Text or typed values.
        reading: How they are read.
    """
    column = decoded(column)
    if reading.kind not in (Kind.NUMBER, Kind.BOOLEAN):
        return plain(name, column, reading)
    values, bad = numbers(column, reading)
    if not bad.any():
        return (
            plain(name, column, reading)
            if reading.kind is Kind.BOOLEAN
            else pd.Series(values, name=name)
        )
    mixed = values.astype(object)
    mixed[bad] = column.filter(pa.array(bad)).to_pylist()
    return pd.Series(mixed, name=name)


def number_text(value: float) -> str:
    """A number as the name of a category: whole ones without decimals.

    Example:
        >>> number_text(7.0), number_text(0.5)
        ('7', '0.5')
    """
    return str(int(value)) if value.is_integer() else str(value)


def shown(value: object) -> str:
    """A value as messages show it: quoted, and cut where it is long."""
    text = str(value)
    return f"'{text[:_SHOWN]}...'" if len(text) > _SHOWN else f"'{text}'"


def text_as_number(text: str, reading: ColumnReading) -> float | None:
    """One text as a number; None where it is none, nan where it means that there is no value."""
    values, bad = _parsed(pa.chunked_array([pa.array([text])]), reading)
    return None if bad[0] else float(values[0])


def text_as_category(text: str, reading: ColumnReading) -> str | None:
    """One text as a category, as `categories` names it; None where it means there is no value."""
    return _category_texts(pa.array([text]), reading)[0] if text else None


def decoded(column: Raw) -> Raw:
    """Without dictionaries, text in one type, and no value where a text is empty.

    Many exports write a missing text as `""`, which a CSV cannot tell from an empty one.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        empty = pc.equal(column, "")
        if pc.any(empty).as_py():
            column = pc.if_else(empty, pa.scalar(None, pa.string()), column)
    return column


def _fitting(name: str, column: Raw, reading: ColumnReading, first_row: int, way: str) -> Floats:
    """A raw column as numbers, all of which have to be."""
    values, bad = numbers(column, reading)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"column '{name}': row {first_row + row:,} holds {shown(column[row].as_py())}, which is "
            f"not a number{_as_read(reading)}; fix it, or in the config of training {way}"
        )
    return values


def _parsed(column: Raw, reading: ColumnReading) -> tuple[Floats, NDArray[np.bool_]]:
    """Texts as numbers, and which of them are none."""
    texts = pc.utf8_trim_whitespace(column)
    if reading.kind is Kind.BOOLEAN:
        lower = pc.utf8_lower(texts)
        texts = pc.if_else(
            pc.equal(lower, "true"), "1", pc.if_else(pc.equal(lower, "false"), "0", texts)
        )
    texts = pc.if_else(
        pc.is_in(texts, pa.array([*NULL_VALUES, *reading.nulls])),
        pa.scalar(None, pa.string()),
        texts,
    )
    bad = np.zeros(len(column), dtype=bool)
    if reading.thousands or reading.decimal != ".":
        bad = _misfits(texts, number_pattern(reading.decimal, reading.thousands))
        if reading.thousands:
            texts = pc.replace_substring(texts, reading.thousands, "")
        if reading.decimal != ".":
            texts = pc.replace_substring(texts, reading.decimal, ".")
    else:
        try:
            return np.asarray(texts.cast(pa.float64()).to_numpy()), bad
        except pa.ArrowInvalid:
            bad = _misfits(texts, PLAIN_NUMBER)
    good = pc.if_else(pa.array(~bad), texts, pa.scalar(None, pa.string()))
    return np.asarray(good.cast(pa.float64()).to_numpy(), dtype=np.float64), bad


def _misfits(texts: Raw, pattern: str) -> NDArray[np.bool_]:
    fits = pc.match_substring_regex(texts, pattern, ignore_case=True)
    return ~np.asarray(fits.fill_null(True), dtype=bool)


def _truth(column: Raw) -> Raw:
    """A column of truth values, typed or as text or as 0 and 1."""
    values, _ = numbers(column, ColumnReading(kind=Kind.BOOLEAN))
    return pa.chunked_array([pa.array(values == 1, mask=np.isnan(values))])


def _category_texts(values: pa.Array, reading: ColumnReading) -> Sequence[str | None]:
    """Names of distinct values as categories; None for texts that mean there is no value."""
    texts: list[str | None] = _as_strings(values).to_pylist()
    if reading.kind is Kind.TEXT or not texts:
        return texts
    parsed, bad = numbers(pa.chunked_array([values]), reading)
    is_truth = reading.kind is Kind.BOOLEAN
    found: list[str | None] = []
    for text, number, is_bad in zip(texts, parsed.tolist(), bad.tolist(), strict=True):
        if is_bad:
            found.append(text)
        elif math.isnan(number):
            found.append(None)
        elif is_truth and number in (0.0, 1.0):
            found.append(str(number == 1.0))
        else:
            found.append(number_text(number))
    return found


def _as_strings(array: pa.Array) -> pa.Array:
    """Typed values as the texts that name them."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_floating(kind):
        values = array.cast(pa.float64()).to_pylist()
        return pa.array(
            [None if v is None or math.isnan(v) else number_text(v) for v in values], pa.string()
        )
    if pa.types.is_integer(kind) or pa.types.is_date(kind):
        return array.cast(pa.string())
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())


def _as_read(reading: ColumnReading) -> str:
    if reading.thousands:
        return f" (decimal mark {reading.decimal}, thousands {reading.thousands})"
    return f" (decimal mark {reading.decimal})" if reading.decimal != "." else ""


def _lost_digits(key: str, name: str, row: int, value: object) -> DataError:
    return DataError(
        f"{key}: column '{name}' holds identifiers as floating-point numbers ({value} in row {row}), "
        "which have lost digits; write them as whole numbers or text"
    )


def any_match(texts: pa.Array, pattern: str) -> bool:
    """Whether some text matches."""
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def number_pattern(decimal: str, thousands: str) -> str:
    """What a number looks like with these marks; groups hold three digits each."""
    point = "\\" + decimal
    if not thousands:
        return rf"^[+-]?([0-9]+({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?$"
    mark = "\\" + thousands if thousands in ".'," else thousands
    return rf"^[+-]?([0-9]{{1,3}}({mark}[0-9]{{3}})+|[0-9]+)({point}[0-9]*)?$"
