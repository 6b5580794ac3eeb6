"""Criterion: one line of the protocol that a candidate has to pass."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules import find_rule
from harness.settings import CriteriaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What is asked of one metric.

    Attributes:
        name: Name in the config; `primary` comes first.
        metric: Name of the metric.
        rule: Name of the rule.
        amount: The margin, tolerance or line, never negative for tolerances.
        relative: Whether the amount is a share of the baseline's value.
        segment: Column each of whose values is judged; None judges all rows together.
        evidence: proven, not_disproven or point.
        is_primary: Whether this is the success criterion.
        description: What it protects, in the owner's words.
    """

    name: str
    metric: str
    rule: str
    amount: float
    relative: bool = False
    segment: str | None = None
    evidence: str = "proven"
    is_primary: bool = False
    description: str = ""

    @property
    def is_paired(self) -> bool:
        """Whether the candidate is held against the baseline, not against a fixed line."""
        return find_rule(self.rule).is_paired


def criteria_of(settings: CriteriaSettings) -> tuple[Criterion, ...]:
    """The criteria a config declares, the primary ones first."""
    primaries = (
        Criterion(
            name=metric,
            metric=metric,
            rule="must_improve_by",
            amount=settings.margin(metric),
            relative=settings.relative,
            evidence=settings.evidence,
            is_primary=True,
        )
        for metric in settings.primary_metrics
    )
    guardrails = (
        Criterion(
            name=name,
            metric=guardrail.metric or name,
            rule=guardrail.threshold,
            amount=float(
                guardrail.value if guardrail.value is not None else guardrail.tolerance or 0
            ),
            relative=guardrail.relative,
            segment=guardrail.per_segment,
            evidence=guardrail.evidence or settings.evidence,
            description=guardrail.description,
        )
        for name, guardrail in settings.guardrail_metrics.items()
    )
    return (*primaries, *guardrails)
