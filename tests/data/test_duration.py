from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data.duration import Duration
from harness.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "instant", "before"),
    [
        ("3mo", "2013-05-31", "2013-02-28"),
        ("1y", "2024-02-29", "2023-02-28"),
        ("6w", "2013-03-01", "2013-01-18"),
        ("14d", "2013-11-10", "2013-10-27"),
        ("36h", "2013-05-03 12:00", "2013-05-02"),
        ("90min", "2013-05-03 01:30", "2013-05-03"),
    ],
)
def test_durations_count_back_on_the_calendar(text, instant, before):
    at = pd.Timestamp(instant, tz="America/New_York")
    assert Duration.parse("k", text).before(at) == pd.Timestamp(before, tz="America/New_York")


def test_days_keep_midnight_over_the_change_to_summer_time_and_hours_do_not():
    at = pd.Timestamp("2013-03-11", tz="America/New_York")  # the day after the change
    assert Duration.parse("k", "1d").before(at).hour == 0
    assert Duration.parse("k", "24h").before(at) == pd.Timestamp(
        "2013-03-09 23:00", tz="America/New_York"
    )


@pytest.mark.parametrize("text", ["-3d", "3", "d", "3 fortnights", "1.5d", "", "3D", "None"])
def test_what_is_no_duration_is_refused_with_the_key(text):
    with pytest.raises(ConfigError, match=r"split.gap: '.*' is no duration"):
        Duration.parse("split.gap", text)


def test_a_delay_is_added_to_every_row():
    time = np.array(["2024-01-31T05:00", "2024-02-01T00:00"], dtype="datetime64[us]")
    later = Duration.parse("k", "1mo").after_each(time)
    assert later.tolist() == [pd.Timestamp("2024-02-29T05:00"), pd.Timestamp("2024-03-01")]
