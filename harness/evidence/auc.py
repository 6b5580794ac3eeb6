"""AUC of bare scores, for checks that have no blocks."""

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
