"""Sentence: a verdict in words a manager can read, and what would settle it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from harness.artefacts.figure import amount, figure
from harness.decision.criterion import Criterion
from harness.evidence import Estimate
from harness.evidence.estimate import MIN_DIFFERENCES, PROBLEMS
from harness.rules import find_rule


class Described(Protocol):
    """What a sentence needs to know of a metric, whatever it is computed from."""

    @property
    def title(self) -> str:
        """Name for readers."""

    @property
    def unit(self) -> str:
        """Unit in words."""

    @property
    def higher_is_better(self) -> bool | None:
        """Direction; None where neither is better as such."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What things are called where a verdict is put into words.

    Attributes:
        baseline: What the candidate is held against.
        blocks: What counts as independent: days, weeks, entities or units.
        more: What gives a larger sample.
        measure: How to get more measurements of a sampled quantity.
    """

    baseline: str = "the baseline"
    blocks: str = "entities"
    more: str = "a longer test window"
    measure: str = ": running.latency.n_rows=400 or more"


def verdict_sentence(
    criterion: Criterion,
    metric: Described,
    estimate: Estimate,
    outcome: str,
    code: str | None,
    segment: str | None,
    wording: Wording,
) -> str:
    """One sentence: what was asked, what was found, what follows."""
    where = f" for {segment}" if segment else ""
    what = f"{metric.title}{where}"
    if outcome == "UNRESOLVED" and code != "STRADDLES":
        return f"{what} cannot be judged: {PROBLEMS.get(code or '', 'no figure')}."
    value = figure(estimate.value, metric.unit)
    if criterion.is_paired:
        sign = "" if estimate.value < 0 else "+"
        found = f"{what} differs from {wording.baseline} by {sign}{value}"
    else:
        found = f"{what} is {value}"
    if estimate.interval is not None:
        low = figure(estimate.interval.lower, metric.unit)
        high = figure(estimate.interval.upper, metric.unit)
        found += f" (between {low} and {high})"
    asked = _asked(criterion, metric.unit, wording)
    ending = {
        "PASS": f"{asked}: proven." if criterion.evidence == "proven" else f"{asked}: passes.",
        "FAIL": f"{asked}: proven otherwise."
        if criterion.evidence != "point"
        else f"{asked}: it is not.",
        "UNRESOLVED": f"{asked}: the data allows both.",
    }
    return f"{found}; {ending[outcome]}"


def _asked(criterion: Criterion, unit: str, wording: Wording) -> str:
    asked = amount(criterion.amount, "share" if criterion.relative else unit)
    if criterion.relative:
        asked += f" of the value of {wording.baseline}"
    rule = find_rule(criterion.rule)
    words = rule.asks if criterion.amount or not rule.asks_any else rule.asks_any
    return f"it {words.format(amount=asked, baseline=wording.baseline)}"


def settles(
    estimate: Estimate,
    line: float,
    passes_above: bool,
    code: str | None,
    wording: Wording,
) -> str | None:
    """What would settle an unresolved verdict; None when it is settled.

    Bounds narrow with the square root of the number of blocks, so if the estimate stayed
    where it is, the number of blocks needed is (half-width / distance to the line)^2 times
    today's.
    """
    unit = wording.blocks
    if code is None:
        return None
    if code in ("FEW_BLOCKS", "UNEQUAL_BLOCKS"):
        return f"{wording.more}: at least 10 {unit} with enough rows in each"
    if code == "FEW_POSITIVES":
        return f"{wording.more}, with more positives in it"
    if code == "FEW_DIFFERENCES":
        return _until_they_differ(estimate.n_different or 0, wording)
    if code == "MISSING_UNEQUALLY":
        return "knowing why values are missing, and mending it"
    if code == "COVARIATE_UNEQUALLY":
        return "a covariate that was known before assignment, or none"
    if code == "FEW_MEASUREMENTS":
        return f"more measurements{wording.measure}"
    if code != "STRADDLES" or estimate.interval is None:
        return "rows for which the figure is defined"
    bound = estimate.interval.lower if passes_above else estimate.interval.upper
    distance = (estimate.value - line) if passes_above else (line - estimate.value)
    if distance <= 0:
        return "a better candidate, for the estimate itself lies on the wrong side of the line"
    factor = ((estimate.value - bound) / distance) ** 2
    more = math.ceil(estimate.n_blocks * (factor - 1))
    return f"about {max(more, 1):,} more {unit} like these, if the estimate stays where it is"


def _until_they_differ(n_different: int, wording: Wording) -> str:
    if n_different == 0:
        return f"a candidate that differs from {wording.baseline}, for here the two are alike on every row"
    times = MIN_DIFFERENCES / n_different
    return (
        f"{wording.more}, about {times:.1f} times this one, until the two differ on "
        f"{MIN_DIFFERENCES} rows ({n_different} here), or a candidate that differs more often"
    )
