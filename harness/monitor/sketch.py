"""Sketch: a column's distribution in 1,001 of its own values, with a known error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

N_VALUES = 1_001


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """How many rows lie below, and up to, some of a column's values.

    Columns with at most 1,001 distinct values are kept exactly.

    Attributes:
        n: Finite values sketched.
        values: Increasing values of the column, shape (n_values,).
        below: Rows with a smaller value, shape (n_values,).
        upto: Rows with a smaller or equal value, shape (n_values,).
        mean: Mean of all values; nan without any.
        squares: Sum of squared deviations from the mean.
    """

    n: int
    values: Floats
    below: Counts
    upto: Counts
    mean: float
    squares: float

    @cached_property
    def error(self) -> float:
        """Largest share of rows between two neighbouring values: what the CDF may be off by."""
        if self.n == 0:
            return 0.0
        return float((self.below[1:] - self.upto[:-1]).max(initial=0)) / self.n

    @property
    def sd(self) -> float:
        """Standard deviation; nan below two rows."""
        return float(np.sqrt(self.squares / (self.n - 1))) if self.n > 1 else float("nan")

    def quantile(self, share: float | Floats) -> Floats:
        """Values below which the given shares of rows lie; nan without rows."""
        share = np.asarray(share, dtype=np.float64)
        if self.n == 0:
            return np.full(share.shape, np.nan)
        place = np.searchsorted(self.upto, share * self.n, side="left")
        return self.values[np.minimum(place, len(self.values) - 1)]

    def cdf(self, at: Floats) -> tuple[Floats, Floats]:
        """Shares of rows below, and up to, each of some values; halfway between known ones."""
        right = np.searchsorted(self.values, at, side="left")
        known = np.append(self.values, np.inf)[right] == at
        before = np.append(0, self.upto)[right]  # rows up to the known value on the left
        after = np.append(self.below, self.n)[right]
        between = (before + after) / 2
        upto = np.append(self.upto, self.n)[right]
        return np.where(known, after, between) / self.n, np.where(known, upto, between) / self.n


def sketch(values: Floats, n_values: int = N_VALUES) -> Sketch:
    """Sketch the finite values among some, in any order, nan left out, shape (n,).

    Args:
        values: The values.
        n_values: How many of them are kept at most.

    Example:
        >>> s = sketch(np.array([3.0, 1.0, 2.0, 2.0]))
        >>> s.values, s.below, s.upto
        (array([1., 2., 3.]), array([0, 1, 3]), array([1, 3, 4]))
    """
    ordered = np.sort(values)  # nan at the end
    n = int(np.searchsorted(ordered, np.nan))
    ordered = ordered[:n]
    if n == 0:
        empty = np.empty(0, dtype=np.int64)
        return Sketch(
            n=0, values=np.empty(0), below=empty, upto=empty, mean=float("nan"), squares=0.0
        )
    ranks = np.linspace(0, n - 1, min(n, n_values)).round().astype(np.intp)
    kept = ordered[ranks]
    kept = kept[np.append(True, kept[1:] > kept[:-1])]
    mean = float(ordered.mean())
    apart = ordered - mean
    return Sketch(
        n=n,
        values=kept,
        below=np.searchsorted(ordered, kept, side="left"),
        upto=np.searchsorted(ordered, kept, side="right"),
        mean=mean,
        squares=float(apart @ apart),
    )


def merge(parts: Sequence[Sketch]) -> Sketch:
    """One sketch of all rows; each merge adds at most half a thousandth to the error."""
    parts = [part for part in parts if part.n > 0]
    if len(parts) < 2:
        return parts[0] if parts else sketch(np.empty(0))
    values = np.unique(np.concatenate([part.values for part in parts]))
    n = sum(part.n for part in parts)
    both = [part.cdf(values) for part in parts]
    below = np.rint(sum(part.n * low for part, (low, _) in zip(parts, both, strict=True)))
    upto = np.rint(sum(part.n * high for part, (_, high) in zip(parts, both, strict=True)))
    if len(values) > N_VALUES:
        ranks = np.linspace(1, n, N_VALUES)
        keep = np.unique(np.minimum(np.searchsorted(upto, ranks), len(values) - 1))
        values, below, upto = values[keep], below[keep], upto[keep]
    mean = sum(part.n * part.mean for part in parts) / n
    # Chan, Golub and LeVeque (1983): squares about the common mean.
    squares = sum(part.squares + part.n * (part.mean - mean) ** 2 for part in parts)
    return Sketch(
        n=n,
        values=values,
        below=below.astype(np.int64),
        upto=upto.astype(np.int64),
        mean=mean,
        squares=squares,
    )


def ks_distance(a: Sketch, b: Sketch) -> float:
    """Kolmogorov-Smirnov statistic, right to within `a.error + b.error`; nan without rows.

    Both one-sided limits are compared at each value, so that ties count as they should.
    """
    if a.n == 0 or b.n == 0:
        return float("nan")
    at = np.union1d(a.values, b.values)
    (a_below, a_upto), (b_below, b_upto) = a.cdf(at), b.cdf(at)
    return float(max(np.abs(a_below - b_below).max(), np.abs(a_upto - b_upto).max()))


def wasserstein(a: Sketch, b: Sketch) -> float:
    """Area between both distribution functions, in the column's unit; nan without rows."""
    if a.n == 0 or b.n == 0:
        return float("nan")
    at = np.union1d(a.values, b.values)
    gap = np.abs(a.cdf(at)[1] - b.cdf(at)[1])
    return float((gap[:-1] * np.diff(at)).sum())


def stability_index(a: Sketch, b: Sketch, n_bins: int = 10) -> float:
    """Population stability index over deciles of `a`; nan without rows.

    Source: Siddiqi (2006), "Credit risk scorecards", where above 0.25 counts as a shift.
    Empty bins hold half a row.
    """
    if a.n == 0 or b.n == 0:
        return float("nan")
    cuts = np.unique(a.quantile(np.arange(1, n_bins) / n_bins))
    shares = [np.diff(np.concatenate([[0.0], part.cdf(cuts)[1], [1.0]])) for part in (a, b)]
    then, now = (
        np.maximum(share, 0.5 / part.n) for share, part in zip(shares, (a, b), strict=True)
    )
    return float(((now - then) * np.log(now / then)).sum())
