from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from harness.data.time_column import read_time

NOON = np.datetime64("2024-03-01T12:00", "us")


@pytest.mark.parametrize(
    ("values", "unit", "zone", "expected"),
    [
        (["2024-03-01T12:00:00Z"], None, "Europe/Berlin", NOON),
        (["2024-03-01T13:00:00+01:00"], None, "UTC", NOON),
        (["2024-03-01 13:00:00"], None, "Europe/Berlin", NOON),
        (["2024-03-01"], None, "UTC", np.datetime64("2024-03-01", "us")),
        ([1709294400], "s", "Europe/Berlin", NOON),
        ([1709294400000], "ms", "UTC", NOON),
        ([19783], "day", "UTC", np.datetime64("2024-03-01", "us")),
        ([19783], "day", "Europe/Berlin", np.datetime64("2024-02-29T23:00", "us")),
        ([pd.Timestamp("2024-03-01 12:00")], None, "UTC", NOON),
        ([pd.Timestamp("2024-03-01 07:00", tz="America/New_York")], None, "UTC", NOON),
        ([datetime.datetime(2024, 3, 1, 12)], None, "UTC", NOON),
    ],
)
def test_times_of_every_kind_become_utc(values, unit, zone, expected):
    time = read_time("dataset.time", pd.Series(values, name="t"), unit=unit, timezone=zone)
    assert time.dtype == np.dtype("datetime64[us]")
    assert time[0] == expected


def test_different_offsets_are_one_time_line():
    column = pd.Series(["2024-03-01T12:00:00Z", "2024-03-01T13:00:00+01:00"], name="t")
    time = read_time("dataset.time", column, unit=None, timezone="UTC")
    assert time[0] == time[1]


def test_the_hour_clocks_repeat_is_read_as_its_first_pass():
    column = pd.Series(["2013-11-03 01:30:00"], name="t")
    time = read_time("dataset.time", column, unit=None, timezone="America/New_York")
    assert time[0] == np.datetime64("2013-11-03T05:30", "us")
