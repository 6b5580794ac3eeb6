"""Interval: what the data says about one metric, or about a difference of two."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """How far the truth may lie from an estimate.

    Attributes:
        estimate: Value over all blocks, in the metric's own unit.
        lower: One-sided bound; the truth is below it with probability <= alpha.
        upper: One-sided bound; the truth is above it with probability <= alpha.
        alpha: Error probability of each bound on its own.
        n_blocks: Resampling units behind the bounds (days or entities, not rows).

    Raises:
        ValueError: If the bounds are nan or do not enclose the estimate.

    Example:
        >>> lift = Interval(estimate=0.031, lower=0.022, upper=0.040, alpha=0.05, n_blocks=30)
        >>> lift.lies_above(0.02), lift.lies_above(0.03)
        (True, False)
    """

    estimate: float
    lower: float
    upper: float
    alpha: float
    n_blocks: int

    def __post_init__(self) -> None:
        if not self.lower <= self.estimate <= self.upper:  # false for nan too
            msg = f"Interval: bounds {self.lower} .. {self.upper} do not enclose {self.estimate}"
            raise ValueError(msg)

    def lies_above(self, line: float) -> bool:
        """Whether the truth is proven to exceed `line` (touching it proves nothing)."""
        return self.lower > line

    def lies_below(self, line: float) -> bool:
        """Whether the truth is proven to stay under `line`."""
        return self.upper < line
