"""Shapes: a column's distribution then and now, as small outlines for a table's cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.monitor.profile import ColumnProfile
from harness.monitor.sketch import Sketch

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 180.0, 44.0
_N_BINS = 36
_MOST_CATEGORIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Two outlines on one scale.

    Attributes:
        then: SVG path of the reference, filled.
        now: SVG path of the window, a line.
        low: What stands at the left end.
        high: What stands at the right end.
    """

    then: str
    now: str
    low: str
    high: str


def shapes_of(then: ColumnProfile, now: ColumnProfile) -> Shapes | None:
    """Outlines of one column; None where one side has no value."""
    if not then.n_valid or not now.n_valid:
        return None
    if then.sketch is not None and now.sketch is not None:
        ends = np.concatenate(
            [s.quantile(np.array([0.005, 0.995])) for s in (then.sketch, now.sketch)]
        )
        low, high = float(ends.min()), float(ends.max())
        if high <= low:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, _N_BINS + 1)
        old, new = (_in_bins(s, edges) for s in (then.sketch, now.sketch))
        return _drawn(old, new, f"{low:.4g}", f"{high:.4g}")
    names = list(dict.fromkeys([*list(then.counts)[:_MOST_CATEGORIES], *list(now.counts)[:4]]))
    old, new = (
        np.array([side.counts.get(n, 0) / side.n_valid for n in names]) for side in (then, now)
    )
    return _drawn(old, new, names[0], names[-1] if len(names) > 1 else "")


def _in_bins(sketch: Sketch, edges: Floats) -> Floats:
    upto = sketch.cdf(edges)[1]
    shares = np.diff(upto)
    shares[0] += sketch.cdf(edges[:1])[1][0]
    return np.maximum(shares, 0.0)


def _drawn(then: Floats, now: Floats, low: str, high: str) -> Shapes:
    top = max(float(then.max()), float(now.max()), 1e-12)
    return Shapes(
        then=_steps(then / top, close=True), now=_steps(now / top, close=False), low=low, high=high
    )


def _steps(heights: Floats, *, close: bool) -> str:
    """A staircase from left to right; closed along the ground when filled."""
    width = WIDTH / len(heights)
    words = [f"M0,{HEIGHT:g}"] if close else []
    for i, height in enumerate(heights):
        y = HEIGHT * (1 - 0.94 * float(height))
        words.append(
            f"{'L' if words else 'M'}{i * width:.1f},{y:.1f}L{(i + 1) * width:.1f},{y:.1f}"
        )
    return "".join(words) + (f"L{WIDTH:g},{HEIGHT:g}Z" if close else "")
