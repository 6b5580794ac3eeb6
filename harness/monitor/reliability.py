"""Reliability: what share of rows with a score turned out positive, and whether that holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evidence import ScoredRows

Floats = NDArray[np.float64]

_N_BINS = 25


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """What share of rows with a score turned out positive.

    Attributes:
        score: Mean score of each bin, increasing, shape (n_bins,).
        rate: Positive share of each bin.
        mean: Mean positive rate given the score, over the reference.
        variance: Its variance over the reference.
    """

    score: Floats
    rate: Floats
    mean: float
    variance: float

    def of(self, score: Floats) -> Floats:
        """Positive rate expected of rows with these scores."""
        expected: Floats = np.interp(score, self.score, self.rate)
        return expected

    def concept(self, score: Floats, label: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Per row: label less expected rate, and its slope against the expected rate.

        Both have mean 0 while the label depends on the score as it did; where labels are
        flipped the slope is about -2.
        """
        expected = self.of(score)
        residual = label - expected
        return residual, residual * (expected - self.mean) / max(self.variance, 1e-12)


def reliability_of(rows: ScoredRows) -> Reliability:
    """Positive rate by score, in bins of equal count."""
    cuts = np.unique(np.quantile(rows.score, np.linspace(0, 1, _N_BINS + 1)[1:-1]))
    bin_ = np.searchsorted(cuts, rows.score, side="right")
    count = np.bincount(bin_, minlength=len(cuts) + 1)
    used = count > 0
    score = np.bincount(bin_, rows.score, len(count))[used] / count[used]
    rate = np.bincount(bin_, rows.label, len(count))[used] / count[used]
    expected = np.interp(rows.score, score, rate)
    return Reliability(
        score=score, rate=rate, mean=float(expected.mean()), variance=float(expected.var())
    )
