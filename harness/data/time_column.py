"""Time column: timestamps, dates, texts or numbers, brought to UTC."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.time_detect import format_of_texts, hold_times, mostly_numbers
from harness.data.time_format import (
    UNITS,
    TimeColumn,
    TimeFormat,
    TimeStyle,
    parse_time_format,
)
from harness.data.time_numbers import are_dates, format_of_numbers, numbers_of, read_numbers
from harness.data.time_text import (
    NOT_YET,
    Dates,
    Times,
    Written,
    are_numbers,
    as_text,
    numbers,
    read_texts,
)
from harness.data.time_zone import to_utc
from harness.errors import ConfigError, DataError, HarnessError

__all__ = [
    "TimeFormat",
    "TimeStyle",
    "detect_time_format",
    "looks_like_times",
    "read_instant",
    "read_time",
]
_ISO = TimeFormat(style=TimeStyle.ISO)
_OF_NUMBERS = (TimeStyle.EPOCH, TimeStyle.EXCEL)
_UNKNOWN_ZONE = re.compile(r":\d\d[\d:., ]* (?![ap]\.?m)[a-z/_]{2,}$", re.IGNORECASE)
_LONGEST = 60  # characters of a value shown in a message


def read_time(
    key: str,
    column: pd.Series,
    *,
    unit: str | None,
    timezone: str,
    allow_null: bool = False,
    open_ended: bool = False,
    format: TimeFormat | str | None = None,  # noqa: A002 the word pandas has for it
    notes: list[str] | None = None,
) -> NDArray[np.datetime64]:
    """A column's times in UTC, datetime64[us], shape (n_rows,).

    Args:
        key: Config key that named the column, for errors.
        column: The column as read.
        unit: Unit of numbers since 1970: day, s, ms, us or ns; None detects it.
        timezone: Zone of times written without one.
        allow_null: Whether a row may have no time.
        open_ended: Whether a far day such as 9999-12-31 stands for "not yet", and is then NaT.
        format: How texts or numbers are written; None detects it. Timestamps need none.
        notes: What was detected is appended here.

    Raises:
        ConfigError: If the format is unclear or unknown, or the zone is.
        DataError: If a value is not written like the others, or rows lack a time.

    Example:
        >>> column, notes = pd.Series(["03/01/2024", "25/01/2024"], name="issued"), []
        >>> read_time("dataset.time", column, unit=None, timezone="UTC", notes=notes)
        array(['2024-01-03T00:00:00.000000', '2024-01-25T00:00:00.000000'],
              dtype='datetime64[us]')
        >>> notes[0].partition(";")[0]
        "issued: read as dd/mm/yyyy, day first, because '25/01/2024' (row 1) is valid only so"
    """
    where = TimeColumn(key=key, name=str(column.name), notes=[] if notes is None else notes)
    zone = _zone(where.setting("timezone"), timezone)
    if isinstance(format, str):
        format = parse_time_format(where.setting("time_format"), format)  # noqa: A001
    written = _written(where, column, unit, format)
    _refuse_mixed_zones(where, written)
    wall = _without_not_yet(where, written.wall, is_refused=not allow_null, is_null=open_ended)
    times = to_utc(where, Written(wall, written.zone, written.zones), zone)
    n_null = int(np.isnat(times).sum())
    if n_null and not allow_null:
        row = int(np.flatnonzero(np.isnat(times))[0])
        raise DataError(
            f"{where} has no time in {n_null:,} of {len(times):,} rows "
            f"(first in row {row}); drop or repair them"
        )
    return times


def detect_time_format(
    column: pd.Series,
    *,
    name: str,
    key: str,
    unit: str | None = None,
    notes: list[str] | None = None,
) -> TimeFormat:
    """How a column's times are written; iso for timestamps, which need no format.

    Args:
        column: The column as read.
        name: Its name.
        key: Config key that named it, for errors.
        unit: Unit of numbers since 1970; None detects it.
        notes: What was detected is appended here.

    Raises:
        ConfigError: If several formats fit, or none fits numbers.
        DataError: If some dates are valid only day first and others only month first.
    """
    where = TimeColumn(key=key, name=name, notes=[] if notes is None else notes)
    column = _plain(column)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _ISO
    if pd.api.types.is_bool_dtype(column.dtype):
        raise DataError(f"{where} holds true and false, not times")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _number_format(where, column, unit, None)
    text, _ = as_text(column)
    if text.null_count < len(text) and mostly_numbers(text):
        return _number_format(where, numbers(text), unit, None)
    return format_of_texts(where, text)[0]


def looks_like_times(column: pd.Series, *, integers: bool = False) -> bool:
    """Whether nearly all values that are there are times, day or month first alike.

    Args:
        column: Any column of a table.
        integers: Whether integers such as 20240103 count; other numbers never do.
    """
    column = _plain(column)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return True
    if pd.api.types.is_bool_dtype(column.dtype):
        return False
    try:
        if pd.api.types.is_numeric_dtype(column.dtype):
            where = TimeColumn(key="", name=str(column.name))
            return integers and are_dates(*numbers_of(where, column))
        return hold_times(as_text(column)[0])
    except (HarnessError, TypeError, ValueError, pa.ArrowException):
        return False


def read_instant(key: str, text: str, timezone: str) -> pd.Timestamp:
    """One day or time that a user wrote in a config or on the command line, year first.

    Raises:
        ConfigError: If it is no such time.

    Example:
        >>> read_instant("split.test_start", "2024-05-31", "Europe/Berlin")
        Timestamp('2024-05-31 00:00:00+0200', tz='Europe/Berlin')
    """
    whole = f"{text}-01" if len(text) == 4 and text.isdigit() else text
    try:
        [time] = read_time(key, pd.Series([whole]), unit=None, timezone=timezone, format=_ISO)
    except DataError as error:
        raise ConfigError(f"{key}: '{text}' is no date; write one such as 2024-05-31") from error
    return pd.Timestamp(time, tz="UTC").tz_convert(timezone)


def _zone(key: str, timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"{key}: '{timezone}' is no IANA zone; write one such as Europe/Berlin or UTC"
        ) from error


def _plain(column: pd.Series) -> pd.Series:
    """The values of a dictionary-encoded column."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(column.cat.categories.dtype)
    return column


