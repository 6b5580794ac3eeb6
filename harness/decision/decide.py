"""Decide: all criteria together, in a fixed order of precedence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.decision.html import decision_html
from harness.decision.verdict import FAIL, PASS, UNRESOLVED, Verdict

OUTCOMES = ("SHIP", "NO_SHIP", "INCONCLUSIVE", "INVALID")


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
        return self.decision == "SHIP"


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
    counted = _counted(verdicts)
    failed = [v for v in counted if v.verdict == FAIL]
    unresolved = [v for v in counted if v.verdict == UNRESOLVED]
    missing = _missing(minimums)
    has_primary = any(v.is_primary for v in verdicts)
    if invalid:
        outcome, reasons = "INVALID", list(invalid)
    elif failed:
        outcome, reasons = "NO_SHIP", [v.sentence for v in failed]
    elif unresolved or missing or not has_primary:
        outcome, reasons = "INCONCLUSIVE", [*missing]
        reasons += [f"{v.sentence} To settle it: {v.settles}." for v in unresolved]
        if not has_primary:
            reasons.append("No success criterion was judged.")
    elif all(v.verdict == PASS for v in counted):
        outcome, reasons = "SHIP", [v.sentence for v in counted]
    else:
        outcome, reasons = "INVALID", ["A criterion has a verdict this version does not know."]
    face_value = outcome
    if exploratory is not None:
        if outcome == "SHIP":
            outcome = "INCONCLUSIVE"
            reasons = ["At face value every criterion passes.", *reasons]
        reasons = [exploratory, *reasons] if outcome == "INCONCLUSIVE" else [*reasons, exploratory]
    return Decision(
        decision=outcome,
        reasons=tuple(reasons),
        criteria=tuple(verdicts),
        minimums=minimums,
        alpha=alpha,
        guarantee=_guarantee(verdicts, alpha),
        face_value=face_value,
    )


def _counted(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts that decide: of several success criteria, those that pass are enough.

    Where none passes, one that is still open keeps the failed ones from deciding.
    """
    primaries = [v for v in verdicts if v.is_primary]
    for outcome in (PASS, UNRESOLVED):
        chosen = [v for v in primaries if v.verdict == outcome]
        if chosen:
            primaries = chosen
            break
    return [*primaries, *(v for v in verdicts if not v.is_primary)]


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
