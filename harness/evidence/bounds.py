"""Bounds: one-sided limits for a statistic from its leave-one-block-out values.

Three limits are computed and, on each side, the widest is taken; entities, which have no
order, take the first alone.

- Jackknife over blocks: right when blocks are independent (Efron and Stein 1981,
  "The jackknife estimate of variance"; Student reference with G* - 1 degrees of freedom,
  where G* is the effective number of blocks of unequal size).
- Equal-weighted cosine estimate of the long-run variance: right when neighbouring days
  resemble each other (Lazarus, Lewis, Stock and Watson 2018, "HAR inference:
  recommendations for practice"; Student reference with as many degrees of freedom as
  cosine terms). Where neighbours clearly resemble each other only the slowest waves are
  used, because faster ones no longer show the long run.
- Jackknife widened by the variance inflation of a first-order autoregression,
  (1 + r) / (1 - r), with the lag-1 correlation r corrected for its small-sample bias
  (Andrews and Monahan 1992, "An improved heteroskedasticity and autocorrelation consistent
  covariance matrix estimator"; Kendall 1954, "Note on bias in the estimation of
  autocorrelation").

All are widened, never narrowed, on the side to which the blocks are skewed (Johnson
1978, "Modified t tests and confidence intervals for asymmetrical populations").
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

# Lag-1 correlation from which on only the slowest waves are trusted.
CLEARLY_CORRELATED = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits around an estimate.

    Attributes:
        lower: Lower one-sided limit.
        upper: Upper one-sided limit.
        standard_error: The larger of the standard errors used.
    """

    lower: float
    upper: float
    standard_error: float

    def widest(self, other: Bounds) -> Bounds:
        """The wider of two limits on each side."""
        return Bounds(
            lower=min(self.lower, other.lower),
            upper=max(self.upper, other.upper),
            standard_error=max(self.standard_error, other.standard_error),
        )


def effective_blocks(size: Floats) -> float:
    """Number of equal blocks that carry as much as these: (sum s)^2 / sum s^2 (Kish 1965).

    Example:
        >>> effective_blocks(np.array([10.0, 10.0, 0.0]))
        2.0
    """
    squares = float((size**2).sum())
    return float(size.sum()) ** 2 / squares if squares > 0 else 0.0


def influence(leave_one_out: Floats) -> Floats:
    """What each block adds to the estimate, centred, shape (n_blocks,)."""
    centred: Floats = leave_one_out.mean() - leave_one_out
    return centred


def jackknife_bounds(
    estimate: float, leave_one_out: Floats, n_effective: float, alpha: float
) -> Bounds:
    """Limits for independent blocks.

    Args:
        estimate: The statistic over all blocks.
        leave_one_out: The statistic without each block, shape (n_blocks,).
        n_effective: Effective number of blocks.
        alpha: Error probability of each limit.
    """
    d = influence(leave_one_out)
    error = float(np.sqrt(_shrink(d) * (d**2).sum()))
    quantile = _student(n_effective - 1, alpha)
    return skewed_bounds(estimate, error, quantile, skewness=_skewness(d), at=quantile)


def cosine_bounds(
    estimate: float, leave_one_out: Floats, n_effective: float, alpha: float
) -> Bounds:
    """Limits for blocks in time order that may resemble their neighbours.

    Args:
        estimate: The statistic over all blocks.
        leave_one_out: The statistic without each block, in time order, (n_blocks,).
        n_effective: Effective number of blocks.
        alpha: Error probability of each limit.
    """
    d = influence(leave_one_out)
    n_blocks = len(d)
    n_terms = n_cosine_terms(n_blocks, lag1_correlation(leave_one_out))
    term = np.arange(1, n_terms + 1)[:, None]  # (n_terms, 1)
    middle = (np.arange(n_blocks) + 0.5) / n_blocks
    c = np.sqrt(2.0) * np.cos(np.pi * term * middle) @ d  # (n_terms,)
    error = float(np.sqrt(_shrink(d) * (c**2).mean()))
    quantile = _student(min(n_terms, n_effective - 1), alpha)
    normal = NormalDist().inv_cdf(1 - alpha)
    return skewed_bounds(estimate, error, quantile, skewness=_skewness(d), at=normal)


def autoregressive_bounds(
    estimate: float, leave_one_out: Floats, n_effective: float, alpha: float
) -> Bounds:
    """Jackknife limits widened for days that follow each other; arguments as `cosine_bounds`."""
    d = influence(leave_one_out)
    inflation = float(autoregressive_inflation(lag1_correlation(leave_one_out), len(d)))
    error = float(np.sqrt(_shrink(d) * (d**2).sum())) * inflation
    quantile = _student(n_effective - 1, alpha)
    return skewed_bounds(estimate, error, quantile, skewness=_skewness(d), at=quantile)


def n_cosine_terms(n_blocks: int, lag1: float) -> int:
    """Cosine terms of the long-run variance: more would follow noise, fewer cost width."""
    if lag1 > CLEARLY_CORRELATED:
        return min(6, max(2, n_blocks // 10))
    return min(12, max(2, n_blocks // 5))


def autoregressive_inflation(lag1: Floats | float, n_blocks: int) -> Floats:
    """Standard error under a first-order autoregression, over that of independent blocks."""
    r = np.clip(np.asarray(lag1) + 1.5 / n_blocks, 0.0, 0.8)
    inflation: Floats = np.where(np.asarray(lag1) <= 0, 1.0, np.sqrt((1 + r) / (1 - r)))
    return inflation


def logit_cosine_bounds(
    estimate: float, leave_one_out: Floats, n_effective: float, alpha: float
) -> Bounds:
    """Cosine limits found on the logit scale, for one model's share between 0 and 1."""
    on_logit = cosine_bounds(
        float(special.logit(estimate)), special.logit(leave_one_out), n_effective, alpha
    )
    return Bounds(
        lower=float(special.expit(on_logit.lower)),
        upper=float(special.expit(on_logit.upper)),
        standard_error=on_logit.standard_error * estimate * (1 - estimate),
    )


def lag1_correlation(leave_one_out: Floats) -> float:
    """Correlation of neighbouring blocks' contributions; 0 for independent days."""
    if np.ptp(leave_one_out) == 0:  # what is left of their mean is rounding, and all of one sign
        return 0.0
    d = influence(leave_one_out)
    return float((d[1:] * d[:-1]).sum() / (d**2).sum())


def _shrink(d: Floats) -> float:
    return (len(d) - 1) / len(d)


def _skewness(d: Floats) -> float:
    return float((d**3).sum() / (d**2).sum() ** 1.5)


def _student(degrees: float, alpha: float) -> float:
    return float(special.stdtrit(degrees, 1 - alpha))


def skewed_bounds(
    estimate: float, error: float, quantile: float, *, skewness: float, at: float
) -> Bounds:
    """Limits `quantile` standard errors away, widened towards the side of the skewness.

    Source: Johnson (1978), whose shift of the pivot is k (2 q^2 + 1) / 6.

    Args:
        estimate: The statistic.
        error: Its standard error.
        quantile: Half-width without skewness, in standard errors.
        skewness: Skewness k of the statistic's distribution.
        at: The quantile q of the shift.
    """
    shift = skewness * (2 * at**2 + 1) / 6
    return Bounds(
        lower=estimate - (quantile + max(0.0, -shift)) * error,
        upper=estimate + (quantile + max(0.0, shift)) * error,
        standard_error=error,
    )
