"""Notebook: a result as a small HTML card."""

from __future__ import annotations

from html import escape

from harness.decision.sentence import figure
from harness.result import RunResult

COLOURS = {"SHIP": "#0a7d4f", "NO_SHIP": "#b3261e", "INCONCLUSIVE": "#9a6700", "INVALID": "#8250df"}


def result_html(result: RunResult) -> str:
    """Decision, reasons and criteria of a run."""
    decision = result.decision
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in decision.reasons)
    rows = "".join(
        f"<tr><td>{escape(v.name)}</td><td>{v.rule.replace('_', ' ')}</td>"
        f"<td>{figure(v.estimate, v.unit)}</td>"
        f"<td>{figure(v.lower, v.unit)} .. {figure(v.upper, v.unit)}</td><td>{v.verdict}</td></tr>"
        for v in decision.criteria
    )
    colour = COLOURS[decision.decision]
    return (
        f'<div style="border-left:6px solid {colour};padding:.4em 1em">'
        f'<h3 style="color:{colour};margin:0">{decision.decision}</h3><ul>{reasons}</ul>'
        "<table><thead><tr><th>criterion</th><th>rule</th><th>estimate</th><th>interval</th>"
        f"<th>verdict</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
