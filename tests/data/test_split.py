from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.split import Windows, split_by_time
from harness.errors import ConfigError, DataError


def at(day: int) -> pd.Timestamp:
    return pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=day)


def windows(a: int, gap: int, validation: int, test: int) -> Windows:
    validation_start = a + gap
    test_start = validation_start + validation + gap
    return Windows(
        train_start=None,
        train_end=at(a),
        validation_start=at(validation_start),
        validation_end=at(validation_start + validation),
        test_start=at(test_start),
        test_end=at(test_start + test),
    )


def days(values) -> np.ndarray:
    return np.datetime64("2024-01-01", "us") + np.array(values, dtype="timedelta64[D]")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=5, max_size=80),
    st.integers(0, 12),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_windows_never_overlap_and_nothing_is_learned_before_it_was_known(rows, delay, gap, random):
    random.shuffle(rows)
    time = days(rows)
    known = time + np.timedelta64(delay, "D")
    bounds = windows(20, gap, 10, 10)
    try:
        split = split_by_time(time, known, bounds)
    except ConfigError:
        return
    placed = np.concatenate([split.train, split.validation, split.test])
    assert len(np.unique(placed)) == len(placed)
    start, test = np.datetime64("2024-01-01"), 20 + gap + 10 + gap
    assert (known[split.train] < start + np.timedelta64(20 + gap, "D")).all()
    assert (known[split.validation] < start + np.timedelta64(test, "D")).all()
    assert (time[split.train] < start + np.timedelta64(20, "D")).all()
    assert (time[split.test] >= start + np.timedelta64(test, "D")).all()
    assert sum(split.dropped.values()) + len(placed) == len(rows)
    for part in (split.train, split.validation, split.test):
        assert (np.diff(time[part].astype(np.int64)) >= 0).all()


def test_row_order_does_not_matter():
    rng = np.random.default_rng(1)
    time = days(rng.integers(0, 60, 500))
    order = rng.permutation(500)
    bounds = windows(20, 2, 10, 10)
    split = split_by_time(time, time, bounds)
    shuffled = split_by_time(time[order], time[order], bounds)
    for name in ("train", "validation", "test"):
        ours, theirs = getattr(split, name), order[getattr(shuffled, name)]
        assert sorted(ours) == sorted(theirs)


def test_gap_keeps_rows_with_late_labels_out_of_training():
    time = days([1, 2, 19, 25, 35])
    known = days([2, 40, 19, 26, 35])
    split = split_by_time(time, known, windows(20, 2, 10, 10))
    assert split.train.tolist() == [0, 2]
    assert split.dropped == {"label not known when validation opens": 1}


def test_entities_stay_on_the_latest_side():
    time = days([1, 2, 3, 25, 26, 35])
    entity = np.array(["a", "b", "c", "a", "d", "d"], dtype=object)
    with pytest.raises(ConfigError, match="validation"):
        split_by_time(
            time, time, windows(20, 2, 10, 10), entity=np.array(list("abcadd"))[[0, 1, 2, 5, 5, 5]]
        )
    split = split_by_time(time, time, windows(20, 2, 10, 10), entity=entity)
    assert (split.train.tolist(), split.validation.tolist(), split.test.tolist()) == (
        [1, 2],
        [3],
        [5],
    )


def test_a_row_without_time_is_refused_not_dropped():
    time = days([1, 25, 35])
    time[1] = np.datetime64("NaT")
    with pytest.raises(DataError, match="1 of 3 rows have no time"):
        split_by_time(time, time, windows(20, 2, 10, 10))


def test_an_empty_window_names_itself_and_the_data():
    time = days([1, 2, 35])
    with pytest.raises(ConfigError, match="no labelled row falls into validation .*2024-01-02"):
        split_by_time(time, time, windows(20, 2, 10, 10))
