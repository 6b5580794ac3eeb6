"""Time zone: clocks as written to UTC, through the hours that clocks repeat and skip."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.time_format import TimeColumn
from harness.data.time_text import Times, Written

# Python's calendar ends there; a zone's offset must not lead beyond.
_FIRST, _LAST = np.datetime64("0001-01-03", "us"), np.datetime64("9999-12-30", "us")
_NO_TIME = np.timedelta64(0, "us")
_AN_HOUR_OR_TWO = np.timedelta64(2, "h")


def to_utc(where: TimeColumn, written: Written, zone: ZoneInfo) -> Times:
    """Instants in UTC, shape (n_rows,); times without a zone are those of `zone`."""
    if len(written.zones) == 1:
        return _of_one_zone(where, written.wall, written.zones[0], zone)
    utc = np.full(len(written.wall), np.datetime64("NaT"), dtype="datetime64[us]")
    for position, named in enumerate(written.zones):
        rows = written.zone == position
        if rows.any():
            utc[rows] = _of_one_zone(where, written.wall[rows], named, zone)
    return utc


def _of_one_zone(
    where: TimeColumn, wall: Times, named: int | ZoneInfo | None, zone: ZoneInfo
) -> Times:
    if isinstance(named, int):
        return wall - np.timedelta64(named, "m")
    return _localised(where, wall, named or zone)


def _localised(where: TimeColumn, wall: Times, zone: ZoneInfo) -> Times:
    if zone.key == "UTC":
        return wall
    usable = (wall >= _FIRST) & (wall < _LAST)  # NaT is neither
    index = pd.DatetimeIndex(np.where(usable, wall, np.datetime64("NaT")))
    utc = _utc(index.tz_localize(zone, ambiguous="NaT", nonexistent="NaT"))
    utc = np.where(usable, utc, wall)
    odd = np.isnat(utc) & usable
    if not odd.any():
        return utc
    # The hour that clocks repeat, by either pass; the one they skip, as its end.
    index = pd.DatetimeIndex(wall[odd])
    passes = [
        _utc(
            index.tz_localize(
                zone, ambiguous=np.full(len(index), first), nonexistent="shift_forward"
            )
        )
        for first in (True, False)
    ]
    utc[odd] = passes[0]
    second, repeated = utc.copy(), odd.copy()
    second[odd], repeated[odd] = passes[1], passes[0] != passes[1]
    _note_skipped(where, wall, odd & ~repeated, zone)
    return _by_order(where, wall, utc, second, repeated, zone) if repeated.any() else utc


def _by_order(
    where: TimeColumn,
    wall: Times,
    first: Times,
    second: Times,
    repeated: NDArray[np.bool_],
    zone: ZoneInfo,
) -> Times:
    """Repeated hours by the order of the rows, where rows are in one; else by their first pass."""
    known = np.flatnonzero(~np.isnat(wall))
    n_repeated, row = int(repeated.sum()), int(np.flatnonzero(repeated)[0])
    what = (
        f"{n_repeated:,} times lie in an hour that clocks of {zone.key} repeat (first in row {row})"
    )
    for rows in (known, known[::-1]):
        if (np.diff(wall[rows]) <= -_AN_HOUR_OR_TWO).any():
            continue  # no clock change goes back so far: not in this order
        for is_strict in (True, False):
            utc = _ascending(wall[rows], first[rows], second[rows], repeated[rows], is_strict)
            if utc is not None:
                n_second = int((utc != first[rows]).sum())
                where.note(f"{what}; {n_second:,} are its second pass by the order of the rows")
                times = first.copy()
                times[rows] = utc
                return times
    where.note(f"{what}; read as its first pass, because the rows are in no order of time")
    return first


def _ascending(
    wall: Times, first: Times, second: Times, repeated: NDArray[np.bool_], is_strict: bool
) -> Times | None:
    """Instants in ascending order, where one choice of passes gives that.

    The second pass begins where the clock goes back, or, if no time comes twice elsewhere, where
    it stands still.
    """
    step = np.diff(wall)
    within = repeated[1:] & repeated[:-1] & (np.abs(step) < _AN_HOUR_OR_TWO)  # of one clock change
    elsewhere = step[~within]
    if (elsewhere < _NO_TIME).any() or (is_strict and (elsewhere == _NO_TIME).any()):
        return None
    goes_back = within & (step <= _NO_TIME if is_strict else step < _NO_TIME)
    n_back = np.cumsum(np.concatenate([[0], goes_back]))
    begins = np.concatenate([[True], ~within])
    n_before = np.maximum.accumulate(np.where(begins, n_back, 0))
    utc = np.where(repeated & (n_back > n_before), second, first)
    is_ascending = bool((np.diff(utc) >= _NO_TIME).all())
    return utc if is_ascending else None


def _note_skipped(
    where: TimeColumn, wall: Times, skipped: NDArray[np.bool_], zone: ZoneInfo
) -> None:
    if skipped.any():
        row = int(np.flatnonzero(skipped)[0])
        where.note(
            f"{int(skipped.sum()):,} times lie in an hour that clocks of {zone.key} skip (first "
            f"{str(wall[row])[:16].replace('T', ' ')} in row {row}); read as the end of that hour"
        )


def _utc(index: pd.DatetimeIndex) -> Times:
    return index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
