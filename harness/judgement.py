"""Judgement: one scored window held against all criteria."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.audit import Finding, blocking
from harness.decision import Decision, Judged, criteria_of, decide, judge
from harness.decision.decide import Minimums
from harness.evaluation import ScoredWindow
from harness.settings import CriteriaSettings

_DAYS_PER_BLOCK = {"day": 1.0, "week": 7.0, "entity": None}


def decide_window(
    criteria: CriteriaSettings,
    test: ScoredWindow,
    latency_ms: NDArray[np.float64],
    findings: Sequence[Finding],
    *,
    alpha_divisor: int = 1,
    exploratory: str | None = None,
) -> Decision:
    """Judge every criterion and weigh the verdicts.

    Args:
        criteria: What counts as success, and what must not get worse.
        test: The test window as candidate and baseline scored it.
        latency_ms: Measured single-row times, shape (n,).
        findings: What the leakage audit saw.
        alpha_divisor: Alpha of each bound is divided by this, for shared windows.
        exploratory: Why the look proves nothing, where the window was opened before.
    """
    alpha = criteria.alpha / alpha_divisor
    judged = Judged(
        candidate=test.candidate,
        baseline=test.baseline,
        segments=test.segments,
        samples={"latency_ms": latency_ms},
        alpha=alpha,
        days_per_block=_DAYS_PER_BLOCK[criteria.blocks],
    )
    minimums = Minimums(
        rows=criteria.minimum_sample_size,
        days=criteria.minimum_duration_days,
        n_rows=len(test.candidate),
        n_days=test.n_days,
    )
    verdicts = [v for criterion in criteria_of(criteria) for v in judge(criterion, judged)]
    leaks = [f"Leakage, check {f.check}: {f.sentence}" for f in blocking(findings)]
    return decide(verdicts, minimums, alpha=alpha, invalid=leaks, exploratory=exploratory)
