"""HTML: a decision as a notebook shows it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from harness.decision.sentence import figure

COLOURS = {"SHIP": "#0a7d4f", "NO_SHIP": "#b3261e", "INCONCLUSIVE": "#9a6700", "INVALID": "#8250df"}


def decision_html(outcome: str, reasons: Sequence[str], verdicts: Sequence[Any]) -> str:
    """Outcome, reasons and verdicts as a small card.

    Args:
        outcome: SHIP, NO_SHIP, INCONCLUSIVE or INVALID.
        reasons: Sentences.
        verdicts: The decision's verdicts.
    """
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    rows = "".join(
        f"<tr><td>{escape(v.name)}</td><td>{v.rule.replace('_', ' ')}</td>"
        f"<td>{figure(v.estimate, v.unit)}</td>"
        f"<td>{figure(v.lower, v.unit)} .. {figure(v.upper, v.unit)}</td><td>{v.verdict}</td></tr>"
        for v in verdicts
    )
    colour = COLOURS[outcome]
    return (
        f'<div style="border-left:6px solid {colour};padding:.4em 1em">'
        f'<h3 style="color:{colour};margin:0">{outcome}</h3><ul>{items}</ul>'
        "<table><thead><tr><th>criterion</th><th>rule</th><th>estimate</th><th>interval</th>"
        f"<th>verdict</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
