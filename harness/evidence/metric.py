"""Metric: a function of per-block statistics that add up.

`statistics` turns rows into one line of sums per block; `value` turns any sum of such
lines into the metric. Leaving a block out, or drawing blocks anew, is arithmetic on
those lines and never touches the rows again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evidence.rows import ScoredRows

Floats = NDArray[np.float64]


def action(rows: ScoredRows) -> NDArray[np.bool_]:
    """What is done about each row."""
    return rows.alert


def score(rows: ScoredRows) -> Floats:
    """Each row's score."""
    return rows.score


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMetric:
    """A metric of scored rows.

    Attributes:
        name: Name in configs, JSON and tables.
        title: Name for readers.
        unit: Unit in words; empty for a plain number.
        higher_is_better: Direction; None where neither is better as such.
        meaning: One sentence on what it measures.
        statistics: Rows to sums per block, shape (n_blocks, n_statistics).
        value: Sums of shape (..., n_statistics) to values of shape (...); nan where
            undefined.
        size: Rows to the block sizes that matter for the metric's error, (n_blocks,).
        exact: Point estimate from the rows, where `value` of binned sums is rounded.
        is_share: Whether the metric lies between 0 and 1.
        min_positives_alone: Positives below which one model's own value has no interval.
        outcome: What of a row the metric depends on, besides the label: its action, its score
            or its value, shape (n_rows,). Two models differ on a row where this differs.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool | None
    meaning: str
    statistics: Callable[[ScoredRows], Floats]
    value: Callable[[Floats], Floats]
    size: Callable[[ScoredRows], Floats]
    exact: Callable[[ScoredRows], float] | None = None
    is_share: bool = False
    min_positives_alone: int = 10
    outcome: Callable[[ScoredRows], NDArray[Any]] = action

    def n_different(self, candidate: ScoredRows, baseline: ScoredRows) -> int:
        """Rows on which two models differ, as far as this metric can tell."""
        return int(np.count_nonzero(self.outcome(candidate) != self.outcome(baseline)))

    def sums(self, rows: ScoredRows) -> Floats:
        """The metric's statistics per block, worked out once, (n_blocks, n_statistics)."""
        if self.statistics not in rows.memory:
            rows.memory[self.statistics] = self.statistics(rows)
        found: Floats = rows.memory[self.statistics]
        return found

    def point(self, rows: ScoredRows) -> float:
        """The metric over all rows; nan where undefined."""
        if self.name not in rows.memory:
            exact = self.exact(rows) if self.exact is not None else None
            rows.memory[self.name] = (
                exact if exact is not None else float(self.value(self.sums(rows).sum(axis=0)))
            )
        found: float = rows.memory[self.name]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleQuantile:
    """A quantile of a measured sample, such as latency; it has no baseline."""

    name: str
    title: str
    unit: str
    higher_is_better: bool | None
    meaning: str
    sample: str
    quantile: float


Metric = RowMetric | SampleQuantile


def ratio(
    numerator: Callable[[ScoredRows], Floats],
    denominator: Callable[[ScoredRows], Floats],
) -> Callable[[ScoredRows], Floats]:
    """Statistics of a ratio of sums: two columns, per block."""

    def statistics(rows: ScoredRows) -> Floats:
        sums = (rows.blocks.sums(numerator(rows)), rows.blocks.sums(denominator(rows)))
        return np.stack(sums, axis=1)  # (n_blocks, 2)

    return statistics


def indicator(mask: NDArray[np.bool_]) -> Floats:
    """1 where true, 0 elsewhere."""
    return mask.astype(np.float64)


def every_row(rows: ScoredRows) -> Floats:
    """1 for every row, in no memory: the denominator of a mean."""
    return np.broadcast_to(np.float64(1.0), len(rows))


def divide(sums: Floats) -> Floats:
    """First statistic over the second; nan where the second is zero."""
    return safe_divide(sums[..., 0], sums[..., 1])


def safe_divide(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, nan where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.where(denominator == 0, np.nan, numerator / denominator)
    return quotient


def outcomes(rows: ScoredRows) -> Floats:
    """Counts per block: true and false positives, false and true negatives, (n_blocks, 4)."""
    cell = 2 * (~rows.alert).astype(np.intp) + ~rows.label
    counts = np.bincount(rows.blocks.code * 4 + cell, minlength=4 * rows.blocks.n_blocks)
    return counts.reshape(-1, 4).astype(np.float64)


def histograms(rows: ScoredRows) -> Floats:
    """Positives, then negatives, by rank bin, (n_blocks, 2 * n_bins)."""
    n_bins = rows.ranking.n_bins
    column = rows.ranking.bin + n_bins * (~rows.label)
    shape = (rows.blocks.n_blocks, 2 * n_bins)
    counts = np.bincount(rows.blocks.code * shape[1] + column, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


def n_rows(rows: ScoredRows) -> Floats:
    """Rows per block."""
    return rows.blocks.sizes


def n_positives(rows: ScoredRows) -> Floats:
    """Positives per block."""
    return rows.blocks.sums(indicator(rows.label))


def n_alerts(rows: ScoredRows) -> Floats:
    """Alerts per block."""
    return rows.blocks.sums(indicator(rows.alert))
