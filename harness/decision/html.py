"""HTML: a decision as notebooks show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.artefacts.card import AMBER, GREEN, RED, VIOLET, card
from harness.artefacts.figure import figure

COLOURS = {"SHIP": GREEN, "NO_SHIP": RED, "INCONCLUSIVE": AMBER, "INVALID": VIOLET}


def decision_html(outcome: str, reasons: Sequence[str], verdicts: Sequence[Any]) -> str:
    """Outcome, reasons and verdicts as a small card.

    Args:
        outcome: SHIP, NO_SHIP, INCONCLUSIVE or INVALID.
        reasons: Sentences.
        verdicts: The decision's verdicts.
    """
    rows = [
        (
            v.name,
            v.rule.replace("_", " "),
            figure(v.estimate, v.unit),
            f"{figure(v.lower, v.unit)} .. {figure(v.upper, v.unit)}",
            v.verdict,
        )
        for v in verdicts
    ]
    heads = ("criterion", "rule", "estimate", "interval", "verdict")
    return card(outcome, COLOURS[outcome], reasons, heads, rows)
