"""Decision: from evidence and criteria to SHIP, NO_SHIP, INCONCLUSIVE or INVALID."""

from __future__ import annotations

from harness.decision.any_of import judge_any
from harness.decision.criterion import Criterion, criteria_of
from harness.decision.decide import OUTCOMES, Decision, decide
from harness.decision.judge import Judged, judge
from harness.decision.seal import sealed
from harness.decision.verdict import Verdict

__all__ = [
    "OUTCOMES",
    "Criterion",
    "Decision",
    "Judged",
    "Verdict",
    "criteria_of",
    "decide",
    "judge",
    "judge_any",
    "sealed",
]
