"""Drift of a million rows against a stored profile, beside scipy on both raw samples.

One process, 1,000,000 rows x 15 numeric columns. Ours: the new rows are profiled (distribution,
moments, nulls, repeated rows) and every column is compared with the stored reference: distance,
p, limits, breaks. Theirs: scipy.stats.ks_2samp on the reference's rows and the new rows, column
by column. Also printed: the profile's size per numeric column, and time and memory of 1,000
columns x 100,000 rows from Parquet with the slopes in rows and columns. Last, the ratio of the
times (scipy / ours), medians of three.

    python scripts/bench/drift.py
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from harness.data.rows_source import open_source
from harness.evidence import ScoredRows, blocks_of
from harness.monitor import (
    Reference,
    column_reference,
    judge_window,
    profile_frame,
    profile_windows,
    read_reference,
    reference_profile,
    write_reference,
)
from harness.monitor.store import FILE
from harness.settings import MonitoringSettings
from harness.stages import peak_memory_mb

N_ROWS, N_COLUMNS, N_DAYS = 1_000_000, 15, 90


def reference_of(frame: pd.DataFrame) -> Reference:
    """The profile of some rows spread over the days."""
    day = np.sort(np.random.default_rng(1).integers(0, N_DAYS, len(frame)))
    local = pd.DatetimeIndex(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(day, unit="D"))
    rng = np.random.default_rng(2)
    score = rng.random(len(frame))
    rows = ScoredRows(
        score=score,
        alert=score > 0.5,
        label=rng.random(len(frame)) < score,
        value_if_alert=np.ones(len(frame)),
        value_if_silent=np.zeros(len(frame)),
        blocks=blocks_of("day", local, None),
    )
    names = list(frame.columns)
    return reference_profile(
        column_reference(frame, local, (names, [])), rows, local, threshold=0.5, importance={}
    )


def table(n_rows: int, n_columns: int, seed: int) -> pd.DataFrame:
    """Normal columns."""
    values = np.random.default_rng(seed).normal(size=(n_columns, n_rows))
    return pd.DataFrame({f"x{j}": column for j, column in enumerate(values)})


def seconds(work: Callable[[], object]) -> float:
    """Median wall time of three."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def wide(job: tuple[str, int, int]) -> tuple[float, float]:
    """Seconds and peak memory in MB of profiling and comparing a Parquet file.

    Args:
        job: Folder of the reference, rows, columns.
    """
    folder, n_rows, n_columns = job
    reference = read_reference(Path(folder) / f"reference-{n_columns}")
    start = time.perf_counter()
    source = open_source(Path(folder) / f"{n_rows}-{n_columns}.parquet")
    [profile] = profile_windows(
        source.column_blocks(source.columns), source.columns, [], [slice(None)], source.n_rows
    )
    judge_window(reference, profile, None, MonitoringSettings(), name="w", span=None, days=7)
    return time.perf_counter() - start, peak_memory_mb()


def measure_wide(folder: Path) -> None:
    """Print 1,000 columns x 100,000 rows, and the slopes."""
    found = {}
    for n_rows, n_columns in ((100_000, 250), (25_000, 1_000), (100_000, 1_000)):
        place = folder / f"reference-{n_columns}"
        if not place.exists():
            place.mkdir()
            write_reference(reference_of(table(20_000, n_columns, 1)), place / FILE)
        data = pa.Table.from_pandas(table(n_rows, n_columns, 2), preserve_index=False)
        pq.write_table(data, folder / f"{n_rows}-{n_columns}.parquet", row_group_size=25_000)
        del data
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found[n_rows, n_columns] = pool.apply(wide, ((str(folder), n_rows, n_columns),))
    taken, peak = found[100_000, 1_000]
    by_rows = np.log(taken / found[25_000, 1_000][0]) / np.log(4)
    by_columns = np.log(taken / found[100_000, 250][0]) / np.log(4)
    print(f"1,000 columns x 100,000 rows: {taken:.1f} s, peak memory {peak:.0f} MB")
    print(f"slope in rows {by_rows:.2f}, in columns {by_columns:.2f} (1 is linear)")


def main() -> None:
    """Print all figures, the ratio last."""
    with tempfile.TemporaryDirectory() as folder:
        measure_wide(Path(folder))
        then, now = table(N_ROWS, N_COLUMNS, 1), table(N_ROWS, N_COLUMNS, 2)
        write_reference(reference_of(then), Path(folder) / FILE)
        size = (Path(folder) / FILE).stat().st_size
        print(f"profile: {size / N_COLUMNS / 1000:.1f} kB per numeric column")
        reference = read_reference(Path(folder))
        names = list(now.columns)

        def ours() -> object:
            profile = profile_frame(now, names, [])
            return judge_window(
                reference, profile, None, MonitoringSettings(), name="w", span=None, days=7
            )

        def theirs() -> object:
            return [stats.ks_2samp(then[name], now[name]) for name in names]

        mine, scipys = seconds(ours), seconds(theirs)
        report = profile_frame(now, names, [])
        gaps = [
            abs(stats.ks_2samp(then[name], now[name]).statistic - column.distance)
            for name, column in (
                (c.name, c)
                for c in judge_window(
                    reference, report, None, MonitoringSettings(), name="w", span=None, days=7
                ).columns
            )
        ]
        print(f"ours {mine:.3f} s, scipy {scipys:.3f} s, largest difference of KS {max(gaps):.5f}")
        print(f"{scipys / mine:.1f}")


if __name__ == "__main__":
    main()
