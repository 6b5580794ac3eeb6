"""Power: how many days a test window needs until a criterion could pass.

Daily contributions are drawn with the spread and the lag-1 correlation seen before, and
judged by the very bounds that will judge the test window, so the plan holds for the
procedure and not for a textbook approximation of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.evidence.bounds import (
    CLEARLY_CORRELATED,
    autoregressive_inflation,
    n_cosine_terms,
)

Floats = NDArray[np.float64]
_SIMULATIONS = 2_000
_KEPT = 640  # blocks, 10 MB
_MIN_BLOCKS = 10
MAX_BLOCKS = 5_120  # fourteen years of days; longer windows are not simulated

# Distance to the line in spreads, and number of blocks, to the probability of a pass.
Chance = Callable[[float, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one criterion needs.

    Attributes:
        name: The criterion.
        line: What the figure is held against.
        assumed: The figure if the plan's assumption is true.
        spread: Standard deviation of one block's contribution, in the figure's unit.
        lag1: Correlation of neighbouring blocks.
        power: Probability of a pass asked for.
        is_possible: Whether the assumed figure lies on the passing side of the line.
        n_blocks: Blocks needed; None where none suffice, or only more than `MAX_BLOCKS`.
        power_now: Probability of a pass with the blocks there are; None where there are none.
        curve: Numbers of blocks, and the probability of a pass with each.
    """

    name: str
    line: float
    assumed: float
    spread: float
    lag1: float
    power: float
    is_possible: bool
    n_blocks: int | None
    power_now: float | None
    curve: tuple[tuple[int, float], ...] = ()

    @property
    def needed(self) -> str:
        """Blocks needed, for people."""
        if self.n_blocks is not None:
            return f"{self.n_blocks:,}"
        return f">{MAX_BLOCKS:,}" if self.is_possible else "never"


def block_chance(distance: float, n_blocks: int, *, alpha: float, lag1: float) -> float:
    """Chance that a criterion judged over blocks passes.

    Args:
        distance: Assumed figure less the line, on the passing side, in block spreads.
        n_blocks: Blocks of the test window.
        alpha: Error probability of the bound.
        lag1: Correlation of neighbouring blocks, at least 0 is used.
    """
    estimate, error = _null_draws(n_blocks, alpha, round(max(lag1, 0.0), 2))
    return float((estimate + distance > error).mean())


def unit_chance(distance: float, n_days: int, *, quantile: float) -> float:
    """Chance that a criterion judged over many independent units passes.

    Args:
        distance: Assumed figure less the line, on the passing side, in spreads of a day.
        n_days: Days.
        quantile: Half-width of the bound, in standard errors.
    """
    return float(special.ndtr(distance * np.sqrt(n_days) - quantile))


def plan_criterion(
    name: str,
    *,
    line: float,
    passes_above: bool,
    assumed: float,
    spread: float,
    lag1: float,
    chance: Chance,
    power: float,
    n_now: int | None,
    least: int = _MIN_BLOCKS,
) -> Plan:
    """What one criterion needs, with its curve.

    Args:
        name: The criterion.
        line: What the figure is held against.
        passes_above: Whether figures above the line pass.
        assumed: The figure if the plan's assumption is true.
        spread: Standard deviation of one block's contribution.
        lag1: Correlation of neighbouring blocks.
        chance: Probability of a pass, by distance to the line in spreads and number of blocks.
        power: Probability of a pass asked for.
        n_now: Blocks there are; None where there are none yet.
        least: Fewest blocks that can be judged.
    """
    distance = (assumed - line if passes_above else line - assumed) / spread
    needed = blocks_needed(distance, chance, power, least=least)

    def judged(n_blocks: int) -> float:
        return chance(distance, n_blocks) if n_blocks >= least else 0.0

    out_of_reach = MAX_BLOCKS if distance > 0 else 0
    reach = min(MAX_BLOCKS, max(4 * least, 2 * (needed or out_of_reach)))
    grid = sorted({round(n) for n in np.geomspace(min(least, reach), reach, 8)})
    return Plan(
        name=name,
        line=line,
        assumed=assumed,
        spread=spread,
        lag1=lag1,
        power=power,
        is_possible=distance > 0,
        n_blocks=needed,
        power_now=None if n_now is None else judged(n_now),
        curve=tuple((n, judged(n)) for n in grid),
    )


def blocks_needed(
    distance: float, chance: Chance, power: float, *, least: int = _MIN_BLOCKS
) -> int | None:
    """The fewest blocks with which a pass has at least the probability `power`.

    Args:
        distance: Assumed figure less the line, on the passing side, in spreads.
        chance: Probability of a pass, by distance and number of blocks.
        power: Probability asked for.
        least: Fewest blocks that can be judged.

    Returns:
        The number; None where even `MAX_BLOCKS` do not suffice.
    """
    if distance <= 0 or least > MAX_BLOCKS:
        return None
    low, high = least, least
    while chance(distance, high) < power:
        if high >= MAX_BLOCKS:
            return None
        low, high = high, min(2 * high, MAX_BLOCKS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(distance, middle) >= power else (middle, high)
    return high if chance(distance, low) < power else low


@cache
def _null_draws(n_blocks: int, alpha: float, lag1: float) -> tuple[Floats, Floats]:
    """Means of unit-variance blocks, and how far below them the bound lies, (n_simulations,)."""
    # A row per block and a column per simulation: each step works on contiguous rows.
    blocks = _steps()[:n_blocks].copy() if n_blocks <= _KEPT else _drawn(n_blocks)
    for i in range(1, n_blocks):
        blocks[i] = lag1 * blocks[i - 1] + np.sqrt(1 - lag1**2) * blocks[i]
    mean = blocks.mean(axis=0)
    d = (blocks - mean) / n_blocks  # what each block adds, centred
    student = float(special.stdtrit(n_blocks - 1, 1 - alpha))
    squares = np.einsum("ij,ij->j", d, d)
    found = np.einsum("ij,ij->j", d[1:], d[:-1]) / squares  # lag-1, per simulation
    plain = student * np.sqrt(squares)
    widened = plain * autoregressive_inflation(found, n_blocks)
    calm, slow = (_cosine(d, n_cosine_terms(n_blocks, r), alpha) for r in (0.0, 1.0))
    cosine = np.where(found > CLEARLY_CORRELATED, slow, calm)
    return mean, np.maximum(widened, cosine)


@cache
def _steps() -> Floats:
    """The draws of all but very long windows: a search asks for hundreds of lengths."""
    return _drawn(_KEPT)


def _drawn(n_blocks: int) -> Floats:
    """Standard normal draws, (n_blocks, n_simulations); a longer window begins like a shorter."""
    return np.random.default_rng(7).normal(size=(n_blocks, _SIMULATIONS))


def _cosine(d: Floats, n_terms: int, alpha: float) -> Floats:
    """Half-widths by the cosine estimate, one for each column of contributions."""
    middle = (np.arange(len(d)) + 0.5) / len(d)
    waves = np.sqrt(2.0) * np.cos(np.pi * np.arange(1, n_terms + 1)[:, None] * middle)
    error: Floats = np.sqrt(((waves @ d) ** 2).mean(axis=0))
    return error * float(special.stdtrit(n_terms, 1 - alpha))
