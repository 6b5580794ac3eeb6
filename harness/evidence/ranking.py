"""Ranking: rows by falling score, and rank bins whose counts add up over blocks.

One bin for each of the best `SINGLE_RANKS` ranks and equal bins for the rest: equal bins
throughout would bias PR-AUC at low base rates. Rows with equal scores share a bin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SINGLE_RANKS = 2048
EQUAL_BINS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Rows in order of falling score.

    Attributes:
        order: Row positions, best score first, shape (n_rows,).
        last_of_tie: Ranks at which a run of equal scores ends, ascending.
        bin: Bin of each row, 0 is best, shape (n_rows,).
        n_bins: Number of bins.
    """

    order: NDArray[np.intp]
    last_of_tie: NDArray[np.intp]
    bin: NDArray[np.intp]
    n_bins: int

    def exact_counts(
        self, label: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positives and negatives at or above each distinct score, best first."""
        positives = np.cumsum(label[self.order])[self.last_of_tie].astype(np.float64)
        return positives, self.last_of_tie + 1.0 - positives


def rank(score: NDArray[np.float64]) -> Ranking:
    """Sort and bin scores.

    Args:
        score: Finite scores, shape (n_rows,).
    """
    n_rows = len(score)
    order = np.argsort(-score)  # ties may come in any order: they are counted together
    falling = score[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(falling) != 0), n_rows - 1)
    first_of_tie = np.append(0, last_of_tie[:-1] + 1)
    n_rest = max(n_rows - SINGLE_RANKS, 0)
    ranks = np.minimum(first_of_tie, SINGLE_RANKS)
    if n_rest:
        ranks = (
            ranks + np.maximum(first_of_tie - SINGLE_RANKS, 0) * min(EQUAL_BINS, n_rest) // n_rest
        )
    # Bins without a first-of-tie rank would only be zeros: number the used ones densely.
    dense = np.append(0, np.cumsum(np.diff(ranks) > 0))
    bins = np.empty(n_rows, dtype=np.intp)
    bins[order] = np.repeat(dense, last_of_tie - first_of_tie + 1)
    return Ranking(order=order, last_of_tie=last_of_tie, bin=bins, n_bins=int(dense[-1]) + 1)
