"""Dates: features that are dates, and other times of the table that follow the prediction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.audit.view import View
from harness.data.time_column import looks_like_times
from harness.settings import AuditSettings

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

_TITLE = "a date among the features"
# A column is a date when so many of its values are.
_MOST = 0.95
_MIN_VALUES, _MIN_ROWS = 10, 100
# Counts since some day are dates when they lie within so many days of the table's own times and their
# ranks correlate so much with those; texts and YYYYMMDD are dates without that (births).
_NEAR_DAYS, _FOLLOWS = 5 * 366, 0.5
_DAY = np.timedelta64(1, "D")
_ZONE = r"(?:Z|UTC|:\d{2}\s*[+-]\d{2}:?\d{0,2})\s*$"
# Seconds, milli-, micro- and nanoseconds since 1970, up to the year 2100; days up to 2150.
_PER_SECOND = (1, 1_000, 1_000_000, 1_000_000_000)
_LEAST, _LAST_SECOND, _LAST_DAY = 1_000, 4.1e9, 92_000


def check_dates(view: View, settings: AuditSettings) -> list[Finding]:
    """L14: a date used as a number or a category; a time that follows the prediction."""
    dates = dict(date_features(view))
    findings = [_used(view, name, times, settings) for name, times in dates.items()]
    for name, times in view.dataset.other_times.items():
        if name not in dates and name not in view.dataset.roles.after_outcome:
            findings += _follows(view, name, times, settings)
    return findings


def date_features(view: View) -> Iterator[tuple[str, Times]]:
    """Features that are dates, with the UTC times they say on every row, NaT where they say none."""
    roles, other = view.dataset.roles, view.dataset.other_times
    for name in roles.features:
        if name in roles.after_outcome:
            continue
        column = view.dataset.frame[name]
        if name in other:
            times: Times | None = other[name]
        elif isinstance(column.dtype, pd.CategoricalDtype):
            said = _of_texts(view, column.cat.categories)
            missing = np.datetime64("NaT", "us")
            times = None if said is None else np.append(said, missing)[column.cat.codes.to_numpy()]
        else:
            # Training tells most columns that are no dates; the others are read as a whole.
            times = _of_numbers(view, view.column(name, view.train), view.train)
            if times is not None:
                times = _of_numbers(view, column, np.arange(len(view.dataset)))
        if times is not None:
            yield name, times


def share_after(view: View, times: Times) -> float:
    """Share of the rows that have such a time where it lies after the prediction."""
    own = view.dataset.time
    local = view.dataset.local_time()
    if (local == local.normalize()).all():  # a prediction for a day may use all of that day
        own = own + _DAY - np.timedelta64(1, "us")
    known = ~np.isnat(times)
    return float((times[known] > own[known]).mean()) if known.any() else 0.0


def _used(view: View, name: str, times: Times, settings: AuditSettings) -> Finding:
    after = share_after(view, times)
    is_text = name in view.dataset.roles.categorical
    kind = "categories, of which later rows bring new ones" if is_text else "a number"
    late = f" It lies after the prediction in {after:.1%} of rows." if after else ""
    return Finding(
        check="L14",
        title=_TITLE,
        severity=BLOCK if after >= settings.late_share else WARN,
        columns=(name,),
        sentence=f"{name} is a date or time, used as {kind}.{late}",
        evidence={"share_after": round(after, 5), "used_as": "category" if is_text else "number"},
        advice=f"dataset.ignore=[{name}] leaves it out; if it says when the outcome became known, name "
        f"it: dataset.label_time={name}."
        if after
        else f"dataset.ignore=[{name}] leaves it out; what a model can use is the time between it and "
        "the prediction (days since).",
    )


def _follows(view: View, name: str, times: Times, settings: AuditSettings) -> list[Finding]:
    after = share_after(view, times)
    if after < settings.late_share:
        return []
    declared = (view.dataset.label_known > view.dataset.time).any()
    return [
        Finding(
            check="L14",
            title="a time after the prediction",
            severity=NOTE,
            columns=(name,),
            sentence=f"{name} lies after the prediction in {after:.1%} of the rows that have it; it is no "
            "feature.",
            evidence={"share_after": round(after, 5)},
            advice="Nothing to do while it stays out of the features."
            if declared
            else f"If it says when the outcome became known, name it: dataset.label_time={name}.",
        )
    ]


def _of_texts(view: View, texts: pd.Index) -> Times | None:
    """What texts say as times, or None where too few are dates."""
    values = pd.Series(texts.astype(str).str.strip(), dtype=object)
    if len(values) < _MIN_VALUES:
        return None
    numbers = pd.to_numeric(values, errors="coerce")
    if not looks_like_times(values) and not looks_like_times(numbers, integers=True):
        return None
    # Day first or month first: what the values allow, and where they allow both the earlier times.
    parts = values.str.extract(r"^(\d{1,2})[-/.](\d{1,2})[-/.]").astype(float)
    orders = [day_first for day_first, at in ((True, 1), (False, 0)) if not (parts[at] > 12).any()]
    reads = [
        pd.to_datetime(values, format="mixed", dayfirst=day_first, errors="coerce", utc=True)
        for day_first in (orders if parts[0].notna().any() else [False])
    ]
    if not reads:
        return None
    read = reads[0] if len(reads) == 1 else reads[0].where(reads[0] <= reads[1], reads[1])
    if read.notna().mean() < _MOST:
        return None
    said = pd.DatetimeIndex(read).tz_localize(None)
    if not values.str.contains(_ZONE, regex=True).any():
        return _from_local(view, said)
    return said.to_numpy().astype("datetime64[us]")


def _of_numbers(view: View, column: pd.Series, rows: NDArray[np.intp]) -> Times | None:
    """What whole numbers say as times: YYYYMMDD, since 1970, or a spreadsheet's days."""
    numbers = column.to_numpy(dtype=np.float64)
    known = np.isfinite(numbers)
    some = numbers[known]
    if len(some) < _MIN_ROWS or some.min() < _LEAST or (some != np.round(some)).any():
        return None
    if len(np.unique(some[:: max(1, len(some) // 1000)])) < _MIN_VALUES:
        return None
    own = view.dataset.time[rows][known]
    first, last = own.min() - _NEAR_DAYS * _DAY, own.max() + _NEAR_DAYS * _DAY
    said = _calendar_days(some)
    for counted in _counted(some) if said is None else ():
        if first <= counted.min() and counted.max() <= last and _runs_along(counted, own):
            said = counted
            break
    if said is None:
        return None
    times = np.full(len(numbers), "NaT", dtype="datetime64[us]")
    whole_days = bool((said.astype("datetime64[D]") == said).all())
    times[known] = _from_local(view, pd.DatetimeIndex(said)) if whole_days else said
    return times


def _calendar_days(numbers: Floats) -> Times | None:
    """YYYYMMDD, with or without hour, minute and second: nothing else is a date in every row."""
    for digits in (0, 4, 6):
        days = np.floor(numbers / 10**digits)
        year, month, day = days // 10_000, days // 100 % 100, days % 100
        valid = (year >= 1900) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1)
        if not (valid & (day <= 31)).all():
            continue
        text = pd.Series(days.astype(np.int64).astype(str))
        times = pd.to_datetime(text, format="%Y%m%d", errors="coerce")
        if times.notna().all():
            return times.to_numpy().astype("datetime64[us]")
    return None


def _counted(numbers: Floats) -> Iterator[Times]:
    """Numbers as counts since 1970, or as a spreadsheet's days."""
    largest = float(numbers.max())
    for per_second in _PER_SECOND:
        if largest / per_second < _LAST_SECOND:
            seconds = np.floor(numbers / per_second).astype(np.int64)
            yield seconds.astype("datetime64[s]").astype("datetime64[us]")
    if largest < _LAST_DAY:
        days = numbers.astype(np.int64).astype("timedelta64[D]")
        for start in (np.datetime64("1970-01-01"), np.datetime64("1899-12-30")):
            yield (start + days).astype("datetime64[us]")


def _runs_along(said: Times, own: Times) -> bool:
    """Whether times follow the table's own and are spread as times are, not as amounts."""
    ranks = [pd.Series(times.astype(np.int64)).rank() for times in (said, own)]
    spreads = [float(np.ptp(times.astype(np.int64))) for times in (said, own)]
    return bool(ranks[0].corr(ranks[1]) >= _FOLLOWS and spreads[0] >= 0.1 * spreads[1])


def _from_local(view: View, naive: pd.DatetimeIndex) -> Times:
    """Times written without a zone, which are the table's own, in UTC."""
    zone = view.dataset.timezone
    aware = naive.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    return aware.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


CHECKS: dict[str, ColumnCheck] = {"L14": check_dates}
