"""Time column: timestamps, dates, ISO text or integers, brought to UTC."""

from __future__ import annotations

import re
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ConfigError, DataError

Unit = Literal["D", "s", "ms", "us", "ns"]
UNITS: dict[str, Unit] = {"day": "D", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
_AWARE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")


def read_time(
    key: str,
    column: pd.Series,
    *,
    unit: str | None,
    timezone: str,
    allow_null: bool = False,
) -> NDArray[np.datetime64]:
    """A column's times in UTC, datetime64[us], shape (n_rows,).

    Args:
        key: Config key that named the column, for errors.
        column: The column as read.
        unit: Unit of integers since 1970: day, s, ms, us or ns.
        timezone: Zone of times written without one.
        allow_null: Whether a row may have no time.

    Raises:
        ConfigError: If integers come without a unit, or the zone is unknown.
        DataError: If a value is no time, or rows lack one.
    """
    zone = _zone(f"{key.rpartition('.')[0]}.timezone" if "." in key else "timezone", timezone)
    times = _instants(key, column, unit, zone)
    n_null = int(np.isnat(times).sum())
    if n_null and not allow_null:
        row = int(np.flatnonzero(np.isnat(times))[0])
        raise DataError(
            f"{key}: column '{column.name}' has no time in {n_null:,} of {len(times):,} rows "
            f"(first in row {row}); drop or repair them"
        )
    return times


def _zone(key: str, timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"{key}: '{timezone}' is no IANA zone; write one such as Europe/Berlin or UTC"
        ) from error


def _instants(
    key: str, column: pd.Series, unit: str | None, zone: ZoneInfo
) -> NDArray[np.datetime64]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _utc(pd.DatetimeIndex(column))
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _localised(pd.DatetimeIndex(column), zone)
    if pd.api.types.is_bool_dtype(column.dtype):
        raise DataError(f"{key}: column '{column.name}' holds true and false, not times")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _from_numbers(key, column, unit, zone)
    return _from_text(key, column, zone)


def _from_numbers(
    key: str, column: pd.Series, unit: str | None, zone: ZoneInfo
) -> NDArray[np.datetime64]:
    if unit is None:
        raise ConfigError(
            f"dataset.time_unit: not set, and column '{column.name}' holds numbers "
            f"(first {column.iloc[0]}); say what they count since 1970: {', '.join(UNITS)}"
        )
    if unit not in UNITS:
        raise ConfigError(f"dataset.time_unit: '{unit}' is unknown; use {', '.join(UNITS)}")
    try:
        times = pd.to_datetime(column, unit=UNITS[unit])
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{key}: column '{column.name}' in units of {unit} leaves the calendar "
            f"(largest {column.max()}); check dataset.time_unit"
        ) from error
    index = pd.DatetimeIndex(times)
    return _localised(index, zone) if unit == "day" else index.to_numpy().astype("datetime64[us]")


def _from_text(key: str, column: pd.Series, zone: ZoneInfo) -> NDArray[np.datetime64]:
    text = column.astype("string").str.strip()
    aware = text.str.contains(_AWARE, regex=True).fillna(False) & text.str.contains(":").fillna(
        False
    )
    n_aware, n_text = int(aware.sum()), int(text.notna().sum())
    if 0 < n_aware < n_text:
        raise DataError(
            f"{key}: column '{column.name}' mixes times with a zone ({n_aware:,} rows) and "
            f"without ({n_text - n_aware:,} rows); write all of them one way"
        )
    parsed = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=n_aware > 0)
    bad = parsed.isna() & text.notna()
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        raise DataError(
            f"{key}: column '{column.name}' holds '{text.iloc[row]}' in row {row}, which is no "
            "time; write ISO dates such as 2024-05-31 or 2024-05-31T14:00:00Z"
        )
    index = pd.DatetimeIndex(parsed)
    return _utc(index) if n_aware else _localised(index, zone)


def _localised(index: pd.DatetimeIndex, zone: ZoneInfo) -> NDArray[np.datetime64]:
    # The hour that clocks repeat is read as its first pass; the one they skip, as its end.
    first_pass = np.ones(len(index), dtype=bool)
    return _utc(index.tz_localize(zone, ambiguous=first_pass, nonexistent="shift_forward"))


def _utc(index: pd.DatetimeIndex) -> NDArray[np.datetime64]:
    return index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


def looks_like_times(column: pd.Series) -> bool:
    """Whether texts are times in ISO 8601; never raises."""
    text = column.dropna().astype("string").str.strip()
    if text.empty or not text.head(200).str.match(r"\d{4}-\d\d").all():
        return False
    return bool(pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True).notna().all())
