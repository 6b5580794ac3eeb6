"""A table of 10,000,000 rows x 30 columns, read a part at a time, against the same in memory.

Makes the table in Parquet (seeded), runs `harness run` on it twice, each in a process of its
own with its own empty cache and ledger: dataset.stream=true and false. Prints the peak memory
of each (largest resident set of the process, as the system counts it), whether both decided the
same, and last the time of the streamed run over that of the other.

    python scripts/bench/stream.py [ROWS] [COLUMNS] [FOLDER]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS, COLUMNS, TREES = 10_000_000, 30, 100
PIECE = 500_000
PLACES = [f"place {k}" for k in range(40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run took.

    Attributes:
        seconds: Wall time, interpreter start included.
        peak_gb: Largest resident set, 10^9 bytes.
        decision: Its decision, and the estimates it rests on.
    """

    seconds: float
    peak_gb: float
    decision: dict[str, object]


def make_table(folder: Path, n_rows: int, n_columns: int) -> None:
    """A year of rows in time order, half a million to a file."""
    rng = np.random.default_rng(0)
    n_numeric = n_columns - 4  # the others are the time, the label, a category and a weight
    microseconds = 365 * 86_400_000_000
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


def run(table: Path, folder: Path, *, is_streamed: bool) -> Run:
    """`harness run` in a process of its own."""
    folder.mkdir()
    words = f"""dataset=table dataset.path={table} dataset.time=when dataset.label=late
        dataset.stream={str(is_streamed).lower()} criteria=ranking split.validation=60d
        split.test=60d split.gap=1d baseline=prior model.n_estimators={TREES}""".split()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"HARNESS_CACHE": str(folder / "c"), "HARNESS_LEDGER": str(folder / "l.sqlite")}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = process.stdout.read() if process.stdout else ""
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    found = [p for p in folder.glob("outputs/**/decision.json") if "bundle" not in p.parts]
    assert found, printed
    content = json.loads(found[0].read_text("utf-8"))
    return Run(seconds=seconds, peak_gb=usage.ru_maxrss * 1024 / 1e9, decision=content)


def main() -> None:
    """Make the table, run both, print time and memory."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    n_columns = int(sys.argv[2]) if len(sys.argv) > 2 else COLUMNS
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as place:
        folder = Path(place)
        make_table(folder / "table", n_rows, n_columns)
        found = {}
        for name, is_streamed in (("streamed", True), ("in memory", False)):
            found[name] = run(
                folder / "table", folder / name.replace(" ", "_"), is_streamed=is_streamed
            )
            took = found[name]
            print(
                f"{name:>10}: {took.seconds:6.1f} s, {took.peak_gb:5.2f} GB, "
                f"{took.decision['decision']}",
                flush=True,
            )
    streamed, whole = found["streamed"], found["in memory"]
    assert streamed.decision["decision"] == whole.decision["decision"]
    print(f"{streamed.seconds / whole.seconds:.2f}")


if __name__ == "__main__":
    main()
