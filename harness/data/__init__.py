"""Data: tables, what their columns mean, and which rows may teach, tune and judge."""

from __future__ import annotations

from harness.data.content_hash import rows_fingerprint
from harness.data.dataset import Dataset
from harness.data.read import dataset_key, read_dataset
from harness.data.roles import Roles
from harness.data.split import Split, split_by_time
from harness.data.windows import split_windows, trial_windows

__all__ = [
    "Dataset",
    "Roles",
    "Split",
    "dataset_key",
    "read_dataset",
    "rows_fingerprint",
    "split_by_time",
    "split_windows",
    "trial_windows",
]
