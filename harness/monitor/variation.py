"""Variation: how much a share moves from period to period when nothing is wrong.

Days are not thousands of independent rows: a storm moves them all together, and one stormy
day follows another. What a window may differ by is therefore learned from the reference's own
periods: the variance of a mean over so many of them, and the distance that stretches of the
same length keep from the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]

# Fewer periods tell nothing about how they vary.
MIN_PERIODS = 5
# Stretches that have to fit into the reference end to end.
_STRETCHES = 4
_MOST_TERMS = 12
# Mean and three standard deviations of Kolmogorov's distribution: 0.869 + 3 * 0.260.
_KOLMOGOROV_LIMIT = 1.65


@dataclass(frozen=True, kw_only=True, eq=False)
class Variation:
    """Values of some figures in each period of the reference.

    Attributes:
        values: Figures by period, in time order, shape (n_periods, n_figures).
        weight: Rows (or whatever each value is a mean over) by period, shape (n_periods,).
        period_days: Length of a period.
    """

    values: Floats
    weight: Floats
    period_days: float

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.weight)

    @property
    def is_known(self) -> bool:
        """Whether there are enough periods to learn from."""
        return self.n_periods >= MIN_PERIODS

    @cached_property
    def whole(self) -> Floats:
        """Figures over all periods, shape (n_figures,)."""
        whole: Floats = self.weight @ self.values / self.weight.sum()
        return whole

    @cached_property
    def _deviations(self) -> Floats:
        """What each period adds to the deviation of the mean, times the number of periods."""
        share = self.weight / self.weight.mean()
        deviations: Floats = share[:, None] * (self.values - self.whole)
        return deviations

    @cached_property
    def _of_the_whole(self) -> Floats:
        """Variance of the reference's own mean, (n_figures,).

        The equal-weighted cosine estimate of the long-run variance (as evidence/bounds.py), but
        no more than what its quarters scatter by.
        """
        d, n = self._deviations, self.n_periods
        term = np.arange(1, min(_MOST_TERMS, max(2, n // 5)) + 1)[:, None]
        waves = np.sqrt(2.0 / n) * np.cos(np.pi * term * (np.arange(n) + 0.5) / n) @ d
        long_run = (waves**2).mean(axis=0) / (n - 1)
        variance: Floats = np.minimum(long_run, self._scatter(self.n_periods / _STRETCHES))
        return variance

    def _length(self, days: float) -> int:
        """Periods in a stretch that stands for a window of so many days."""
        n = min(days / self.period_days, self.n_periods / _STRETCHES)
        return max(1, round(n))

    def degrees(self, days: float) -> float:
        """Degrees of freedom of the variance: overlapping stretches count one and a half times.

        Source: Richardson and Smith (1991), "Tests of financial models in the presence of
        overlapping observations", for independent periods.
        """
        return float(np.clip(1.5 * self.n_periods / self._length(days) - 1, 2, 30))

    def _scatter(self, n_periods: float) -> Floats:
        stretches = self.stretches(n_periods * self.period_days)
        # Stretches are part of the whole they are held against.
        inflation = 1 / (1 - min(n_periods / self.n_periods, 0.5))
        scatter: Floats = ((stretches - self.whole) ** 2).mean(axis=0) * inflation
        return scatter

    def variance(self, days: float) -> Floats:
        """Variance of (mean over a window of `days`) - (mean of the reference), (n_figures,).

        Windows longer than a quarter of the reference are taken to scatter like a quarter,
        windows shorter than a period like independent parts of one.
        """
        short = max(1.0, self.period_days / max(days, 1e-9))
        length = self._length(days)
        return self._scatter(length) * short + self._of_the_whole

    def logit_variance(self, days: float, place: int) -> float:
        """As `variance`, of one share on the logit scale, where its scatter is even to both sides."""
        whole = float(np.clip(self.whole[place], 1e-6, 1 - 1e-6))
        least = 0.5 / max(self.usual_rows(days), 1.0)
        shares = np.clip(self.stretches(days)[:, place], least, 1 - least)
        scatter = float(((special.logit(shares) - special.logit(whole)) ** 2).mean())
        slope = 1 / (whole * (1 - whole))
        short = max(1.0, self.period_days / max(days, 1e-9))
        return scatter * short + slope**2 * float(self._of_the_whole[place])

    def stretches(self, days: float) -> Floats:
        """Figures over every stretch as long as a window, (n_stretches, n_figures)."""
        length = self._length(days)
        weight = np.concatenate([[0.0], np.cumsum(self.weight)])
        sums = np.cumsum(self.weight[:, None] * self.values, axis=0)
        sums = np.concatenate([np.zeros((1, sums.shape[1])), sums])
        held = weight[length:] - weight[:-length]
        used = held > 0
        found: Floats = (sums[length:] - sums[:-length])[used] / held[used, None]
        return found

    def usual_rows(self, days: float) -> float:
        """Rows a window of so many days usually has."""
        return float(self.weight.mean()) * max(days / self.period_days, 1e-9)


def effective_rows(variation: Variation, days: float, n_window: int, n_reference: int) -> float:
    """Independent rows that would scatter as much as this window and reference do together.

    For shares q of independent rows the difference has the variance q (1 - q) / n; the mean of
    q (1 - q) over the mean of the true variances is the n that stands for it.

    Args:
        variation: Shares by period.
        days: Length of the window.
        n_window: Its rows.
        n_reference: Rows of the reference.
    """
    free = variation.whole * (1 - variation.whole)
    spread = float(free.mean())
    independent = 1 / (1 / max(n_window, 1) + 1 / max(n_reference, 1))
    if not variation.is_known or spread <= 0:
        return independent
    # A window with fewer rows than usual scatters more than the periods show.
    thin = max(0.0, 1 / max(n_window, 1) - 1 / max(variation.usual_rows(days), 1.0))
    variance = float(variation.variance(days).mean()) + spread * thin
    return min(independent, spread / variance) if variance > 0 else independent


def natural_distance(
    variation: Variation, days: float, n_window: int, distance: Callable[[Floats], Floats]
) -> float:
    """How far stretches of the reference lie from the whole: mean plus three deviations, or most.

    A window with fewer rows than usual may lie further, by what chance alone adds.

    Args:
        variation: Shares by period.
        days: Length of the window.
        n_window: Its rows.
        distance: From differences of shares, (n, n_figures), to distances, (n,).
    """
    if not variation.is_known:
        return _KOLMOGOROV_LIMIT / float(np.sqrt(max(n_window, 1)))
    found = distance(variation.stretches(days) - variation.whole)
    # Where a season moves a column from end to end, three deviations would leave the scale.
    natural = min(float(found.mean() + 3 * found.std()), float(found.max()))
    thin = max(0.0, 1 / max(n_window, 1) - 1 / max(variation.usual_rows(days), 1.0))
    return float(np.hypot(natural, _KOLMOGOROV_LIMIT * np.sqrt(thin)))


def kolmogorov_p(distance: float, n_effective: float, degrees: float) -> float:
    """Chance of a KS statistic as large, where the variance behind it is itself estimated.

    2 exp(-2 x^2) is the tail of Kolmogorov's distribution; averaged over a variance with
    chi-square scatter of `degrees` degrees of freedom it becomes 2 (1 + 4 x^2 / k)^(-k / 2).
    """
    x = distance * np.sqrt(n_effective)
    return float(min(1.0, 2 * (1 + 4 * x**2 / degrees) ** (-degrees / 2)))


def chi_square_p(now: Floats, then: Floats, n_effective: float, degrees: float) -> float:
    """Chance of category shares as different, by an F reference for an estimated variance.

    Args:
        now: Shares in the window, shape (n_cells,).
        then: Shares in the reference.
        n_effective: Rows that stand behind the difference.
        degrees: Degrees of freedom of the variance.
    """
    used = (now + then) > 0
    pooled = np.maximum((now[used] + then[used]) / 2, 1 / n_effective)
    cells = max(1, int(used.sum()) - 1)
    statistic = n_effective * float(((now[used] - then[used]) ** 2 / pooled).sum())
    return float(stats.f.sf(statistic / cells, cells, degrees))


def student_p(difference: float, variance: float, degrees: float) -> float:
    """Two-sided chance of a difference as large; 1 where there is nothing to measure by."""
    if not np.isfinite(difference) or not variance > 0:
        return 0.0 if np.isfinite(difference) and difference != 0 and variance == 0 else 1.0
    return float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), degrees))


def count_p(k: int, n: int, centre: float, variance: float, degrees: float) -> float:
    """Two-sided chance of k hits in n rows, where the share itself varies from window to window.

    The share's logit is centred at `centre` with a Student scatter; the binomial tail is averaged
    over it, so that a window of few rows, or without any hit, is judged by what its share may be.

    Args:
        k: Rows that hit.
        n: Rows.
        centre: Logit of the usual share.
        variance: Variance of that logit between windows.
        degrees: Degrees of freedom of that variance.
    """
    if n == 0:
        return 1.0
    at = np.linspace(-15, 15, 601)
    weight = stats.t.pdf(at, degrees)
    share = special.expit(centre + np.sqrt(variance) * at)
    low = float(weight @ stats.binom.cdf(k, n, share) / weight.sum())
    high = float(weight @ stats.binom.sf(k - 1, n, share) / weight.sum())
    return min(1.0, 2 * min(low, high))
