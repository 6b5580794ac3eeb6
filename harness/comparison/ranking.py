"""Ranking: better runs first, where an order is fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.artefacts.one_run import UNJUDGED
from harness.comparison.compared import ComparedRun, primary_of

_ORDER = {
    "SHIP": 0,
    "INCONCLUSIVE": 1,
    "NO_SHIP": 2,
    "INVALID": 3,
    "TRIAL": 4,
    "NOT_JUDGED": 5,
    "GIVEN_UP": 6,
}


def ranked(runs: Sequence[ComparedRun], protocol: Mapping[str, Any]) -> tuple[ComparedRun, ...]:
    """The runs of one group with their places.

    Args:
        runs: Runs of one protocol on the same test rows.
        protocol: That protocol, as a record has it.
    """
    is_lower_better = False
    if any(run.outcome in UNJUDGED for run in runs):
        from harness.evidence import find_metric  # too heavy for comparisons that need it not

        is_lower_better = find_metric(primary_of(protocol)).higher_is_better is False
    ordered = sorted(runs, key=lambda run: _strength(run, is_lower_better=is_lower_better))
    return tuple(replace(run, rank=place) for place, run in enumerate(ordered, start=1))


def _strength(run: ComparedRun, *, is_lower_better: bool) -> tuple[int, float]:
    """Better runs first: by decision, then by the primary criterion's deciding bound.

    Candidates that were not judged come by their figure on validation.
    """
    if run.outcome in UNJUDGED:
        value = float("-inf") if run.validation is None else run.validation
        return _ORDER[run.outcome], value if is_lower_better else -value
    primary = run.criteria[0] if run.criteria else None
    bound = None
    if primary is not None:
        bound = primary.lower if primary.passes_above else primary.upper
    strength = float("-inf") if bound is None else bound
    if primary is not None and bound is not None and not primary.passes_above:
        strength = -strength
    return _ORDER.get(run.outcome, 9), -strength
