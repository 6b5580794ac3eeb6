"""Time detection: in which format a column of texts is written, and whether it holds times at all."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.time_format import TimeColumn, TimeFormat, TimeStyle
from harness.data.time_text import Dates, Times, are_iso, are_numbers, parse, read_texts
from harness.errors import ConfigError, DataError

_ISO = TimeFormat(style=TimeStyle.ISO)
_SAMPLE = 1_000
_NEARLY_ALL = 0.95
# Patterns by the shape of a date: Y four digits, 9 one or two, b the name of a month.
_NAMED = {
    "9 b Y": ("%d %b %Y",),
    "b 9 Y": ("%b %d %Y",),
    "Y b 9": ("%Y %b %d",),
    "b Y": ("%b %Y",),
    "9 b 9": ("%d %b %y",),
}
_PATTERNS: dict[str, tuple[str, ...]] = _NAMED | {
    shape.replace("-", gap): tuple(pattern.replace("-", gap) for pattern in patterns)
    for gap in "-/. "
    for shape, patterns in {
        "9-9-Y": ("%d-%m-%Y", "%m-%d-%Y"),
        "9-9-9": ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d"),
        "9-Y": ("%m-%Y",),
    }.items()
}


def mostly_numbers(text: pa.Array) -> bool:
    """Whether most texts are plain numbers, judged on a sample."""
    return _most(are_numbers(_sample(text, _SAMPLE)))


def format_of_texts(where: TimeColumn, text: pa.Array) -> tuple[TimeFormat, Dates | None]:
    """The one format that texts are written in, and the texts cut up where that was needed.

    Whether days or months come first is decided by all values together, never by one's own look.

    Raises:
        ConfigError: If every value is valid both ways.
        DataError: If some are valid only one way and some only the other.
    """
    if text.null_count == len(text) or _most(are_iso(_sample(text, _SAMPLE))):
        return _ISO, None
    dates = Dates(text)
    readings = _readings(dates)
    if not readings:
        return _ISO, dates
    counts = np.bincount(dates.code[dates.code >= 0], minlength=len(dates.texts))
    n_fit = {pattern: int(counts[~np.isnat(times)].sum()) for pattern, times in readings.items()}
    best = max(readings, key=n_fit.__getitem__)
    if n_fit[best] == 0:
        return _ISO, dates
    form = TimeFormat(style=TimeStyle.DATE, pattern=best)
    for other in readings:
        _refuse_mixed(where, dates, best, other, readings)
    _refuse_ambiguous(where, dates, {p: t for p, t in readings.items() if n_fit[p] == n_fit[best]})
    where.note(_told(where, dates, form, readings))
    return form, dates


def hold_times(text: pa.Array) -> bool:
    """Whether nearly all texts are dates or times of one format, day or month first alike."""
    return text.null_count < len(text) and all(
        _share_of_times(some) >= _NEARLY_ALL for some in (_sample(text, 300), text)
    )


def _share_of_times(text: pa.Array) -> float:
    n_known = len(text) - text.null_count
    if mostly_numbers(text):
        return 0.0
    if _most(are_iso(_sample(text, _SAMPLE))):
        return float((~np.isnat(read_texts(text, _ISO).wall)).sum() / n_known)
    dates = Dates(text)
    shares = [
        float((~np.isnat(dates.read(pattern).wall)).sum() / n_known) for pattern in _readings(dates)
    ]
    return max(shares, default=0.0)


def _readings(dates: Dates) -> dict[str, Times]:
    """The distinct dates by each pattern that the most frequent shape allows; NaT elsewhere."""
    shapes = np.array([_shape(date) for date in dates.texts], dtype=object)
    counts = np.bincount(dates.code[dates.code >= 0], minlength=len(shapes))
    rows = {shape: int(counts[shapes == shape].sum()) for shape in set(shapes) & set(_PATTERNS)}
    if not rows:
        return {}
    shape = max(sorted(rows), key=rows.__getitem__)
    texts = [text if s == shape else "" for text, s in zip(dates.texts, shapes, strict=True)]
    return {pattern: parse(texts, pattern) for pattern in _PATTERNS[shape]}


def _shape(date: str) -> str:
    shape = re.sub(r"\d{4}", "Y", re.sub("[A-Za-z]+", "b", date))
    return re.sub(r"\d{1,2}", "9", shape)


def _refuse_mixed(
    where: TimeColumn, dates: Dates, best: str, other: str, readings: dict[str, Times]
) -> None:
    valid, valid_other = (~np.isnat(readings[pattern]) for pattern in (best, other))
    if (valid & ~valid_other).any() and (valid_other & ~valid).any():
        one, two = _first(dates, valid & ~valid_other), _first(dates, valid_other & ~valid)
        raise DataError(
            f"{where} holds '{one[1]}' in row {one[0]}, valid only as {_name(best)}, and '{two[1]}' "
            f"in row {two[0]}, valid only as {_name(other)}; write all of them one way"
        )


def _refuse_ambiguous(where: TimeColumn, dates: Dates, readings: dict[str, Times]) -> None:
    """Readings that fit equally well are a question, unless they give the same days."""
    (_, these), *others = readings.items()
    differ = np.any([~np.isnat(these) & (these != those) for _, those in others], axis=0)
    if not np.any(differ):
        return
    row, text = _first(dates, differ)
    setting = where.setting("time_format")
    days = {pattern: _day(times[dates.code[row]]) for pattern, times in readings.items()}
    meanings = " or ".join(f"{day} as {_name(pattern)}" for pattern, day in days.items())
    answers = " or ".join(f"{setting}={_name(pattern)}" for pattern in days)
    raise ConfigError(
        f"{setting}: not set, and the dates of column '{where.name}' are valid in more than one "
        f"way: '{text}' (row {row}) is {meanings}; write {answers}"
    )


def _most(are: NDArray[np.bool_]) -> bool:
    return int(are.sum()) > len(are) / 2


def _name(pattern: str) -> str:
    return TimeFormat(style=TimeStyle.DATE, pattern=pattern).name


def _told(where: TimeColumn, dates: Dates, form: TimeFormat, readings: dict[str, Times]) -> str:
    """What was detected, and which value decided."""
    order = {"d": "day first, ", "m": "month first, ", "y": "year first, ", "b": ""}
    pattern = str(form.pattern)
    said = f"read as {form.name}"
    for other, those in readings.items():
        decides = ~np.isnat(readings[pattern]) & np.isnat(those)
        if other != pattern and decides.any():
            row, text = _first(dates, decides)
            said += f", {order[pattern[1].lower()]}because '{text}' (row {row}) is valid only so"
            break
    if "%y" in pattern:
        said += "; two-digit years 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068"
    return f"{said}; {where.setting('time_format')}={form.name} states it"


def _first(dates: Dates, chosen: NDArray[np.bool_]) -> tuple[int, str]:
    """First row with one of the chosen dates, and the date as written."""
    row = int(np.flatnonzero((dates.code >= 0) & chosen[dates.code])[0])
    return row, dates.texts_as_written[dates.code[row]]


def _day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))


def _sample(text: pa.Array, n: int) -> pa.Array:
    """Texts from all over the column, null ones aside."""
    known = text.drop_null()
    if len(known) <= n:
        return known
    return known.take(pa.array(np.linspace(0, len(known) - 1, n).astype(np.int64)))
