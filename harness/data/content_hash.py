"""Content hashes: the same rows have the same fingerprint, in any order."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.dataset import Dataset


def file_hash(*paths: Path) -> str:
    """SHA-256 over the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        digest.update(_one_hash(path, status.st_ino, status.st_size, status.st_mtime_ns))
    return digest.hexdigest()


@lru_cache(maxsize=1024)
def _one_hash(path: Path, *unchanged: int) -> bytes:
    """SHA-256 of a file, worked out once in this process while its inode, size and time stay."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def row_hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """A 64-bit hash per row over all columns, shape (n_rows,).

    Columns are combined in name order; pandas hashes values, so equal text hashes
    equally whatever its categorical codes.
    """
    total: NDArray[np.uint64] = np.zeros(len(frame), dtype=np.uint64)
    for name in sorted(frame.columns):
        column = pd.util.hash_pandas_object(frame[name], index=False).to_numpy(dtype=np.uint64)
        total = np.bitwise_xor(total * np.uint64(1_000_003), column)
    return total


def rows_fingerprint(dataset: Dataset, rows: NDArray[np.intp]) -> str:
    """SHA-256 of the features, times and labels of some rows, whatever their order.

    Args:
        dataset: The dataset.
        rows: Row positions, shape (n_window_rows,).
    """
    hashes = dataset.map_rows(_hashes, rows, None).astype(np.uint64, copy=False)
    hashes = hashes * np.uint64(1_000_003) ^ dataset.time[rows].astype(np.int64).view(np.uint64)
    hashes = hashes * np.uint64(2) + dataset.label[rows].astype(np.uint64)
    digest = hashlib.sha256(np.sort(hashes).tobytes())
    digest.update("\n".join(dataset.roles.features).encode())
    return digest.hexdigest()


def _hashes(features: pd.DataFrame, _shared: None) -> NDArray[np.uint64]:
    return row_hashes(features)
