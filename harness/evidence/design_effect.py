"""Design effect: how much less a row tells because rows of one block resemble each other.

Kish (1965), Survey Sampling: the variance of an estimate under the design, over its variance
if the same rows were independent. The latter is estimated from blocks drawn at random,
which breaks every resemblance between rows of one day.
"""

from __future__ import annotations

import numpy as np

from harness.evidence.blocks import random_blocks
from harness.evidence.bounds import influence
from harness.evidence.metric import Floats, RowMetric
from harness.evidence.rows import ScoredRows

# Above this, intervals that take rows for independent are refused.
MAX_FOR_ROWS = 1.25


def design_effect(metric: RowMetric, candidate: ScoredRows, baseline: ScoredRows) -> float | None:
    """Variance of the paired difference under its blocks, over that of independent rows.

    Returns:
        The ratio; None where either variance is undefined or zero.
    """
    scattered = random_blocks(len(candidate))
    clustered = _variance(metric, candidate, baseline)
    independent = _variance(
        metric, candidate.with_blocks(scattered), baseline.with_blocks(scattered)
    )
    if not np.isfinite(clustered) or not np.isfinite(independent) or independent <= 0:
        return None
    return float(clustered / independent)


def _variance(metric: RowMetric, candidate: ScoredRows, baseline: ScoredRows) -> float:
    """Jackknife variance of the difference."""
    d = influence(_without(metric, candidate) - _without(metric, baseline))
    return float((len(d) - 1) / len(d) * (d**2).sum())


def _without(metric: RowMetric, rows: ScoredRows) -> Floats:
    sums = metric.sums(rows)
    return metric.value(sums.sum(axis=0) - sums)
