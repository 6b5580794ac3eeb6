"""Flights: nothing in a row was unknown two hours before its departure."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.cache import cache_folder, open_store
from harness.data import flights, flights_features, read_dataset
from harness.errors import ConfigError
from harness.settings import FlightsDataset


@pytest.fixture(scope="module")
def raw():
    store = open_store(None, 10)
    files = flights.package_files()
    return {name: flights.raw_table(name, path, "test", store) for name, path in files.items()}


@pytest.fixture(scope="module")
def dataset():
    return read_dataset(FlightsDataset(timezone="America/New_York"), open_store(None, 10))


def test_all_flights_are_there_with_the_known_rates(dataset):
    assert len(dataset) == 336_776
    cancelled_or_diverted = np.isnan(dataset.frame["arr_delay"].to_numpy())
    assert cancelled_or_diverted.sum() == 9_430
    assert dataset.label[cancelled_or_diverted].all()
    delayed = dataset.frame["arr_delay"].to_numpy() > 15
    assert (dataset.label == (delayed | cancelled_or_diverted)).all()


def test_reconstructed_arrivals_leave_time_for_the_flight(raw):
    """Air time and taxiing fit between actual departure and actual arrival, for every flight."""
    table = raw["flights"]
    departure = flights_features._scheduled_departure(table)
    arrival = flights_features._scheduled_arrival(table, departure, raw["airports"])
    minutes = (arrival - departure) / 60 + table["arr_delay"] - table["dep_delay"]
    taxi = (minutes - table["air_time"]).dropna()
    assert taxi.min() > 0
    assert taxi.quantile(0.999) < 180


def test_no_label_counts_before_it_was_settled(dataset):
    """A late flight is known to be late no earlier than 15 minutes past schedule."""
    delay = dataset.label_known - dataset.time
    assert delay.min() > np.timedelta64(2, "h")


def test_history_equals_a_literal_loop_over_flights_settled_before(raw):
    table = raw["flights"].sort_values("time_hour").head(6000).reset_index(drop=True)
    small = {**raw, "flights": table}
    frame = flights_features.known_before_departure(
        small, hours_before=2, late_minutes=15, after_outcome=()
    )
    rng = np.random.default_rng(0)
    settled = frame["label_known"].to_numpy()
    late = frame["late"].to_numpy()
    for row in rng.integers(1000, len(frame), 60):
        asked = frame["prediction_time"].to_numpy()[row]
        past = (
            (frame["carrier"] == frame["carrier"][row]).to_numpy()
            & (settled < asked)
            & (settled >= asked - np.timedelta64(1, "D"))
        )
        expected = late[past].mean() if past.any() else np.nan
        np.testing.assert_allclose(frame["carrier_late_share_1d"][row], expected)


def test_changing_the_future_changes_no_feature(raw):
    """Scramble every outcome after a moment: rows asked before it stay the same."""
    table = raw["flights"].sort_values("time_hour").head(8000).reset_index(drop=True)
    moment = np.datetime64("2013-01-07T12:00", "us")

    def features(flights_table: pd.DataFrame) -> pd.DataFrame:
        return flights_features.known_before_departure(
            {**raw, "flights": flights_table}, hours_before=2, late_minutes=15, after_outcome=()
        )

    before = features(table)
    scrambled = table.copy()
    departure = flights_features._scheduled_departure(table)
    arrival = flights_features._scheduled_arrival(table, departure, raw["airports"])
    actual = departure + 60 * np.nan_to_num(table["dep_delay"], nan=0).astype(np.int64)
    unknown = np.minimum(actual, departure) >= moment.astype("datetime64[s]").astype(np.int64)
    del arrival
    scrambled.loc[unknown, ["dep_delay", "arr_delay"]] = 500.0
    after = features(scrambled)
    early = (before["prediction_time"] <= moment).to_numpy()
    assert early.sum() > 2000
    columns = [c for c in before.columns if c not in ("late", "label_known")]
    pd.testing.assert_frame_equal(before.loc[early, columns], after.loc[early, columns])


def test_after_outcome_columns_are_there_and_kept_out(dataset):
    assert set(flights.AFTER_OUTCOME) <= set(dataset.frame.columns)
    assert not set(flights.AFTER_OUTCOME) & set(dataset.roles.features)
    leaky = read_dataset(FlightsDataset(leaky=True), open_store(None, 10))
    assert set(flights.AFTER_OUTCOME) <= set(leaky.roles.features)


def test_the_cache_moves_with_the_user_and_is_keyed_by_content(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert cache_folder(None) == tmp_path
    assert cache_folder("~/elsewhere") == Path.home() / "elsewhere"
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder(None) == tmp_path / "x" / "harness"
    assert os.environ["XDG_CACHE_HOME"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"hours_before": -1}, "lies after departure"),
        ({"max_rows": 0}, "keeps nothing"),
    ],
)
def test_flights_that_cannot_be_meant_are_refused(words, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_dataset(FlightsDataset(**words), open_store(None, 10))
