"""Step-down: which of several candidates improve, at a level that knows how alike they are.

Romano and Wolf (2005), "Stepwise multiple testing as formalized data snooping": the level at
which each of k tests may be made is read off the joint distribution of all of them, then
proven ones leave and the rest are tested again. The joint distribution is that of Gaussian
multipliers over blocks (Chernozhukov, Chetverikov and Kato 2013); it gives only the
dependence between candidates. Each test keeps its own interval, because bootstraps alone do
not hold their level with few blocks; and no level is ever below Bonferroni's alpha / k.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

_DRAWS = 20_000


def shared_level(influences: Floats, alpha: float, *, seed: int = 0) -> float:
    """The level of each test at which any of them errs with probability alpha.

    Args:
        influences: What each block adds to each candidate's figure, (n_candidates, n_blocks).
        alpha: Error probability of all tests together.
        seed: Seed of the multipliers.

    Returns:
        A level between alpha / n_candidates and alpha.

    Example:
        >>> one = np.random.default_rng(0).normal(size=60)
        >>> shared_level(np.stack([one, one, one]), 0.05) > 0.04
        True
    """
    n_candidates, n_blocks = influences.shape
    scale = np.sqrt((influences**2).sum(axis=1, keepdims=True))
    unit = influences / np.where(scale > 0, scale, 1.0)
    drawn = np.random.default_rng(seed).normal(size=(_DRAWS, n_blocks)) @ unit.T
    lowest = special.ndtr(-drawn.max(axis=1))  # smallest p-value of each draw
    # A quantile below the nominal one, so that chance in the draws does not raise the level.
    order = max(int(np.floor(alpha * _DRAWS - 2 * np.sqrt(alpha * (1 - alpha) * _DRAWS))), 1)
    level = float(np.partition(lowest, order - 1)[order - 1])
    return float(np.clip(level, alpha / n_candidates, alpha))


def step_down(
    influences: Floats, alpha: float, is_proven: Callable[[int, float], bool]
) -> dict[int, float]:
    """Candidates proven, and the level at which each was.

    Args:
        influences: What each block adds to each candidate's figure, (n_candidates, n_blocks).
        alpha: Error probability of all claims together.
        is_proven: Whether a candidate, by number, is proven at a level.
    """
    proven: dict[int, float] = {}
    waiting = list(range(len(influences)))
    while waiting:
        level = shared_level(influences[waiting], alpha)
        found = [i for i in waiting if is_proven(i, level)]
        if not found:
            break
        proven |= dict.fromkeys(found, level)
        waiting = [i for i in waiting if i not in proven]
    return proven
