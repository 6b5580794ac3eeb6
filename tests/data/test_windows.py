from __future__ import annotations

import pandas as pd
import pytest

from harness.cache import Store
from harness.data import read_dataset, split_windows
from harness.errors import ConfigError
from harness.settings import RollingSplit, TableDataset, TemporalSplit


@pytest.fixture
def dataset(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet")
    settings = TableDataset(
        path=str(tmp_path / "t.parquet"), time="when", label="y", label_delay="5d"
    )
    return read_dataset(settings, Store(tmp_path, max_bytes=10**9))


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_durations_count_back_from_the_midnight_after_the_last_row(dataset):
    bounds = split_windows(TemporalSplit(validation="1mo", test="1mo"), dataset)[0].windows
    assert bounds.test_end == day("2024-06-16")
    assert bounds.test_start == day("2024-05-16")
    assert bounds.validation_start == day("2024-04-16")


def test_the_gap_is_the_label_delay_unless_given(dataset):
    derived = split_windows(TemporalSplit(validation="30d", test="30d"), dataset)[0].windows
    assert derived.validation_start - derived.train_end == pd.Timedelta(days=5)
    assert derived.test_start - derived.validation_end == pd.Timedelta(days=5)
    given = split_windows(TemporalSplit(validation="30d", test="30d", gap="9d"), dataset)[0].windows
    assert given.validation_start - given.train_end == pd.Timedelta(days=9)


def test_a_gap_shorter_than_the_delay_drops_the_rows_in_between(dataset):
    split = split_windows(TemporalSplit(validation="30d", test="30d", gap="1d"), dataset)[0]
    assert split.dropped["label not known when validation opens"] == pytest.approx(4 * 24, abs=1)


def test_dates_replace_durations(dataset):
    split = split_windows(
        TemporalSplit(
            validation_start="2024-04-01", test_start="2024-05-01", test_end="2024-06-01"
        ),
        dataset,
    )[0]
    assert split.windows.test_start == day("2024-05-01")
    assert dataset.time[split.test].max() < pd.Timestamp("2024-06-01").to_datetime64()


def test_a_longest_training_window_leaves_older_rows_out(dataset):
    split = split_windows(TemporalSplit(train="20d", validation="30d", test="30d"), dataset)[0]
    assert len(split.train) == 20 * 24
    assert split.dropped["before the training window"] > 0


def test_rolling_moves_every_window_back_by_the_step(dataset):
    settings = RollingSplit(origins=3, validation="20d", test="20d")
    splits = split_windows(settings, dataset)
    starts = [split.windows.test_start for split in splits]
    assert starts == [day("2024-04-17"), day("2024-05-07"), day("2024-05-27")]
    assert len({len(split.test) for split in splits}) <= 2
    for earlier, later in zip(splits, splits[1:], strict=False):
        assert earlier.windows.test_end == later.windows.test_start


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (TemporalSplit(gap="400d"), "overlap"),
        (TemporalSplit(test="0d"), "split.test: '0d' is an empty window"),
        (TemporalSplit(test_start="2030-01-01"), "leaves no test window"),
        (TemporalSplit(test_start="soon"), "'soon' is no date"),
        (TemporalSplit(validation="4mo", test="2mo"), "training would end .* before the first row"),
        (TemporalSplit(validation="20d", test="20d", entity="nope"), "no column 'nope'"),
        (TemporalSplit(validation_start="2024-06-01", test_start="2024-05-01"), "overlap"),
    ],
)
def test_windows_that_cannot_be_are_refused(dataset, settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        split_windows(settings, dataset)
