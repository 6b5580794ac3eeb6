"""Treatments: several of them against one control, so that all share alpha.

Each is judged at alpha / k; where one ships, the others are judged at alpha / (k - 1), and so on,
as several success criteria are: the chance that any ships which should not stays at most alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.decision import Decision
from harness.decision.decide import Minimums
from harness.rules.outcome import joint_outcome
from harness.settings import CriteriaSettings


def share_alpha(
    treatments: Sequence[str],
    alpha: float,
    correction: str,
    judge_at: Callable[[str, float], Decision],
) -> dict[str, Decision]:
    """Holm's procedure over decisions, or one level for all of them.

    Args:
        treatments: Names of the treatments.
        alpha: Error probability of all of them together.
        correction: holm, bonferroni or none.
        judge_at: Judges one treatment at a given error probability.

    Source: Holm (1979); a decision that needs every criterion is an intersection-union test
    (Berger 1982), whose level is that of its criteria, so treatments may stand for hypotheses.
    """
    n_sharing = 1 if correction == "none" else len(treatments)
    decisions = {name: judge_at(name, alpha / n_sharing) for name in treatments}
    while correction == "holm":
        waiting = [name for name in treatments if decisions[name].face_value != "SHIP"]
        if len(waiting) in (0, n_sharing):
            break
        n_sharing = len(waiting)
        decisions |= {name: judge_at(name, alpha / n_sharing) for name in waiting}
    return decisions


def overall(
    decisions: Mapping[str, Decision],
    criteria: CriteriaSettings,
    minimums: Minimums,
    correction: str,
) -> Decision:
    """One decision on all treatments: SHIP where at least one may ship.

    Args:
        decisions: The decision on each.
        criteria: What they were judged by.
        minimums: Units and days of the whole log.
        correction: How they shared alpha.
    """
    if len(decisions) == 1:
        return next(iter(decisions.values()))
    every = list(decisions.values())
    outcome = joint_outcome([d.decision for d in every])
    if outcome == "INVALID":
        reasons = every[0].reasons
    else:
        reasons = tuple(
            f"{name}: {decision.decision}. {' '.join(decision.reasons)}"
            for name, decision in decisions.items()
        )
    share = {
        "holm": f"at most {criteria.alpha:g} for all treatments together (Holm)",
        "bonferroni": f"at most {criteria.alpha:g} for all treatments together (Bonferroni)",
        "none": f"at most {criteria.alpha:g} for each treatment on its own, and more for all of them",
    }[correction]
    return Decision(
        decision=outcome,
        reasons=reasons,
        criteria=tuple(verdict for decision in every for verdict in decision.criteria),
        minimums=minimums,
        alpha=criteria.alpha,
        guarantee="If a treatment truly violates any criterion, this procedure says SHIP for it with "
        f"probability {share}. Which of several that ship is best, it does not say.",
        face_value=joint_outcome([d.face_value for d in every]),
    )
