"""Resample: metrics of many reweighted test windows, from block sums alone.

Interval bounds do not come from here (bootstraps do not hold their level with few or
correlated blocks); joint distributions over several candidates and pictures do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.evidence.metric import Floats, RowMetric
from harness.evidence.rows import ScoredRows

# Resamples worked on at once: 128 lines of 8,192 sums are 8 MB, which stay near the processor.
_AT_ONCE = 128


def multiplier_weights(n_resamples: int, n_blocks: int, seed: int) -> Floats:
    """How often each resample draws each block, with replacement, (n_resamples, n_blocks)."""
    rng = np.random.default_rng(seed)
    shares = np.full(n_blocks, 1 / n_blocks)
    return rng.multinomial(n_blocks, shares, size=n_resamples).astype(np.float64)


def resampled_differences(
    metrics: list[RowMetric], candidate: ScoredRows, baseline: ScoredRows, weights: Floats
) -> dict[str, Floats]:
    """Candidate minus baseline under the same weights, (n_resamples,) for each metric.

    Args:
        metrics: Metrics to compute.
        candidate: Rows as the candidate scored them.
        baseline: The same rows as the baseline scored them.
        weights: Weight of each block in each resample, (n_resamples, n_blocks).
    """
    ours, theirs = _resampled(metrics, candidate, weights), _resampled(metrics, baseline, weights)
    return {metric.name: ours[metric.name] - theirs[metric.name] for metric in metrics}


def _resampled(metrics: list[RowMetric], rows: ScoredRows, weights: Floats) -> dict[str, Floats]:
    found: dict[str, list[Floats]] = {metric.name: [] for metric in metrics}
    for family in _by_statistics(metrics):
        sums = family[0].sums(rows)  # (n_blocks, n_statistics)
        for start in range(0, len(weights), _AT_ONCE):
            drawn = weights[start : start + _AT_ONCE] @ sums
            for metric in family:
                found[metric.name].append(metric.value(drawn))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _by_statistics(metrics: list[RowMetric]) -> Iterator[list[RowMetric]]:
    """Metrics that share their statistics, so that these are drawn once."""
    families: dict[object, list[RowMetric]] = {}
    for metric in metrics:
        families.setdefault(metric.statistics, []).append(metric)
    yield from families.values()
