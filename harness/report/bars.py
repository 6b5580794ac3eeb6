"""Bars: one criterion's interval against its line, with the side that passes shaded."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.decision import Verdict

_WIDTH = 260.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where to draw a verdict, in units of a bar 260 wide.

    Attributes:
        line: The line to clear.
        estimate: The estimate; None where undefined.
        lower: Left end of the interval; None without one.
        width: Width of the interval.
        pass_start: Left end of the shaded side that passes.
        pass_width: Width of that side.
    """

    line: float
    estimate: float | None
    lower: float | None
    width: float | None
    pass_start: float
    pass_width: float


def bar_of(verdict: Verdict) -> Bar:
    """Scale a verdict so that its line, estimate and interval all fit."""
    known = [verdict.line, verdict.estimate, verdict.lower, verdict.upper]
    values = [v for v in known if v is not None and math.isfinite(v)]
    low, high = min(values), max(values)
    margin = 0.15 * (high - low) or max(abs(high), 1.0) * 0.15
    low, high = low - margin, high + margin

    def place(value: float) -> float:
        return round(_WIDTH * (value - low) / (high - low), 1)

    line = place(verdict.line)
    has_interval = verdict.lower is not None and verdict.upper is not None
    return Bar(
        line=line,
        estimate=place(verdict.estimate) if verdict.estimate is not None else None,
        lower=place(verdict.lower) if has_interval and verdict.lower is not None else None,
        width=round(place(verdict.upper) - place(verdict.lower), 1)
        if verdict.lower is not None and verdict.upper is not None
        else None,
        pass_start=line if verdict.passes_above else 0.0,
        pass_width=round(_WIDTH - line if verdict.passes_above else line, 1),
    )
