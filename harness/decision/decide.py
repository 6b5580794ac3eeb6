"""Decide: all criteria together, in a fixed order of precedence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.decision.html import decision_html
from harness.decision.verdict import FAIL, UNRESOLVED, Verdict
from harness.rules.outcome import (
    INCONCLUSIVE,
    INVALID,
    NO_SHIP,
    OUTCOMES,
    SHIP,
    deciding,
    decision_of,
    face_value_of,
)

__all__ = ["OUTCOMES", "Decision", "Minimums", "decide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimums:
    """Least evidence the protocol accepts, and what there is.

    Attributes:
        rows: Test rows needed.
        days: Days the test window has to span.
        n_rows: Test rows there are.
        n_days: Days from the first to the last of the test window, both counted.
        place: What holds them, in words.
        unit: What a row is.
    """

    rows: int
    days: float
    n_rows: int
    n_days: int
    place: str = "test window"
    unit: str = "rows"

    @property
    def are_met(self) -> bool:
        """Whether there is as much as the protocol asks for."""
        return self.n_rows >= self.rows and self.n_days >= self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Should this model ship, and why.

    Attributes:
        decision: SHIP, NO_SHIP, INCONCLUSIVE or INVALID.
        reasons: Sentences, the weightiest first.
        criteria: One verdict per criterion, or per segment of it.
        minimums: Rows and days, needed and there.
        alpha: Error probability of each one-sided bound.
        guarantee: What the word SHIP promises here.
        face_value: What the criteria alone say, whatever was looked at before.
    """

    decision: str
    reasons: tuple[str, ...]
    criteria: tuple[Verdict, ...]
    minimums: Minimums
    alpha: float
    guarantee: str
    face_value: str

    def _repr_html_(self) -> str:
        return decision_html(self.decision, self.reasons, self.criteria)

    @property
    def ship(self) -> bool:
        """Whether the model may ship."""
        return self.decision == SHIP


def decide(
    verdicts: Sequence[Verdict],
    minimums: Minimums,
    *,
    alpha: float,
    invalid: Sequence[str] = (),
    exploratory: str | None = None,
) -> Decision:
    """Weigh verdicts in order: INVALID, NO_SHIP, INCONCLUSIVE, SHIP.

    Args:
        verdicts: All criteria's verdicts.
        minimums: Rows and days, needed and there.
        alpha: Error probability of each one-sided bound.
        invalid: Sentences on why the evidence cannot be trusted.
        exploratory: Why the look proves nothing, where the window was opened before; the
            decision is then INCONCLUSIVE at best.
    """
    plain = [(v.verdict, v.is_primary) for v in verdicts]
    counted = [verdicts[i] for i in deciding(plain)]
    face_value = face_value_of(plain, is_valid=not invalid, are_minimums_met=minimums.are_met)
    outcome = decision_of(face_value, is_exploratory=exploratory is not None)
    reasons = _reasons(face_value, counted, minimums, invalid)
    if exploratory is not None:
        if face_value == SHIP:
            reasons = ["At face value every criterion passes.", *reasons]
        reasons = [exploratory, *reasons] if outcome == INCONCLUSIVE else [*reasons, exploratory]
    return Decision(
        decision=outcome,
        reasons=tuple(reasons),
        criteria=tuple(verdicts),
        minimums=minimums,
        alpha=alpha,
        guarantee=_guarantee(verdicts, alpha),
        face_value=face_value,
    )


def _reasons(
    outcome: str, counted: Sequence[Verdict], minimums: Minimums, invalid: Sequence[str]
) -> list[str]:
    """Sentences on why the criteria come to this."""
    if outcome == INVALID:
        return [*invalid] or ["A criterion has a verdict this version does not know."]
    if outcome == NO_SHIP:
        return [v.sentence for v in counted if v.verdict == FAIL]
    if outcome == SHIP:
        return [v.sentence for v in counted]
    reasons = _missing(minimums)
    reasons += [
        f"{v.sentence} To settle it: {v.settles}." for v in counted if v.verdict == UNRESOLVED
    ]
    if not any(v.is_primary for v in counted):
        reasons.append("No success criterion was judged.")
    return reasons


def _missing(minimums: Minimums) -> list[str]:
    sentences = []
    if minimums.n_rows < minimums.rows:
        sentences.append(
            f"The {minimums.place} has {minimums.n_rows:,} {minimums.unit}; the protocol asks for {minimums.rows:,}: "
            f"{minimums.rows - minimums.n_rows:,} more are needed."
        )
    if minimums.n_days < minimums.days:
        sentences.append(
            f"The {minimums.place} spans {minimums.n_days} days; the protocol asks for "
            f"{minimums.days:g}: {minimums.days - minimums.n_days:g} more are needed."
        )
    return sentences


def _guarantee(verdicts: Sequence[Verdict], alpha: float) -> str:
    outside = sorted({v.name for v in verdicts if v.evidence != "proven"})
    sentence = (
        "If any criterion is truly violated, this procedure says SHIP with probability at most "
        f"{alpha:g}."
    )
    if outside:
        sentence += f" Outside this guarantee, by the protocol's own wish: {', '.join(outside)}."
    return sentence
