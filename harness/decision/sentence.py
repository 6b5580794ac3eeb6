"""Sentence: a verdict in words a manager can read, and what would settle it."""

from __future__ import annotations

import math

from harness.decision.criterion import Criterion
from harness.evidence import Estimate, Metric
from harness.evidence.estimate import PROBLEMS

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
        >>> figure(0.3089, "share of rows"), figure(325.56), figure(0.01234), figure(None)
        ('30.9 %', '325.6', '0.0123', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    if unit.startswith("share"):
        return f"{100 * value:.1f} %"
    for least, digits in _SIZES:
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.4f}"


def verdict_sentence(
    criterion: Criterion,
    metric: Metric,
    estimate: Estimate,
    line: float,
    outcome: str,
    code: str | None,
    segment: str | None,
) -> str:
    """One sentence: what was asked, what was found, what follows."""
    where = f" for {segment}" if segment else ""
    what = f"{metric.title}{where}"
    if outcome == "UNRESOLVED" and code != "STRADDLES":
        return f"{what} cannot be judged: {PROBLEMS.get(code or '', 'no figure')}."
    value = figure(estimate.value, metric.unit)
    if criterion.is_paired:
        sign = "" if estimate.value < 0 else "+"
        found = f"{what} differs from the baseline by {sign}{value}"
    else:
        found = f"{what} is {value}"
    if estimate.interval is not None:
        low = figure(estimate.interval.lower, metric.unit)
        high = figure(estimate.interval.upper, metric.unit)
        found += f" (between {low} and {high})"
    asked = _asked(criterion, metric.unit)
    ending = {
        "PASS": f"{asked}: proven." if criterion.evidence == "proven" else f"{asked}: passes.",
        "FAIL": f"{asked}: proven otherwise."
        if criterion.evidence != "point"
        else f"{asked}: it is not.",
        "UNRESOLVED": f"{asked}: the data allows both.",
    }
    return f"{found}; {ending[outcome]}"


def _asked(criterion: Criterion, unit: str) -> str:
    asked = amount(criterion.amount, "share" if criterion.relative else unit)
    relative = " of the baseline's value" if criterion.relative else ""
    return {
        "must_improve_by": f"it must improve by more than {asked}{relative}"
        if criterion.amount
        else "it must improve",
        "must_not_decrease": f"it must not fall by {asked}{relative} or more",
        "must_not_increase": f"it must not rise by {asked}{relative} or more",
        "must_be_above": f"it must be above {asked}",
        "must_be_below": f"it must be below {asked}",
    }[criterion.rule]


def settles(
    estimate: Estimate,
    line: float,
    passes_above: bool,
    code: str | None,
    days_per_block: float | None,
) -> str | None:
    """What would settle an unresolved verdict; None when it is settled.

    Bounds narrow with the square root of the number of blocks, so if the estimate stayed
    where it is, the number of blocks needed is (half-width / distance to the line)^2 times
    today's.
    """
    unit = {1.0: "days", 7.0: "weeks"}.get(days_per_block or 0.0, "entities")
    if code is None:
        return None
    if code in ("FEW_BLOCKS", "UNEQUAL_BLOCKS"):
        return f"a test window of at least 10 {unit} with enough rows in each"
    if code == "FEW_POSITIVES":
        return "a longer test window, with more positives in it"
    if code == "FEW_MEASUREMENTS":
        return "more measurements: running.latency.n_rows=400 or more"
    if code != "STRADDLES" or estimate.interval is None:
        return "rows for which the figure is defined"
    bound = estimate.interval.lower if passes_above else estimate.interval.upper
    distance = (estimate.value - line) if passes_above else (line - estimate.value)
    if distance <= 0:
        return "a better candidate, for the estimate itself lies on the wrong side of the line"
    factor = ((estimate.value - bound) / distance) ** 2
    more = math.ceil(estimate.n_blocks * (factor - 1))
    return f"about {max(more, 1):,} more {unit} like these, if the estimate stays where it is"
