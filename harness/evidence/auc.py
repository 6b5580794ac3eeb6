"""AUC of bare scores and of cells, for checks that have no blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def plain_auc(label: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Chance that a positive outscores a negative, ties counting half; nan for one class.

    Source: Mann and Whitney (1947), by ranks.

    Args:
        label: Whether each row is positive, shape (n_rows,).
        score: Finite scores, shape (n_rows,).

    Example:
        >>> plain_auc(np.array([False, True, True]), np.array([0.2, 0.2, 0.9]))
        0.75
    """
    n_positive = int(label.sum())
    n_negative = len(label) - n_positive
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    wins = stats.rankdata(score)[label].sum() - n_positive * (n_positive + 1) / 2
    return float(wins / (n_positive * n_negative))


def cell_auc(label: NDArray[np.bool_], cell: NDArray[np.intp], score: NDArray[np.float64]) -> float:
    """`plain_auc` where rows of a cell share their score: from counts, without ranking any row.

    Args:
        label: Whether each row is positive, shape (n_rows,).
        cell: Cell of each row, shape (n_rows,).
        score: Score of each cell, shape (n_cells,).

    Example:
        >>> cell_auc(np.array([False, True, True]), np.array([1, 1, 0]), np.array([0.9, 0.2]))
        0.75
    """
    n_rows = np.bincount(cell, minlength=len(score)).astype(np.float64)
    positive = np.bincount(cell, weights=label, minlength=len(score))
    n_positive, n_negative = positive.sum(), (n_rows - positive).sum()
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    distinct, rank = np.unique(score, return_inverse=True)  # equal scores are one step
    won = np.bincount(rank, weights=positive, minlength=len(distinct))
    lost = np.bincount(rank, weights=n_rows - positive, minlength=len(distinct))
    below = np.cumsum(lost) - lost
    return float((won * (below + lost / 2)).sum() / (n_positive * n_negative))
