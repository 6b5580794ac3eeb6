"""Judgement: one scored window held against all criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.audit import Finding, blocking
from harness.decision import Decision, Judged, criteria_of, decide, judge, judge_any
from harness.decision.decide import Minimums
from harness.decision.sentence import Wording
from harness.engine import Engine, LocalEngine
from harness.evaluation import ScoredWindow
from harness.evidence import MAX_FOR_ROWS, RowMetric, blocks_of, design_effect, find_metric
from harness.settings import CriteriaSettings

# What stands in place of the guarantee where nothing can end in SHIP.
_TRIAL = (
    "A trial promises nothing: of several on the same rows of validation, the best looks better than it "
    "is."
)
_BLOCKS = {"day": "days", "week": "weeks", "entity": "entities", "row": "rows"}


def decide_window(
    criteria: CriteriaSettings,
    test: ScoredWindow,
    latency_ms: NDArray[np.float64],
    findings: Sequence[Finding],
    *,
    alpha_divisor: int = 1,
    exploratory: str | None = None,
    is_trial: bool = False,
    engine: Engine | None = None,
) -> Decision:
    """Judge every criterion and weigh the verdicts.

    Args:
        criteria: What counts as success, and what must not get worse.
        test: The test window as candidate and baseline scored it.
        latency_ms: Measured single-row times, shape (n,).
        findings: What the leakage audit saw.
        alpha_divisor: Alpha of each bound is divided by this, for shared windows.
        exploratory: Why the look proves nothing, where the window was opened before.
        is_trial: Whether the window is the second half of validation.
        engine: What works the guardrails out; null for this process.
    """
    alpha = criteria.alpha / alpha_divisor
    judged = Judged(
        candidate=test.candidate,
        baseline=test.baseline,
        segments=test.segments,
        samples={"latency_ms": latency_ms},
        alpha=alpha,
        wording=Wording(blocks=_BLOCKS[criteria.blocks]),
    )
    minimums = Minimums(
        rows=criteria.minimum_sample_size,
        days=criteria.minimum_duration_days,
        n_rows=len(test.candidate),
        n_days=test.n_days,
        place="trial window" if is_trial else "test window",
    )
    asked = criteria_of(criteria)
    primaries = [c for c in asked if c.is_primary]
    verdicts = list(
        judge_any(primaries, alpha, lambda c, each: judge(c, replace(judged, alpha=each))[0])
    )
    guardrails = [c for c in asked if not c.is_primary]
    for found in (engine or LocalEngine()).map(judge, guardrails, judged):
        verdicts += found
    invalid = _taken_for_independent(criteria, test)
    invalid += [f"Leakage, check {f.check}: {f.sentence}" for f in blocking(findings)]
    decision = decide(verdicts, minimums, alpha=alpha, invalid=invalid, exploratory=exploratory)
    return replace(decision, guarantee=_TRIAL) if is_trial else decision


def _taken_for_independent(criteria: CriteriaSettings, test: ScoredWindow) -> list[str]:
    """Why row-wise intervals cannot be trusted here, where they cannot."""
    metric = find_metric(criteria.primary_metrics[0])
    if criteria.blocks != "row" or not isinstance(metric, RowMetric):
        return []
    days = blocks_of("day", test.local_time, None)
    effect = design_effect(
        metric, test.candidate.with_blocks(days), test.baseline.with_blocks(days)
    )
    if effect is not None and effect <= MAX_FOR_ROWS:
        return []
    shown = "cannot be computed" if effect is None else f"is {effect:.2f}"
    return [
        f"criteria.blocks=row takes rows for independent, but the design effect of days {shown} "
        f"(at most {MAX_FOR_ROWS} is accepted): use blocks=day."
    ]