def _written(
    where: TimeColumn, column: pd.Series, unit: str | None, form: TimeFormat | None
) -> Written:
    column = _plain(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return Written.of_one_zone(_microseconds(pd.DatetimeIndex(column).tz_convert("UTC")), 0)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        index = pd.DatetimeIndex(column)
        is_aware = index.tz is not None
        index = index.tz_convert("UTC") if is_aware else index
        return Written.of_one_zone(_microseconds(index), 0 if is_aware else None)
    if pd.api.types.is_bool_dtype(column.dtype):
        raise DataError(f"{where} holds true and false, not times")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _from_numbers(where, column, _number_format(where, column, unit, form))
    return _from_text(where, column, unit, form)


def _microseconds(index: pd.DatetimeIndex) -> Times:
    return index.tz_localize(None).to_numpy().astype("datetime64[us]")


def _number_format(
    where: TimeColumn, column: pd.Series, unit: str | None, form: TimeFormat | None
) -> TimeFormat:
    """The format of numbers; `time_unit` states it, whatever the format of texts beside them."""
    if unit is None:
        return form or format_of_numbers(where, *numbers_of(where, column))
    if unit not in UNITS:
        raise ConfigError(
            f"{where.setting('time_unit')}: '{unit}' is unknown; use {', '.join(UNITS)}"
        )
    by_unit = TimeFormat(style=TimeStyle.EPOCH, unit=unit)
    if form and form != by_unit and form.style in (*_OF_NUMBERS, TimeStyle.DIGITS):
        raise ConfigError(
            f"{where.setting('time_unit')}: '{unit}' contradicts time_format={form.name} "
            f"for column '{where.name}'; keep one of them"
        )
    return by_unit


def _from_numbers(where: TimeColumn, column: pd.Series, form: TimeFormat) -> Written:
    return read_numbers(where, *numbers_of(where, column), form)


def _from_text(
    where: TimeColumn, column: pd.Series, unit: str | None, form: TimeFormat | None
) -> Written:
    text, n_null_words = as_text(column)
    if n_null_words:
        where.note(
            f"{n_null_words:,} of {len(text):,} rows hold a word for null, such as NULL or -, and have no time"
        )
    if text.null_count == len(text):
        return Written.of_one_zone(np.full(len(text), np.datetime64("NaT"), "datetime64[us]"), None)
    dates: Dates | None = None
    if (form is None or unit is not None) and mostly_numbers(text):
        form = _number_format(where, numbers(text), unit, form)
    elif form is None:
        form, dates = format_of_texts(where, text)
    if form.style in _OF_NUMBERS:
        _refuse(where, text, ~are_numbers(text), form)
        return _from_numbers(where, numbers(text), form)
    written = read_texts(text, form, dates)
    _refuse(where, text, np.isnat(written.wall), form)
    return written


def _refuse(where: TimeColumn, text: pa.Array, wrong: NDArray[np.bool_], form: TimeFormat) -> None:
    """Texts that are not written in the column's format."""
    known = text.is_valid().to_numpy(zero_copy_only=False)
    if not (wrong & known).any():
        return
    row = int(np.flatnonzero(wrong & known)[0])
    value = text[row].as_py()
    shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    is_last = row == int(np.flatnonzero(known)[-1])
    counted = "rows count from 0" + ("; this is the last, perhaps a footer" if is_last else "")
    if form == _ISO:
        remedy = (
            "no time; write ISO dates such as 2024-05-31 or 2024-05-31T14:00:00Z, or state the "
            f"format as {where.setting('time_format')}"
        )
    else:
        remedy = (
            f"no time written as {form.name} like the others; repair or drop that row, or state "
            f"another {where.setting('time_format')}"
        )
    if _UNKNOWN_ZONE.search(value):
        remedy += "; zones are written as UTC, +01:00 or Europe/Berlin"
    raise DataError(f"{where} holds '{shown}' in row {row}, which is {remedy} ({counted})")


def _refuse_mixed_zones(where: TimeColumn, written: Written) -> None:
    known = ~np.isnat(written.wall)
    has_zone = np.array([zone is not None for zone in written.zones])[written.zone]
    with_zone, without = np.flatnonzero(known & has_zone), np.flatnonzero(known & ~has_zone)
    if len(with_zone) and len(without):
        raise DataError(
            f"{where} mixes times with a zone ({len(with_zone):,} rows) and without ({len(without):,} "
            f"rows), first in rows {with_zone[0]} and {without[0]}; write all of them one way"
        )


def _without_not_yet(where: TimeColumn, wall: Times, *, is_refused: bool, is_null: bool) -> Times:
    """Far days mean "not yet": no time where the column may say so, refused where rows need one."""
    far = np.zeros(len(wall), dtype=bool)
    for first, end in NOT_YET:
        far |= (wall >= first) & (wall < end)
    if not far.any() or not (is_refused or is_null):
        return wall
    row = int(np.flatnonzero(far)[0])
    day = str(wall[row].astype("datetime64[D]"))
    if not is_null:
        raise DataError(
            f"{where} holds {day} in row {row}, which stands for 'not yet'; every row "
            "needs a time here, so drop or repair such rows (rows count from 0)"
        )
    where.note(
        f"{int(far.sum()):,} of {len(wall):,} rows hold a far day such as {day}: not yet known"
    )
    return np.where(far, np.datetime64("NaT"), wall)
