"""Cache: tables converted once, keyed by content, safe to delete at any time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harness.artefacts.atomic import new_file
from harness.errors import ArtefactError


def cache_folder(configured: str | None) -> Path:
    """The cache folder: as configured, else HARNESS_CACHE, else the user's cache."""
    if configured:
        return Path(configured).expanduser()
    if named := os.environ.get("HARNESS_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "harness"


def cached_frame(folder: Path, key: str, build: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The table stored under `key`, built and stored when it is not there.

    A damaged file is built again; a folder that cannot be written only costs time.

    Args:
        folder: Cache folder, made when missing.
        key: File name without suffix; must change whenever the content would.
        build: Makes the table.
    """
    path = folder / f"{key}.parquet"
    try:
        return _read(path)
    except (OSError, pa.ArrowException):
        frame = build()
    try:
        with new_file(path) as temporary:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(table, temporary, compression="zstd", compression_level=1)
    except ArtefactError:
        return frame
    return _read(path)


def _read(path: Path) -> pd.DataFrame:
    table = pq.read_table(path, memory_map=True)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return frame
