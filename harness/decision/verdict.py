"""Verdict: PASS, FAIL or UNRESOLVED for one criterion, by the table of rules.

With d the improvement over the baseline, in the metric's own unit and sign, and one-sided
bounds L and U:

| rule                           | PASS     | FAIL      |
|--------------------------------|----------|-----------|
| must_improve_by m              | L(d) > m | U(d) <= m |
| must_not_decrease, tolerance t | L(d) > -t| U(d) <= -t|
| must_not_increase, tolerance t | U(d) < t | L(d) >= t |
| must_be_above v                | L > v    | U <= v    |
| must_be_below v                | U < v    | L >= v    |

Anything else is UNRESOLVED, and never a pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.evidence import Estimate
from harness.rules.outcome import (
    FAIL,
    PASS,
    STRADDLES,
    UNRESOLVED,
    verdict_of_bounds,
    verdict_of_point,
)

__all__ = ["FAIL", "PASS", "UNRESOLVED", "Verdict", "apply_rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence says about one criterion.

    Attributes:
        name: The criterion's name, with the segment's value where it has one.
        metric: Name of the metric.
        rule: The rule.
        line: What the figure is held against, in the metric's unit.
        passes_above: Whether figures above the line pass.
        estimate: The figure: a difference to the baseline, or a level.
        lower: Its lower one-sided bound; None without an interval.
        upper: Its upper one-sided bound.
        verdict: PASS, FAIL or UNRESOLVED.
        code: Why it is unresolved; None otherwise.
        sentence: For a manager.
        settles: What would settle an unresolved verdict.
        candidate: The candidate's own value of the metric.
        baseline: The baseline's; None where there is none.
        unit: Unit of all figures.
        segment: Column and value, such as `origin=JFK`; None for all rows.
        evidence: proven, not_disproven or point.
        is_primary: Whether this is the success criterion.
        n_rows: Rows behind it.
        n_blocks: Blocks behind it.
        lag1: Correlation of neighbouring blocks.
        design_effect: Variance against that of independent rows; primary criterion only.
    """

    name: str
    metric: str
    rule: str
    line: float
    passes_above: bool
    estimate: float | None
    lower: float | None
    upper: float | None
    verdict: str
    code: str | None
    sentence: str
    settles: str | None
    candidate: float | None
    baseline: float | None
    unit: str
    segment: str | None
    evidence: str
    is_primary: bool
    n_rows: int
    n_blocks: int
    lag1: float | None
    design_effect: float | None


def apply_rule(
    estimate: Estimate, line: float, *, passes_above: bool, evidence: str
) -> tuple[str, str | None]:
    """PASS, FAIL or UNRESOLVED, and a code for the last.

    Args:
        estimate: The figure held against the line.
        line: The line, in the figure's unit.
        passes_above: Whether figures above the line pass.
        evidence: proven asks the bound on the passing side to clear the line;
            not_disproven passes unless harm is proven; point looks at the estimate alone.

    Example:
        >>> from harness.evidence import Interval
        >>> wide = Interval(estimate=0.03, lower=0.01, upper=0.05, alpha=0.05, n_blocks=30)
        >>> figure = Estimate(value=0.03, interval=wide, problem=None, n_blocks=30, n_effective=30)
        >>> apply_rule(figure, 0.02, passes_above=True, evidence="proven")
        ('UNRESOLVED', 'STRADDLES')
    """
    if not math.isfinite(estimate.value):
        return UNRESOLVED, estimate.problem or "UNDEFINED"
    if evidence == "point":
        return verdict_of_point(estimate.value, line, passes_above=passes_above), None
    if estimate.interval is None:
        return UNRESOLVED, estimate.problem or "UNDEFINED"
    outcome = verdict_of_bounds(
        estimate.interval.lower,
        estimate.interval.upper,
        line,
        passes_above=passes_above,
        evidence=evidence,
    )
    return outcome, STRADDLES if outcome == UNRESOLVED else None
