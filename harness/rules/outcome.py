"""Outcome: what bounds say of a criterion, and what all criteria say of a run.

Standard library only, on plain values: a run is decided by these functions, and whoever reads its
files later checks by the same ones that they still say what was decided.
"""

from __future__ import annotations

from collections.abc import Sequence

PASS, FAIL, UNRESOLVED = "PASS", "FAIL", "UNRESOLVED"
SHIP, NO_SHIP, INCONCLUSIVE, INVALID = "SHIP", "NO_SHIP", "INCONCLUSIVE", "INVALID"
OUTCOMES = (SHIP, NO_SHIP, INCONCLUSIVE, INVALID)
# Code of a verdict whose interval holds the line.
STRADDLES = "STRADDLES"


def verdict_of_point(estimate: float, line: float, *, passes_above: bool) -> str:
    """The verdict of an estimate alone."""
    beyond = estimate > line if passes_above else estimate < line
    return PASS if beyond else FAIL


def verdict_of_bounds(
    lower: float, upper: float, line: float, *, passes_above: bool, evidence: str
) -> str:
    """The verdict of an interval: proven has to clear the line, not_disproven must not miss it.

    Example:
        >>> verdict_of_bounds(0.01, 0.05, 0.02, passes_above=True, evidence="proven")
        'UNRESOLVED'
    """
    if upper <= line if passes_above else lower >= line:
        return FAIL
    if evidence == "not_disproven":
        return PASS
    passes = lower > line if passes_above else upper < line
    return PASS if passes else UNRESOLVED


def deciding(verdicts: Sequence[tuple[str, bool]]) -> list[int]:
    """Places of the verdicts that decide: of several success criteria, those that pass suffice.

    Where none passes, one that is still open keeps the failed ones from deciding.

    Args:
        verdicts: Verdict, and whether it is a success criterion's, of each criterion.
    """
    primaries = [i for i, (_, is_primary) in enumerate(verdicts) if is_primary]
    for outcome in (PASS, UNRESOLVED):
        chosen = [i for i in primaries if verdicts[i][0] == outcome]
        if chosen:
            primaries = chosen
            break
    return [*primaries, *(i for i, (_, is_primary) in enumerate(verdicts) if not is_primary)]


def face_value_of(
    verdicts: Sequence[tuple[str, bool]], *, is_valid: bool, are_minimums_met: bool
) -> str:
    """What criteria say, whatever was seen before: INVALID, NO_SHIP, INCONCLUSIVE, SHIP, in order.

    Args:
        verdicts: Verdict, and whether it is a success criterion's, of each criterion.
        is_valid: Whether the evidence can be trusted.
        are_minimums_met: Whether there are as many rows and days as the protocol asks for.
    """
    counted = [verdicts[i][0] for i in deciding(verdicts)]
    if not is_valid:
        return INVALID
    if FAIL in counted:
        return NO_SHIP
    has_primary = any(is_primary for _, is_primary in verdicts)
    if UNRESOLVED in counted or not are_minimums_met or not has_primary:
        return INCONCLUSIVE
    # A verdict of a later version is no pass.
    return SHIP if all(verdict == PASS for verdict in counted) else INVALID


def decision_of(face_value: str, *, is_exploratory: bool) -> str:
    """The decision: a window that was seen before proves nothing, so it does not end in SHIP."""
    return INCONCLUSIVE if is_exploratory and face_value == SHIP else face_value


def joint_outcome(outcomes: Sequence[str]) -> str:
    """One outcome of several treatments: SHIP where at least one may ship."""
    for outcome in (INVALID, SHIP):
        if outcome in outcomes:
            return outcome
    return NO_SHIP if set(outcomes) == {NO_SHIP} else INCONCLUSIVE
