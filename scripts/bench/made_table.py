"""Made table: rows of any number, and `harness run` over them in a process of its own, timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PIECE = 500_000
PLACES = [f"place {k}" for k in range(40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What one command took.

    Attributes:
        seconds: Wall time, interpreter start included.
        peak_gb: Largest resident set of any of its processes, 10^9 bytes.
        decisions: What was decided, run by run.
        stages: Seconds of each step of the first run.
    """

    seconds: float
    peak_gb: float
    decisions: tuple[str, ...]
    stages: dict[str, float]


def make_table(folder: Path, n_rows: int, n_columns: int, n_days: int = 365) -> None:
    """Rows in time order, half a million to a file; some columns tell the label, most do not."""
    rng = np.random.default_rng(0)
    n_numeric = n_columns - 4  # the others are the time, the label, a category and a weight
    microseconds = n_days * 86_400_000_000
    folder.mkdir(parents=True)
    for number, start in enumerate(range(0, n_rows, PIECE)):
        n = min(PIECE, n_rows - start)
        x = rng.normal(size=(n, n_numeric)).astype(np.float32)
        place = rng.integers(0, len(PLACES), n)
        log_odds = -2 + 0.8 * x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + 0.4 * np.abs(x[:, 3])
        log_odds += 0.2 * (place % 5)
        when = (np.arange(start, start + n) * (microseconds / n_rows)).astype(np.int64)
        columns = {
            "when": np.datetime64("2024-01-01", "us") + when.astype("timedelta64[us]"),
            "late": rng.random(n) < 1 / (1 + np.exp(-log_odds)),
            "place": pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), PLACES),
            "weight": rng.exponential(1, n).astype(np.float32),
        }
        columns |= {f"x{j}": x[:, j] for j in range(n_numeric)}
        pq.write_table(
            pa.table(columns), folder / f"part-{number:03d}.parquet", row_group_size=100_000
        )


def timed_run(table: Path, folder: Path, words: Sequence[str], n_test_days: int = 60) -> Timed:
    """`harness run` over a made table, from an empty cache and ledger.

    Args:
        table: As `make_table` made it.
        folder: Made for the run.
        words: Further overrides.
        n_test_days: Days of the test window, and of validation.
    """
    folder.mkdir()
    own = f"""dataset=table dataset.path={table} dataset.time=when dataset.label=late
        criteria=ranking split.validation={n_test_days}d split.test={n_test_days}d split.gap=1d
        baseline=prior""".split()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"HARNESS_CACHE": str(folder / "c"), "HARNESS_LEDGER": str(folder / "l.sqlite")}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", *words, *own],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = process.stdout.read() if process.stdout else ""
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    runs = sorted(folder.glob("outputs/**/run.json"))
    assert runs, printed
    decisions = [json.loads((run.parent / "decision.json").read_text("utf-8")) for run in runs]
    return Timed(
        seconds=seconds,
        peak_gb=usage.ru_maxrss * 1024 / 1e9,
        decisions=tuple(each["decision"] for each in decisions),
        stages=json.loads(runs[0].read_text("utf-8"))["seconds"],
    )
