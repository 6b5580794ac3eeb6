"""Page: what all reports of a decision share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.artefacts.figure import amount, figure
from harness.artefacts.templates import template
from harness.decision import Decision
from harness.report.bars import bar_of

_HEADLINES = {
    "SHIP": "Every criterion is proven.",
    "NO_SHIP": "At least one criterion is proven to be violated.",
    "INCONCLUSIVE": "The data does not settle every criterion.",
    "INVALID": "The evidence cannot be trusted.",
}


def render(name: str, **values: Any) -> str:
    """A page from its template; every value escaped, an unknown name an error."""
    return template("report", name).render(figure=figure, amount=amount, **values)


def decision_values(
    decision: Decision, asks: list[str], names: tuple[str, str], *, is_trial: bool = False
) -> dict[str, Any]:
    """What the decision's head and its table of criteria show.

    Args:
        decision: The decision.
        asks: What each verdict's criterion asks, in words.
        names: What baseline and candidate are called.
        is_trial: Whether it was judged on validation, and decides nothing.
    """
    return {
        "decision": decision,
        "headline": "A trial on validation: it spends nothing and decides nothing."
        if is_trial
        else _HEADLINES[decision.decision],
        "bars": [bar_of(verdict) for verdict in decision.criteria],
        "asks": asks,
        "names": names,
    }


def asked_of(decision: Decision, words: Mapping[str, str]) -> list[str]:
    """Each verdict's criterion in words, with the segment it was judged for.

    Args:
        decision: The decision.
        words: What each criterion asks, by its name.
    """
    found = []
    for verdict in decision.criteria:
        text = words[verdict.name.split("[")[0]].split(", for every")[0]
        found.append(f"{text}, for {verdict.segment}" if verdict.segment else text)
    return found
