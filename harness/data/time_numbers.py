"""Time numbers: counts since 1970, digits such as 20240103, and serial days of spreadsheets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.time_format import UNITS, TimeColumn, TimeFormat, TimeStyle
from harness.data.time_text import NOT_YET, Times, Written, parse, width_of
from harness.errors import ConfigError, DataError

Numbers = NDArray[np.int64] | NDArray[np.float64]
_US = {"day": 86_400_000_000.0, "s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_UNIX = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# Counts from 1971 on differ in magnitude by a thousand from unit to unit: these ranges are disjoint.
_LIKELY = (np.datetime64("1971-01-01", "us"), np.datetime64("2100-01-01", "us"))
_CALENDAR = (np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us"))
# Excel takes 1900 for a leap year: its days before 1900-03-01 are one off.
_EXCEL_EPOCH, _EXCEL_RANGE = np.datetime64("1899-12-30", "us"), (61, 2_958_465)
# Digits that are read by themselves: the first and last of them, and what their year is followed by.
_DIGITS = {
    "%Y%m%d": (19000101, 21001231, 10**4),
    "%Y%m%d%H%M%S": (19000101000000, 21001231235959, 10**10),
    "%Y%m": (190001, 210012, 10**2),
}
_SURE = 0.95  # share of integers that must be calendar dates for the column to be read so


def numbers_of(where: TimeColumn, column: pd.Series) -> tuple[Numbers, NDArray[np.bool_]]:
    """A column's numbers, integers exactly, 0 where null; and where there is one, shape (n_rows,).

    Raises:
        DataError: If one is infinite.
    """
    known = column.notna().to_numpy()
    if pd.api.types.is_integer_dtype(column.dtype):
        whole = column.where(known, 0)
        is_large = pd.api.types.is_unsigned_integer_dtype(column.dtype) and whole.max() >= 2**63
        return whole.to_numpy(dtype="float64" if is_large else "int64"), known
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    known = ~np.isnan(values)
    values = np.where(known, values, 0.0)
    if (infinite := np.isinf(values)).any():
        row = int(np.flatnonzero(infinite)[0])
        raise DataError(f"{where} holds {values[row]} in row {row}, which is no time; drop it")
    is_whole = bool((values == np.floor(values)).all()) and bool((np.abs(values) < 2**53).all())
    return (values.astype(np.int64) if is_whole else values), known


def format_of_numbers(where: TimeColumn, values: Numbers, known: NDArray[np.bool_]) -> TimeFormat:
    """What the numbers' size tells of their format, where it allows one alone.

    Raises:
        ConfigError: If it allows none or several.
    """
    numbers = values[known]
    if len(numbers) == 0:
        return TimeFormat(style=TimeStyle.ISO)
    for unit, word in _UNIX.items():
        likely, share = _likely_counts(numbers, unit)
        if share == 1.0:
            form = TimeFormat(style=TimeStyle.EPOCH, unit=unit)
            where.note(
                f"read as {word} since 1970 by their size, {_range(likely, form)}; "
                f"{_states(where, form)} says so"
            )
            return form
    for pattern in _DIGITS:
        likely, share = _likely_dates(numbers, pattern)
        if share >= _SURE:
            form = TimeFormat(style=TimeStyle.DIGITS, pattern=pattern)
            where.note(
                f"integers read as {form.name}, {_range(likely, form)}; "
                f"{_states(where, form)} says so"
            )
            return form
    raise _unclear(where, numbers)


def are_dates(values: Numbers, known: NDArray[np.bool_]) -> bool:
    """Whether nearly all numbers are days written as yyyymmdd."""
    return bool(known.any()) and _likely_dates(values[known], "%Y%m%d")[1] >= _SURE


def read_numbers(
    where: TimeColumn, values: Numbers, known: NDArray[np.bool_], form: TimeFormat
) -> Written:
    """Numbers read strictly in one format: epoch, excel, digits, or strptime of their digits.

    Raises:
        DataError: If a number is no time, or the format is one of texts.
    """
    if form.style is TimeStyle.EPOCH:
        wall = _since_1970(where, values, known, str(form.unit))
        return Written.of_one_zone(wall, None if form.unit == "day" else 0)
    if form.style is TimeStyle.EXCEL:
        low, high = _EXCEL_RANGE
        _refuse(where, values, known & ((values < low) | (values >= high + 1)), form)
        # Spreadsheets are exact to the millisecond; their fractions of days are not binary.
        ms = np.rint(values * 86_400_000.0).astype("timedelta64[ms]")
        return Written.of_one_zone(_where(known, _EXCEL_EPOCH + ms), None)
    if form.style in (TimeStyle.DIGITS, TimeStyle.STRPTIME):
        wall = _where(known, _digits(values, form))
        _refuse(where, values, known & np.isnat(wall), form)
        return Written.of_one_zone(wall, None)
    if not known.any():
        return Written.of_one_zone(_where(known, np.zeros(len(known), "datetime64[us]")), None)
    raise DataError(
        f"{where} holds numbers (first {values[known][0]}), not times written as {form.name}; "
        f"write what they are as {where.setting('time_format')}, such as yyyymmdd or epoch_s"
    )


def _since_1970(where: TimeColumn, values: Numbers, known: NDArray[np.bool_], unit: str) -> Times:
    first, last = (limit.astype(np.int64) / _US[unit] for limit in _CALENDAR)
    if (outside := known & ((values < first) | (values > last))).any():
        row = int(np.flatnonzero(outside)[0])
        raise DataError(
            f"{where} in units of {unit} leaves the calendar (in row {row}: {values[row]}); "
            f"check {_states(where, TimeFormat(style=TimeStyle.EPOCH, unit=unit))}"
        )
    if np.issubdtype(values.dtype, np.integer):
        us = values // 1000 if unit == "ns" else values * np.int64(_US[unit])
    else:
        us = np.rint(values * _US[unit]).astype(np.int64)
    return _where(known, us.astype("datetime64[us]"))


def _digits(values: Numbers, form: TimeFormat) -> Times:
    distinct, code = np.unique(values, return_inverse=True)
    pattern, width = str(form.pattern), width_of(str(form.pattern))
    texts = [f"{number:.0f}" if number == int(number) else "" for number in distinct.tolist()]
    if form.style is TimeStyle.DIGITS:
        texts = [t.zfill(width) if len(t) <= width and not t.startswith("-") else "" for t in texts]
        texts = [t if t.strip("0") else "" for t in texts]
    return parse(texts, pattern)[code]


def _refuse(where: TimeColumn, values: Numbers, wrong: NDArray[np.bool_], form: TimeFormat) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{where} holds {values[row]} in row {row}, which is no time written as {form.name}; "
            f"repair or drop it, or state another {where.setting('time_format')} (rows count from 0)"
        )


def _unclear(where: TimeColumn, numbers: Numbers) -> ConfigError:
    """The question, with the answers that give days of a time people live in."""
    forms = [TimeFormat(style=TimeStyle.EPOCH, unit=unit) for unit in UNITS]
    forms += [TimeFormat(style=TimeStyle.EXCEL), TimeFormat(style=TimeStyle.DIGITS, pattern="%Y")]
    answers = []
    for form in forms:
        try:
            first, last = _first_and_last(numbers, form)
        except DataError:
            continue
        if last > _LIKELY[0] and first >= np.datetime64("1900-01-01") and last < _LIKELY[1]:
            answers.append(f"{_states(where, form)} to read {_day(first)} .. {_day(last)}")
    remedy = (
        "write " + " or ".join(answers)
        if answers
        else (
            f"write what they count since 1970 ({', '.join(UNITS)}), or "
            f"{where.setting('time_format')}=yyyymmdd or the like"
        )
    )
    return ConfigError(
        f"{where.setting('time_unit')}: not set, and column '{where.name}' holds numbers ({numbers.min()} .. "
        f"{numbers.max()}) whose size does not say what they count; {remedy}"
    )


def _states(where: TimeColumn, form: TimeFormat) -> str:
    """The setting that says so."""
    if form.style is TimeStyle.EPOCH:
        return f"{where.setting('time_unit')}={form.unit}"
    return f"{where.setting('time_format')}={form.name}"


def _likely_counts(numbers: Numbers, unit: str) -> tuple[Numbers, float]:
    """Counts that lie between 1971 and 2100, and their share; "not yet" aside."""
    us = _US[unit]
    first, last = (limit.astype(np.int64) / us for limit in _LIKELY)
    usual = numbers
    for begin, end in NOT_YET:
        usual = usual[(usual < begin.astype(np.int64) / us) | (usual >= end.astype(np.int64) / us)]
    likely = usual[(usual >= first) & (usual < last)]
    return (likely, len(likely) / len(usual)) if len(usual) else (numbers, 1.0)


def _likely_dates(numbers: Numbers, pattern: str) -> tuple[Numbers, float]:
    """Integers whose digits are a date between 1900 and 2100, and their share; "not yet" aside."""
    first, last, per_year = _DIGITS[pattern]
    far = [int(str(begin + np.timedelta64(1, "D"))[:4]) for begin, _ in NOT_YET]
    usual = numbers[~np.isin(numbers // per_year, far)]
    near = usual[(usual >= first) & (usual <= last)]
    if len(near) < _SURE * len(usual) or len(near) == 0:
        return near, 0.0
    likely = near[~np.isnat(_digits(near, TimeFormat(style=TimeStyle.DIGITS, pattern=pattern)))]
    return likely, len(likely) / len(usual)


def _range(numbers: Numbers, form: TimeFormat) -> str:
    first, last = _first_and_last(numbers, form)
    return f"{_day(first)} .. {_day(last)}"


def _first_and_last(numbers: Numbers, form: TimeFormat) -> tuple[np.datetime64, np.datetime64]:
    ends = np.array([numbers.min(), numbers.max()])
    where = TimeColumn(key="", name="")
    first, last = read_numbers(where, ends, np.ones(2, dtype=bool), form).wall
    return first, last


def _day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))


def _where(known: NDArray[np.bool_], times: Times) -> Times:
    return np.where(known, times, np.datetime64("NaT")).astype("datetime64[us]")
