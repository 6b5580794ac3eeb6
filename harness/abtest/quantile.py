"""Quantile of values that come in clusters, such as the latencies of one unit's requests.

Source: Deng, Knoblich and Lu (2018), "Applying the delta method in metric analytics": the
share of values below the quantile is a ratio of sums over clusters, whose standard error
allows for likeness within a cluster; its bounds, read off the ordered values, bound the
quantile (Woodruff 1952).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness.abtest.bounds import Looks, independent_difference
from harness.evidence import Estimate, Interval
from harness.evidence.estimate import without_interval

Floats = NDArray[np.float64]
MIN_CLUSTERS = 10


def quantile_level(
    values: Floats, cluster: NDArray[np.intp], share: float, looks: Looks, alpha: float
) -> Estimate:
    """A quantile with bounds.

    Args:
        values: Measurements, shape (n,).
        cluster: What each belongs to, 0 .. n_clusters - 1, shape (n,).
        share: Which quantile.
        looks: How often the log may be looked at.
        alpha: Error probability of each bound.
    """
    if len(values) == 0:
        return without_interval(math.nan, "UNDEFINED", 0, 0.0)
    n_clusters = int(cluster.max()) + 1
    value = float(np.quantile(values, share))
    if n_clusters < MIN_CLUSTERS:
        return without_interval(value, "FEW_BLOCKS", n_clusters, float(n_clusters))
    error = _share_error(values <= value, cluster, n_clusters)
    # A quantile needs spread around it: the binomial error is the least there can be.
    error = max(error, math.sqrt(share * (1 - share) / len(values)))
    reach = looks.quantile(alpha, n_clusters - 1) * error
    if share + reach >= 1 or share - reach <= 0:
        return without_interval(value, "FEW_MEASUREMENTS", n_clusters, float(n_clusters))
    # Rounded outwards, so that the bounds are measurements that were made.
    lower = float(np.quantile(values, share - reach, method="lower"))
    upper = float(np.quantile(values, share + reach, method="higher"))
    interval = Interval(
        estimate=value,
        lower=min(lower, value),
        upper=max(upper, value),
        alpha=alpha,
        n_blocks=n_clusters,
    )
    return Estimate(
        value=value,
        interval=interval,
        problem=None,
        n_blocks=n_clusters,
        n_effective=float(n_clusters),
    )


def quantile_contrast(control: Estimate, treatment: Estimate, factor: float) -> Estimate:
    """Treatment's quantile minus `factor` times control's.

    Args:
        control: Control's quantile.
        treatment: Treatment's quantile.
        factor: Multiplies the control's, for relative margins.
    """
    value = treatment.value - factor * control.value
    n = treatment.n_blocks + control.n_blocks
    if treatment.interval is None or control.interval is None:
        problem = treatment.problem or control.problem or "UNDEFINED"
        return without_interval(value, problem, n, float(n))
    interval = independent_difference(control.interval, treatment.interval, factor)
    if interval is None:
        return without_interval(value, "NO_VARIATION", n, float(n))
    return Estimate(value=value, interval=interval, problem=None, n_blocks=n, n_effective=float(n))


def _share_error(below: NDArray[np.bool_], cluster: NDArray[np.intp], n_clusters: int) -> float:
    """Standard error of the share of values below, clusters being independent."""
    size = np.bincount(cluster, minlength=n_clusters).astype(np.float64)
    sums = np.bincount(cluster, weights=below, minlength=n_clusters)
    residual = sums - below.mean() * size
    variance = (residual**2).sum() * n_clusters / (n_clusters - 1) / size.sum() ** 2
    return float(np.sqrt(variance))
