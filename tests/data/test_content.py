from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.cache import Store
from harness.data import read_dataset, rows_fingerprint
from harness.settings import TableDataset


def dataset(tmp_path, frame):
    frame.to_parquet(tmp_path / "t.parquet")
    return read_dataset(
        TableDataset(path=str(tmp_path / "t.parquet"), time="when", label="y"),
        Store(tmp_path, max_bytes=10**9),
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
