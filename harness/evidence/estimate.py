"""Estimate: a metric's value with its interval, or the reason there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.evidence.bounds import (
    autoregressive_bounds,
    cosine_bounds,
    effective_blocks,
    jackknife_bounds,
    lag1_correlation,
    logit_cosine_bounds,
)
from harness.evidence.interval import Interval
from harness.evidence.metric import RowMetric, SampleQuantile
from harness.evidence.rows import ScoredRows

Floats = NDArray[np.float64]

# Below these, simulations found no interval that keeps its level.
MIN_BLOCKS = 10
MIN_EFFECTIVE_BLOCKS = 5.0
MIN_POSITIVES = 10
# A paired difference rests on the rows on which the two models differ. With 12 of them, of which
# one in ten loses nine times what the others gain, no loss was in sight in 28 % of windows.
MIN_DIFFERENCES = 30

PROBLEMS = {
    "FEW_BLOCKS": "fewer than 10 days, entities or units: no interval is known to hold",
    "UNEQUAL_BLOCKS": "a few blocks hold nearly all that matters: fewer than 5 effective blocks",
    "FEW_POSITIVES": "too few positives for an interval that holds",
    "FEW_DIFFERENCES": (
        "candidate and baseline differ on fewer than 30 rows, too few to show a rare large loss"
    ),
    "UNDEFINED": "the figure is undefined here, or without one of the blocks",
    "NO_VARIATION": "the blocks do not differ at all, so nothing can be said about chance",
    "FEW_MEASUREMENTS": "too few measurements to bound this quantile",
    "MISSING_UNEQUALLY": "values are missing more often in one variant than in the other",
    "COVARIATE_UNEQUALLY": "the covariate is missing more often in one variant than in the other, "
    "so it cannot be from before the test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the data says about one figure.

    Attributes:
        value: Point estimate; nan where undefined.
        interval: One-sided bounds; None when `problem` says why.
        problem: A key of PROBLEMS, or None.
        n_blocks: Blocks behind the figure.
        n_effective: Effective number of blocks, by the sizes that matter.
        lag1: Correlation of neighbouring blocks; None without time order.
        n_different: Rows on which candidate and baseline differ; None where none are compared.
    """

    value: float
    interval: Interval | None
    problem: str | None
    n_blocks: int
    n_effective: float
    lag1: float | None = None
    n_different: int | None = None


def estimate_contrast(
    metric: RowMetric,
    candidate: ScoredRows,
    baseline: ScoredRows,
    alpha: float,
    *,
    baseline_factor: float = 1.0,
) -> Estimate:
    """Candidate minus baseline on the same rows, block by block.

    Args:
        metric: The metric.
        candidate: Rows as the candidate scored them.
        baseline: The same rows as the baseline scored them.
        alpha: Error probability of each bound.
        baseline_factor: Multiplies the baseline's value, for relative margins: a rise of
            at least r is candidate - (1 + r) * baseline > 0.
    """
    ours, theirs = metric.point(candidate), metric.point(baseline)
    without = _leave_one_out(metric, candidate) - baseline_factor * _leave_one_out(metric, baseline)
    n_effective = min(
        effective_blocks(metric.size(candidate)), effective_blocks(metric.size(baseline)) or np.inf
    )
    return _estimate(
        ours - baseline_factor * theirs,
        without,
        candidate,
        n_effective=float(n_effective),
        alpha=alpha,
        min_positives=MIN_POSITIVES,
        as_share=False,
        n_different=metric.n_different(candidate, baseline),
    )


def estimate_level(metric: RowMetric, rows: ScoredRows, alpha: float) -> Estimate:
    """One model's own value of a metric.

    Levels are harder than differences: a day that is hard is hard for both models, and
    cancels only in a difference.
    """
    return _estimate(
        metric.point(rows),
        _leave_one_out(metric, rows),
        rows,
        n_effective=effective_blocks(metric.size(rows)),
        alpha=alpha,
        min_positives=metric.min_positives_alone,
        as_share=metric.is_share,
    )


