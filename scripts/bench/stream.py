"""A table of 10,000,000 rows x 30 columns, read a part at a time, against the same in memory.

Makes the table in Parquet (seeded), runs `harness run` on it twice, each in a process of its
own with its own empty cache and ledger: dataset.stream=true and false. Prints the peak memory
of each (largest resident set, as the system counts it), whether both decided the same, and
last the time of the streamed run over that of the other.

    python scripts/bench/stream.py [ROWS] [COLUMNS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from made_table import make_table, timed_run

ROWS, COLUMNS, TREES = 10_000_000, 30, 100


def main() -> None:
    """Make the table, run both, print time and memory."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    n_columns = int(sys.argv[2]) if len(sys.argv) > 2 else COLUMNS
    found = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_table(folder / "table", n_rows, n_columns)
        for name in ("true", "false"):
            words = [f"dataset.stream={name}", f"model.n_estimators={TREES}"]
            took = found[name] = timed_run(folder / "table", folder / name, words)
            print(
                f"dataset.stream={name}: {took.seconds:6.1f} s, {took.peak_gb:5.2f} GB, "
                f"{took.decisions[0]}",
                flush=True,
            )
    assert found["true"].decisions == found["false"].decisions
    print(f"{found['true'].seconds / found['false'].seconds:.2f}")


if __name__ == "__main__":
    main()
