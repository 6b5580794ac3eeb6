"""Features of a flight as they stood hours before its scheduled departure.

The outcome "late" is settled at the actual arrival, or `late_minutes` after the
scheduled one, whichever is first: by then a flight that has not landed is late. History
features ask only for flights whose outcome was settled before the moment asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.as_of import History

CATEGORICAL = ("carrier", "origin", "dest", "manufacturer", "plane_type")
_WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust"]
_WEATHER += ["precip", "pressure", "visib"]
_HOUR = 3600
_DAY = 24 * _HOUR
_NEW_YORK = "America/New_York"
# Four destinations in the Caribbean are not in the package's list of airports.
_ELSEWHERE = "America/Puerto_Rico"


def known_before_departure(
    raw: Mapping[str, pd.DataFrame],
    *,
    hours_before: float,
    late_minutes: int,
    after_outcome: Sequence[str],
) -> pd.DataFrame:
    """One row per flight, in order of prediction time.

    Args:
        raw: The package's tables: flights, weather, planes, airports.
        hours_before: Prediction time, hours before scheduled departure.
        late_minutes: A flight is late when it arrives more than this much late.
        after_outcome: Columns to carry along that are known only afterwards.
    """
    flights = raw["flights"]
    departure = _scheduled_departure(flights)
    arrival = _scheduled_arrival(flights, departure, raw["airports"])
    asked = departure - int(hours_before * _HOUR)
    arr_delay = flights["arr_delay"].to_numpy(dtype=np.float64)
    late = ~(arr_delay <= late_minutes)  # true for null: cancelled or diverted
    settled = arrival + 60 * np.where(late, late_minutes, np.nan_to_num(arr_delay)).astype(np.int64)

    columns: dict[str, object] = {
        "prediction_time": asked.view("datetime64[s]").astype("datetime64[us]"),
        "label_known": settled.view("datetime64[s]").astype("datetime64[us]"),
        "late": late,
        "carrier": flights["carrier"],
        "origin": flights["origin"],
        "dest": flights["dest"],
    }
    columns |= _calendar(flights, departure, arrival)
    columns |= _schedule_load(flights, departure)
    columns |= _plane(flights, raw["planes"])
    columns |= _weather(flights, asked, raw["weather"])
    columns |= _late_history(flights, asked, settled, late)
    columns |= _departure_history(flights, asked, departure)
    columns |= {name: flights[name].to_numpy(dtype=np.float64) for name in after_outcome}
    order = np.argsort(asked, kind="stable")
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def _scheduled_departure(flights: pd.DataFrame) -> NDArray[np.int64]:
    """Scheduled departure in UTC, seconds; `time_hour` is its hour in UTC."""
    hour = pd.to_datetime(flights["time_hour"], utc=True)
    minute: NDArray[np.int64] = flights["minute"].to_numpy(dtype=np.int64)
    return _seconds(hour) + 60 * minute


def _scheduled_arrival(
    flights: pd.DataFrame, departure: NDArray[np.int64], airports: pd.DataFrame
) -> NDArray[np.int64]:
    """Scheduled arrival in UTC, seconds, from the destination's local clock time."""
    zone = flights["dest"].map(airports.set_index("faa")["tzone"]).fillna(_ELSEWHERE).to_numpy()
    clock = flights["sched_arr_time"].to_numpy(dtype=np.int64)
    clock_seconds = (clock // 100) * _HOUR + (clock % 100) * 60
    arrival = np.empty_like(departure)
    for name in np.unique(zone):
        rows = zone == name
        utc = pd.to_datetime(departure[rows], unit="s", utc=True)
        local = utc.tz_convert(name).tz_localize(None)
        offset = _seconds(local) - departure[rows]
        midnight = _seconds(local.normalize())
        # Local landing after local take-off less three zones: else it is past midnight.
        landing = midnight + clock_seconds[rows]
        landing += _DAY * (landing < midnight + (_seconds(local) - midnight))
        arrival[rows] = landing - offset
    return arrival


def _seconds(times: pd.Series | pd.DatetimeIndex) -> NDArray[np.int64]:
    index = pd.DatetimeIndex(times)
    naive = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    return naive.to_numpy().astype("datetime64[s]").astype(np.int64)


def _calendar(
    flights: pd.DataFrame, departure: NDArray[np.int64], arrival: NDArray[np.int64]
) -> dict[str, object]:
    local = pd.to_datetime(departure, unit="s", utc=True).tz_convert(_NEW_YORK)
    clock = flights["sched_dep_time"].to_numpy(dtype=np.float64)
    return {
        "dep_hour": flights["hour"].to_numpy(dtype=np.float64),
        "dep_minute_of_day": (clock // 100) * 60 + clock % 100,
        "arr_hour": (flights["sched_arr_time"].to_numpy() // 100).astype(np.float64),
        "weekday": local.day_of_week.to_numpy(dtype=np.float64),
        "distance": flights["distance"].to_numpy(dtype=np.float64),
        "scheduled_minutes": (arrival - departure) / 60.0,
    }


def _schedule_load(flights: pd.DataFrame, departure: NDArray[np.int64]) -> dict[str, object]:
    """How busy the timetable is: published long before the day."""
    hour = departure // _HOUR
    by_airport = pd.DataFrame({"origin": flights["origin"], "hour": hour})
    by_carrier = by_airport.assign(carrier=flights["carrier"])
    return {
        "airport_hour_flights": by_airport.groupby(["origin", "hour"])["hour"]
        .transform("size")
        .to_numpy(dtype=np.float64),
        "carrier_hour_flights": by_carrier.groupby(["origin", "carrier", "hour"])["hour"]
        .transform("size")
        .to_numpy(dtype=np.float64),
    }


def _plane(flights: pd.DataFrame, planes: pd.DataFrame) -> dict[str, object]:
    known = planes.set_index("tailnum").reindex(flights["tailnum"])
    return {
        "plane_age_years": flights["year"].to_numpy() - known["year"].to_numpy(dtype=np.float64),
        "seats": known["seats"].to_numpy(dtype=np.float64),
        "manufacturer": known["manufacturer"].to_numpy(),
        "plane_type": known["type"].to_numpy(),
    }


def _weather(
    flights: pd.DataFrame, asked: NDArray[np.int64], weather: pd.DataFrame
) -> dict[str, object]:
    """The latest observation at the airport strictly before `asked`, at most 3 h old."""
    observed = weather.assign(at=_seconds(pd.to_datetime(weather["time_hour"], utc=True)))
    question = pd.DataFrame(
        {"row": np.arange(len(flights)), "origin": flights["origin"], "at": asked}
    )
    joined = pd.merge_asof(
        question.sort_values("at"),
        observed.sort_values("at")[["at", "origin", *_WEATHER]],
        on="at",
        by="origin",
        tolerance=3 * _HOUR,
        allow_exact_matches=False,
    ).sort_values("row")
    return {name: joined[name].to_numpy(dtype=np.float64) for name in _WEATHER}


def _late_history(
    flights: pd.DataFrame,
    asked: NDArray[np.int64],
    settled: NDArray[np.int64],
    late: NDArray[np.bool_],
) -> dict[str, object]:
    """Share of late flights among those settled before `asked`, by who flies where."""
    value = late.astype(np.float64)
    groups = {
        "carrier": (_codes(flights, "carrier"), (_DAY, 28 * _DAY)),
        "origin": (_codes(flights, "origin"), (3 * _HOUR, _DAY)),
        "dest": (_codes(flights, "dest"), (_DAY, 28 * _DAY)),
        "route": (_codes(flights, "origin", "dest"), (7 * _DAY, 56 * _DAY)),
        "carrier_origin": (_codes(flights, "carrier", "origin"), (6 * _HOUR,)),
        "flight_number": (_codes(flights, "carrier", "flight"), (28 * _DAY, 112 * _DAY)),
        "aircraft": (_codes(flights, "tailnum"), (28 * _DAY,)),
    }
    columns: dict[str, object] = {}
    for name, (codes, windows) in groups.items():
        history = History(codes, settled, value)
        for window in windows:
            count, total = history.sums(codes, asked, window)
            with np.errstate(invalid="ignore"):
                share = np.where(count > 0, total / np.maximum(count, 1), np.nan)
            columns[f"{name}_late_share_{_span(window)}"] = share
        if name == "flight_number":
            columns["flight_number_count_112d"] = count.astype(np.float64)
        if name == "aircraft":
            last, age = history.last(codes, asked)
            columns["aircraft_last_late"] = last
            columns["aircraft_hours_since_last"] = age / _HOUR
    return columns


def _departure_history(
    flights: pd.DataFrame, asked: NDArray[np.int64], departure: NDArray[np.int64]
) -> dict[str, object]:
    """Delays of flights that had already left the airport before `asked`."""
    delay = flights["dep_delay"].to_numpy(dtype=np.float64)
    left = ~np.isnan(delay)
    left_at = (departure + 60 * np.nan_to_num(delay)).astype(np.int64)
    minutes = np.clip(np.nan_to_num(delay), -30, 240)
    columns: dict[str, object] = {}
    for name, codes in {
        "origin": _codes(flights, "origin"),
        "carrier_origin": _codes(flights, "carrier", "origin"),
    }.items():
        history = History(codes[left], left_at[left], minutes[left])
        count, total = history.sums(codes, asked, 2 * _HOUR)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        columns[f"{name}_dep_delay_2h"] = mean
    # Scheduled to leave in the two hours before, and not gone by then: a queue.
    codes = _codes(flights, "origin")
    due, _ = History(codes, departure, minutes).sums(codes, asked, 2 * _HOUR)
    gone_at = np.where(left, np.maximum(left_at, departure), np.iinfo(np.int64).max // 2**24)
    on_schedule = History(codes[left], gone_at[left], minutes[left])
    gone, _ = on_schedule.sums(codes, asked, 2 * _HOUR)
    columns["origin_queue_2h"] = (due - gone).astype(np.float64)
    return columns


def _codes(flights: pd.DataFrame, *names: str) -> NDArray[np.int64]:
    """One code per combination of values; -1 where a value is null."""
    total = np.zeros(len(flights), dtype=np.int64)
    missing = np.zeros(len(flights), dtype=bool)
    for name in names:
        codes, values = pd.factorize(flights[name])
        total = total * (len(values) + 1) + codes
        missing |= codes < 0
    dense = pd.factorize(total)[0].astype(np.int64)
    return np.where(missing, -1, dense)


def _span(seconds: int) -> str:
    return f"{seconds // _DAY}d" if seconds >= _DAY else f"{seconds // _HOUR}h"
