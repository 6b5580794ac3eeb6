"""Values outside the training range, and units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.monitor import column_reference, judge_window, profile_frame, reference_profile
from harness.monitor.columns import lags_of, outside_by_period
from harness.monitor.drift import compare_columns
from harness.monitor.sketch import sketch
from harness.monitor.units import unit_change
from harness.settings import MonitoringSettings

from .conftest import scored

NAMES = ["x", "year"]


def drawn(first_day, n_days, seed, a_day=100):
    """A column that stays where it is, and one that grows day by day."""
    rng = np.random.default_rng(seed)
    n = n_days * a_day
    day = np.repeat(np.arange(first_day, first_day + n_days), a_day)
    frame = pd.DataFrame({"x": rng.uniform(10, 20, n), "year": day / 365 + rng.normal(0, 0.002, n)})
    return frame, pd.DatetimeIndex(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(day, "D"))


@pytest.fixture(scope="module")
def reference():
    frame, time = drawn(0, 80, seed=0)
    score = np.random.default_rng(1).random(len(frame))
    return reference_profile(
        column_reference(frame, time, (NAMES, [])),
        scored(score, score > 0.5, time),
        time,
        threshold=0.7,
        importance={},
    )


def judged(reference, frame, span=("2024-03-21", "2024-03-27"), days=7.0):
    profile = profile_frame(frame, NAMES, [])
    settings = MonitoringSettings()
    return judge_window(
        reference, profile, None, settings, name="w", span=span, days=days
    )  # fmt: skip


def column(report, name):
    return next(c for c in report.columns if c.name == name)


def test_values_beyond_the_range_of_training_are_an_alert_that_names_range_and_share(reference):
    frame = drawn(80, 7, seed=1)[0]
    frame.loc[frame.index % 12 == 0, "x"] = 21.0
    report = judged(reference, frame)
    x = column(report, "x")
    assert x.outside_share == pytest.approx((frame["x"] == 21).mean(), abs=0.001)
    assert x.has_left_range
    assert not x.has_drifted
    [told] = [b for b in report.breaks if b.code == "OUTSIDE"]
    assert told.is_serious
    assert "x: 8.4 % of the values lie outside the training range 10.0" in told.sentence
    assert report.is_alert


def test_a_column_that_always_leaves_its_past_may_do_so_again(reference):
    report = judged(reference, drawn(80, 7, seed=1)[0])
    year = column(report, "year")
    assert year.outside_share > 0.3
    assert year.outside_limit > year.outside_share
    assert not year.has_left_range
    assert not [b for b in report.breaks if b.code == "OUTSIDE"]


@pytest.mark.parametrize("n_outside", [0, 1, 20])  # of 700, at most 3 %
def test_few_values_outside_are_no_alert(reference, n_outside):
    frame = drawn(80, 7, seed=1)[0]
    frame.loc[frame.index < n_outside, "x"] = 21.0
    assert not column(judged(reference, frame), "x").has_left_range


def test_a_small_reference_is_left_by_chance():
    """Of 40 old and 40 new rows of a heavy tail 3 outside are nothing special."""
    rng = np.random.default_rng(0)
    n_left = 0
    for _ in range(60):
        then, now = rng.pareto(1, 40), rng.pareto(1, 40)
        time = pd.date_range("2024-01-01", periods=40, freq="D", tz="UTC")
        frame = pd.DataFrame({"x": then})
        score = rng.random(40)
        reference = reference_profile(
            column_reference(frame, time, (["x"], [])),
            scored(score, score > 0.5, time),
            time,
            threshold=0.7,
            importance={},
        )
        profile = profile_frame(pd.DataFrame({"x": now}), ["x"], [])
        [drift] = compare_columns(
            reference, list(profile.columns.values()), 30.0, 1.0, MonitoringSettings(),
            alpha_outside=0.05,
        )  # fmt: skip
        n_left += drift.has_left_range
    assert n_left <= 8  # 3 are expected


def test_the_share_outside_the_past_is_counted_as_a_loop_would():
    rng = np.random.default_rng(3)
    code = np.sort(rng.integers(0, 40, 3_000))
    values = rng.normal(size=3_000) + code / 15
    values[rng.random(3_000) < 0.1] = np.nan
    found = outside_by_period(values, code, 40, 1.0)
    for place, lag in enumerate(lags_of(40, 1.0)):
        for period in range(20, 40):
            past, now = values[code <= period - lag], values[code == period]
            now = now[~np.isnan(now)]
            outside = (now < np.nanmin(past)) | (now > np.nanmax(past))
            assert found.values[period - 20, place] == pytest.approx(outside.mean())
    assert outside_by_period(values, code // 10, 4, 10.0) is None


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (100.0, "multiplied by 100"),
        (1e6, "multiplied by 1000000"),
        (0.001, "multiplied by 0.001"),
        (60.0, "seconds and minutes"),
        (1 / 2.54, "inches and centimetres"),
        (1.609344, "miles and kilometres"),
        (5.0, "multiplied by 4.97"),
    ],
)
def test_a_factor_is_named_with_where_it_is_known_from(factor, words):
    rng = np.random.default_rng(0)
    then, now = sketch(rng.lognormal(3, 1, 20_000)), sketch(factor * rng.lognormal(3, 1, 20_000))
    assert words in unit_change(then, now)


def test_kelvin_is_an_offset_and_a_power_of_ten_is_suspected_where_shapes_differ_too():
    rng = np.random.default_rng(0)
    warm = rng.normal(15, 8, 5_000)
    assert "Kelvin" in unit_change(sketch(warm), sketch(rng.normal(15, 8, 5_000) + 273.15))
    then, now = sketch(rng.lognormal(3, 0.2, 5_000)), sketch(1000 * rng.lognormal(3, 0.4, 5_000))
    assert "about 1000 times" in unit_change(then, now)
    assert unit_change(then, sketch(rng.lognormal(3.1, 0.2, 5_000))) is None


def test_of_few_rows_the_nearest_known_factor_is_named_and_of_many_the_measured_one():
    rng = np.random.default_rng(1)
    then = sketch(rng.lognormal(3, 0.5, 9_000))
    for _ in range(5):
        few = unit_change(then, sketch(100 * rng.lognormal(3, 0.5, 150)))
        assert few.endswith("multiplied by 100")
    assert "multiplied by 111" in unit_change(then, sketch(111.5 * rng.lognormal(3, 0.5, 90_000)))
