"""Bounds of A/B figures: at one look, or at any number of looks together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from harness.evidence.bounds import skewed_bounds
from harness.evidence.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """An estimate and how far chance may have moved it.

    Attributes:
        estimate: The figure.
        error: Its standard error.
        degrees: Degrees of freedom of the error.
        skewness: Skewness of the estimate's distribution, from the units' influences.
    """

    estimate: float
    error: float
    degrees: float
    skewness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How often the log may be looked at.

    Attributes:
        is_sequential: Whether bounds have to hold at every look together.
        n_units: Units in the log now.
        n_planned: Units at which sequential bounds shall be tightest.
    """

    is_sequential: bool
    n_units: int
    n_planned: int

    def quantile(self, alpha: float, degrees: float = math.inf) -> float:
        """Half-width of a one-sided bound, in standard errors."""
        if self.is_sequential:
            return max(sequential_quantile(alpha, self.n_units, self.n_planned), 0.0)
        return float(
            stats.t.ppf(1 - alpha, degrees) if degrees < 1e9 else stats.norm.ppf(1 - alpha)
        )

    def interval(self, spread: Spread, alpha: float) -> Interval:
        """Both one-sided bounds of a figure."""
        quantile = self.quantile(alpha, spread.degrees)
        bounds = skewed_bounds(
            spread.estimate, spread.error, quantile, skewness=spread.skewness, at=quantile
        )
        return Interval(
            estimate=spread.estimate,
            lower=bounds.lower,
            upper=bounds.upper,
            alpha=alpha,
            n_blocks=self.n_units,
        )


def independent_difference(
    control: Interval, treatment: Interval, factor: float
) -> Interval | None:
    """Treatment's figure minus `factor` times control's, from the bounds of each.

    Source: Zou and Donner (2008), "Construction of confidence limits about effect measures":
    the distances to the bounds that matter on each side combine as independent errors.

    Returns:
        The interval; None where neither figure leaves any room.
    """
    value = treatment.estimate - factor * control.estimate
    down = math.hypot(
        treatment.estimate - treatment.lower, factor * (control.upper - control.estimate)
    )
    up = math.hypot(
        treatment.upper - treatment.estimate, factor * (control.estimate - control.lower)
    )
    if down == 0 and up == 0:
        return None
    return Interval(
        estimate=value,
        lower=value - down,
        upper=value + up,
        alpha=treatment.alpha,
        n_blocks=control.n_blocks + treatment.n_blocks,
    )


def sequential_quantile(alpha: float, n: int, n_planned: int) -> float:
    """Half-width of a bound that holds at all sample sizes at once, in standard errors.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central
    limit theory and asymptotic confidence sequences", Annals of Statistics: the one-sided
    normal mixture boundary, with its free parameter set to be tightest at `n_planned`.

    Args:
        alpha: Error probability over all looks.
        n: Units now.
        n_planned: Units at which the bound is tightest.

    Example:
        >>> round(sequential_quantile(0.05, 10_000, 10_000), 2)
        2.78
    """
    both = 2 * alpha
    scale = -2 * math.log(both) + math.log(-2 * math.log(both)) + 1
    x = scale * n / max(n_planned, 1)
    return math.sqrt(2 * (x + 1) / x * math.log(1 + math.sqrt(x + 1) / both))
