"""Figure: a number as readers see it."""

from __future__ import annotations

import math

_SIZES = ((1000.0, 0), (100.0, 1), (1.0, 2))


def amount(value: float, unit: str = "") -> str:
    """A number somebody typed, without digits they did not type.

    Example:
        >>> amount(20.0), amount(0.25, "share of rows"), amount(30000)
        ('20', '25 %', '30,000')
    """
    return f"{100 * value:g} %" if unit.startswith("share") else f"{value:,.10g}"


def figure(value: float | None, unit: str = "") -> str:
    """A number with sensible digits, shares as percentages.

    Example:
        >>> figure(0.3089, "share of rows"), figure(0.00042, "share"), figure(325.56), figure(None)
        ('30.9 %', '0.042 %', '325.6', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    if unit.startswith("share"):
        return f"{100 * value:.{1 if abs(value) >= 0.01 or value == 0 else 3}f} %"
    for least, digits in _SIZES:
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:z.4f}"  # z: what rounds to zero has no sign
