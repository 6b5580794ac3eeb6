"""Coverage: how often the truth lies beyond a one-sided bound of nominal 5 %.

Every metric and its paired difference, over base rates, numbers of blocks, correlations of
neighbouring days, a weekly cycle and a trend. For each cell: errors of the lower and the upper
bound, share UNRESOLVED, and mean width against the plain jackknife of the same windows.

    python scripts/studies/coverage.py [WINDOWS PER CELL] [OUT]
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from harness.evidence import Estimate, estimate_contrast, estimate_level
from harness.evidence.bounds import jackknife_bounds

sys.path.insert(0, str(Path(__file__).parent))
from simulate import Process, draw, row_metrics, truths

BASE_RATES = (0.005, 0.05, 0.2)
BLOCKS = (10, 14, 30, 90)
SHAPES = ((0.0, "none"), (0.3, "none"), (0.5, "none"), (0.0, "weekly"), (0.0, "trend"))
ALPHA = 0.05


def cell(arguments: tuple[int, Process, int]) -> list[dict[str, object]]:
    """All metrics of one process."""
    seed, process, n_windows = arguments
    true = truths(process, seed=10_000 + seed)
    rng = np.random.default_rng(seed)
    metrics = row_metrics()
    tally = {(m.name, kind): _Tally() for m in metrics for kind in ("difference", "level")}
    for _ in range(n_windows):
        ours, theirs = draw(process, rng)
        for metric in metrics:
            first, second = true[metric.name]
            difference = estimate_contrast(metric, ours, theirs, ALPHA)
            without = metric.value(metric.sums(ours).sum(axis=0) - metric.sums(ours))
            plain = without - metric.value(metric.sums(theirs).sum(axis=0) - metric.sums(theirs))
            tally[metric.name, "difference"].add(difference, first - second, plain)
            tally[metric.name, "level"].add(estimate_level(metric, ours, ALPHA), first, without)
    return [
        {
            "kind": kind,
            "metric": name,
            "base rate": process.base_rate,
            "blocks": process.n_blocks,
            "rho": process.rho,
            "pattern": process.pattern,
            **counted.summary(n_windows),
        }
        for (name, kind), counted in tally.items()
    ]


class _Tally:
    def __init__(self) -> None:
        self.below = self.above = self.resolved = 0
        self.widths: list[float] = []

    def add(self, estimate: Estimate, truth: float, without: np.ndarray) -> None:
        if estimate.interval is None:
            return
        interval = estimate.interval
        self.resolved += 1
        self.below += truth < interval.lower
        self.above += truth > interval.upper
        plain = jackknife_bounds(estimate.value, without, estimate.n_effective, ALPHA)
        if plain.standard_error > 0:
            self.widths.append((interval.upper - interval.lower) / (plain.upper - plain.lower))

    def summary(self, n_windows: int) -> dict[str, float]:
        n = max(self.resolved, 1)
        return {
            "lower error %": round(100 * self.below / n, 2),
            "upper error %": round(100 * self.above / n, 2),
            "unresolved %": round(100 * (1 - self.resolved / n_windows), 1),
            "width / jackknife": round(float(np.mean(self.widths)), 2)
            if self.widths
            else float("nan"),
        }


def study(n_windows: int) -> pd.DataFrame:
    """All cells, on two processes."""
    grid = itertools.product(BASE_RATES, BLOCKS, SHAPES)
    processes = [
        Process(
            base_rate=rate,
            n_blocks=blocks,
            rho=rho,
            pattern=pattern,
            rows_per_day=1500 if rate < 0.01 else 300,
        )
        for rate, blocks, (rho, pattern) in grid
    ]
    jobs = [(seed, process, n_windows) for seed, process in enumerate(processes)]
    with ProcessPoolExecutor(2) as pool:
        return pd.DataFrame([row for rows in pool.map(cell, jobs) for row in rows])


def report(table: pd.DataFrame, n_windows: int) -> str:
    """Worst errors against the limits, then every cell."""
    table = table.assign(worst=table[["lower error %", "upper error %"]].max(axis=1))
    judged = table[table["unresolved %"] < 50]
    lines = [
        "# Coverage of one-sided bounds",
        "",
        f"Made by `scripts/studies/coverage.py {n_windows}`; {n_windows} windows per cell, nominal "
        f"error 5 %, simulation standard error {100 * np.sqrt(0.05 * 0.95 / n_windows):.1f} points. "
        "Cells with most windows UNRESOLVED are shown but not judged.",
        "",
        "| kind | blocks | worst error % | mean error % | mean width / jackknife |",
        "|---|---|---:|---:|---:|",
    ]
    for kind in ("difference", "level"):
        for low, high in ((10, 14), (30, 90)):
            part = judged[(judged["kind"] == kind) & judged["blocks"].between(low, high)]
            lines.append(
                f"| {kind} | {low} to {high} | {part['worst'].max():.2f} | "
                f"{part[['lower error %', 'upper error %']].to_numpy().mean():.2f} | "
                f"{part['width / jackknife'].mean():.2f} |"
            )
    lines += [
        "",
        "## Worst ten cells of differences",
        "",
        _markdown(judged[judged["kind"] == "difference"].nlargest(10, "worst")),
        "",
        "## Every cell",
        "",
        _markdown(table),
    ]
    return "\n".join(lines) + "\n"


def _markdown(table: pd.DataFrame) -> str:
    shown = table.drop(columns="worst")
    head = "| " + " | ".join(shown.columns) + " |\n|" + "---|" * len(shown.columns)
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)]
    return "\n".join([head, *rows])


def main() -> None:
    """Run the study and write its table."""
    n_windows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    text = report(study(n_windows), n_windows)
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if out is not None:
        out.write_text(text)
    print("\n".join(text.splitlines()[:26]))


if __name__ == "__main__":
    main()