def estimate_sample(metric: SampleQuantile, sample: Floats, alpha: float) -> Estimate:
    """A quantile of independent measurements, bounded by order statistics.

    Source: David and Nagaraja (2003), Order Statistics, section 7.1: the number of
    measurements below the q-quantile is binomial(n, q).

    Args:
        metric: Which quantile.
        sample: Measurements, shape (n,).
        alpha: Error probability of each bound.
    """
    ordered = np.sort(sample)
    n = len(ordered)
    if n == 0:
        return without_interval(float("nan"), "UNDEFINED", 0, 0.0)
    value = float(np.quantile(ordered, metric.quantile))
    # Rank r (from 1) lies above the quantile when binomial(n, q) <= r - 1.
    upper_rank = int(stats.binom.ppf(1 - alpha, n, metric.quantile)) + 1
    lower_rank = int(stats.binom.ppf(alpha, n, metric.quantile))
    if upper_rank > n or lower_rank < 1:
        return without_interval(value, "FEW_MEASUREMENTS", n, float(n))
    lower, upper = float(ordered[lower_rank - 1]), float(ordered[upper_rank - 1])
    interval = Interval(
        estimate=value, lower=min(lower, value), upper=max(upper, value), alpha=alpha, n_blocks=n
    )
    return Estimate(value=value, interval=interval, problem=None, n_blocks=n, n_effective=float(n))


def _leave_one_out(metric: RowMetric, rows: ScoredRows) -> Floats:
    """The metric without each block, shape (n_blocks,)."""
    sums = metric.sums(rows)
    return metric.value(sums.sum(axis=0) - sums)


def _estimate(
    value: float,
    without: Floats,
    rows: ScoredRows,
    *,
    n_effective: float,
    alpha: float,
    min_positives: int,
    as_share: bool,
    n_different: int | None = None,
) -> Estimate:
    n_blocks = len(without)
    problem = None
    if not np.isfinite(value) or not np.isfinite(without).all():
        problem = "UNDEFINED"
    elif int(rows.label.sum()) < min_positives:
        problem = "FEW_POSITIVES"
    elif n_blocks < MIN_BLOCKS:
        problem = "FEW_BLOCKS"
    elif n_effective < MIN_EFFECTIVE_BLOCKS:
        problem = "UNEQUAL_BLOCKS"
    elif n_different is not None and n_different < MIN_DIFFERENCES:
        problem = "FEW_DIFFERENCES"
    elif np.ptp(without) <= 1e-14 * max(1.0, abs(value)):
        problem = "NO_VARIATION"
    if problem is not None:
        return replace(
            without_interval(value, problem, n_blocks, n_effective), n_different=n_different
        )
    bounds = jackknife_bounds(value, without, n_effective, alpha)
    if rows.blocks.in_time_order:
        bounds = bounds.widest(cosine_bounds(value, without, n_effective, alpha))
        bounds = bounds.widest(autoregressive_bounds(value, without, n_effective, alpha))
        if as_share and _inside_unit(value, without):
            bounds = bounds.widest(logit_cosine_bounds(value, without, n_effective, alpha))
    limits = (0.0, 1.0) if as_share else (-np.inf, np.inf)
    return Estimate(
        value=value,
        interval=Interval(
            estimate=value,
            lower=max(bounds.lower, limits[0]),
            upper=min(bounds.upper, limits[1]),
            alpha=alpha,
            n_blocks=n_blocks,
        ),
        problem=None,
        n_blocks=n_blocks,
        n_effective=n_effective,
        lag1=lag1_correlation(without) if rows.blocks.in_time_order else None,
        n_different=n_different,
    )


def _inside_unit(value: float, without: Floats) -> bool:
    return 0 < value < 1 and bool((without > 0).all() and (without < 1).all())


def without_interval(value: float, problem: str, n_blocks: int, n_effective: float) -> Estimate:
    """A figure about which nothing is proven, and why: a key of PROBLEMS."""
    return Estimate(
        value=value, interval=None, problem=problem, n_blocks=n_blocks, n_effective=n_effective
    )
