"""How time and memory grow: rows, columns, candidates, workers, blocks. Prints Markdown.

Every figure is `harness run` in a process of its own on a made table, from an empty cache,
interpreter start included; `slope` is the exponent between a line and the one before it
(1: twice as much takes twice as long).

    python scripts/bench/scaling.py [MOST_ROWS] [FILE]
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from made_table import Timed, make_table, timed_run

TREES = "model.n_estimators=100"
SMALL = 100_000
COLUMNS = 30


def table(
    title: str, unit: str, sizes: Sequence[int], measure: Callable[[int], tuple[Timed, float]]
) -> Iterator[str]:
    """One way of growing as a Markdown table.

    Args:
        title: What is measured.
        unit: What grows.
        sizes: How far.
        measure: Carries a size out; the run, and the seconds that count.
    """
    yield from ("", f"## {title}", "", f"| {unit} | seconds | slope | GB | slope |")
    yield "|---:|---:|---:|---:|---:|"
    before: tuple[int, float, float] | None = None
    for size in sizes:
        took, seconds = measure(size)
        slopes = ["", ""]
        if before is not None:
            step = math.log(size / before[0])
            slopes = [
                f"{math.log(now / then) / step:.2f}"
                for now, then in zip((seconds, took.peak_gb), before[1:], strict=True)
            ]
        yield f"| {size:,} | {seconds:.1f} | {slopes[0]} | {took.peak_gb:.2f} | {slopes[1]} |"
        before = (size, seconds, took.peak_gb)


def main() -> None:
    """Measure each way of growing."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    lines = [f"Made by `scripts/bench/scaling.py {most}`."]
    with tempfile.TemporaryDirectory() as place:
        for line in study(Path(place), most):
            print(line, flush=True)
            lines.append(line)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text("\n".join(lines) + "\n", "utf-8")


def study(folder: Path, most: int) -> Iterator[str]:
    """All tables, line by line."""

    def made(n_rows: int, n_columns: int = COLUMNS, n_days: int = 365) -> Path:
        found = folder / f"{n_rows}_{n_columns}_{n_days}"
        if not found.exists():
            make_table(found, n_rows, n_columns, n_days)
        return found

    def whole(name: str, at: Path, words: Sequence[str], n_days: int = 60) -> tuple[Timed, float]:
        took = timed_run(at, folder / name, [TREES, *words], n_days)
        return took, took.seconds

    def rows(streamed: str, n: int) -> tuple[Timed, float]:
        return whole(f"rows_{streamed}_{n}", made(n), [f"dataset.stream={streamed}"])

    def columns(n: int) -> tuple[Timed, float]:
        return whole(f"columns_{n}", made(SMALL, n), [])

    def candidates(launcher: str, n: int) -> tuple[Timed, float]:
        seeds = ",".join(str(seed) for seed in range(n))
        words = ["-m", f"launcher={launcher}", f"seed={seeds}"]
        return whole(f"candidates_{launcher}_{n}", made(SMALL), words)

    def blocks(n: int) -> tuple[Timed, float]:
        took, _ = whole(f"blocks_{n}", made(10 * SMALL, COLUMNS, 6 * n), [], n)
        return took, took.stages["weigh the evidence"]

    sizes = [n for n in (100_000, 1_000_000, 10_000_000) if n <= most]
    title = f"Rows x {COLUMNS} columns"
    yield from table(f"{title}, in memory", "rows", sizes, partial(rows, "false"))
    yield from table(f"{title}, dataset.stream=true", "rows", sizes, partial(rows, "true"))
    yield from table(f"Columns of {SMALL:,} rows", "columns", (10, 30, 100, 300), columns)
    for launcher in ("basic", "joblib"):
        title = f"Candidates on {SMALL:,} rows, launcher={launcher}"
        yield from table(title, "candidates", (2, 4, 8, 16), partial(candidates, launcher))
    title = f"Days of the test window, {10 * SMALL // 6:,} rows in it, weighing the evidence alone"
    yield from table(title, "blocks", (15, 60, 240, 960), blocks)


if __name__ == "__main__":
    main()
