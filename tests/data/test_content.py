from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data import read_dataset, rows_fingerprint
from harness.data.cache import cached_frame
from harness.settings import TableDataset


def dataset(tmp_path, frame):
    frame.to_parquet(tmp_path / "t.parquet")
    return read_dataset(
        TableDataset(path=str(tmp_path / "t.parquet"), time="when", label="y"), tmp_path
    )


def fingerprint(data) -> str:
    return rows_fingerprint(data, np.arange(len(data)))


def test_fingerprint_knows_rows_not_their_order(tmp_path, table):
    ours = fingerprint(dataset(tmp_path, table))
    theirs = fingerprint(dataset(tmp_path, table.sample(frac=1, random_state=3)))
    assert ours == theirs


@pytest.mark.parametrize("column", ["x", "g", "y", "when"])
def test_fingerprint_changes_with_any_single_value(tmp_path, table, column):
    ours = fingerprint(dataset(tmp_path, table))
    changed = table.copy()
    other = {"x": 9.5, "g": "c" if table["g"][5] != "c" else "a", "y": 1 - table["y"][5]}
    changed.loc[5, column] = other.get(column, pd.Timestamp("2024-01-01 05:30"))
    assert fingerprint(dataset(tmp_path, changed)) != ours


def test_a_damaged_cache_file_is_built_again(tmp_path):
    frame = pd.DataFrame({"a": [1, 2]})
    calls = []

    def build() -> pd.DataFrame:
        calls.append(1)
        return frame

    for _ in range(2):
        pd.testing.assert_frame_equal(cached_frame(tmp_path, "k", build), frame)
    (tmp_path / "k.parquet").write_bytes(b"PAR1 damaged")
    pd.testing.assert_frame_equal(cached_frame(tmp_path, "k", build), frame)
    assert len(calls) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["k.parquet"]


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path):
    (tmp_path / "file").write_text("")
    frame = pd.DataFrame({"a": [1, 2]})
    pd.testing.assert_frame_equal(cached_frame(tmp_path / "file", "k", lambda: frame), frame)
