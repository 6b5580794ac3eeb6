"""Decision panel: the answer large, its criteria below, what to open next."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.artefacts import read_json, to_json
from harness.artefacts.figure import amount, figure
from harness.cli.output import COLOURS, Table, markdown, print_table
from harness.rules import find_rule


def criteria_table(decision: Mapping[str, Any]) -> Table:
    """Criteria of a decision.json as a table."""
    rows = []
    for verdict in decision["criteria"]:
        unit = verdict["unit"]
        bounds = "-"
        if verdict["lower"] is not None:
            bounds = f"{figure(verdict['lower'], unit)} .. {figure(verdict['upper'], unit)}"
        asked = amount(abs(verdict["line"]), unit)
        rows.append(
            (
                verdict["name"],
                find_rule(verdict["rule"]).short.format(amount=asked),
                figure(verdict["estimate"], unit),
                bounds,
                verdict["verdict"],
            )
        )
    return Table(
        columns=("criterion", "asks that it", "estimate", "interval", "verdict"),
        rows=rows,
        right=frozenset({"estimate", "interval"}),
    )


def units_table(decision: Mapping[str, Any]) -> Table | None:
    """Units behind each figure of an A/B test; None where the decision has no such counts."""
    counts = decision.get("units") or []
    if not counts:
        return None
    shown = {
        "no covariate": "n_without_covariate",
        "measurements": "n_measurements",
        "rows without one": "n_measurements_missing",
    }
    shown = {head: name for head, name in shown.items() if any(c[name] is not None for c in counts)}
    rows = [
        (
            count["criterion"],
            count["variant"],
            f"{count['n_used']:,}",
            f"{count['n_missing']:,}",
            *("-" if count[name] is None else f"{count[name]:,}" for name in shown.values()),
        )
        for count in counts
    ]
    columns = ("figure", "variant", "units used", "missing", *shown)
    return Table(columns=columns, rows=rows, right=frozenset(columns[2:]))


def print_result(folder: Path, style: str) -> None:
    """Print what a finished run decided, in one of the three formats."""
    decision = read_json(folder / "decision.json")
    if style == "json":
        print(to_json(decision), end="")
    elif style == "markdown":
        print(decision_markdown(decision))
    else:
        print_decision(decision, folder)


def print_decision(decision: Mapping[str, Any], folder: Path) -> None:
    """Print a run's decision for people."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    colour = COLOURS[decision["decision"]]
    body = Text("\n".join(decision["reasons"]))
    title = Text(f" {decision['decision']} ", style=colour)
    console.print(Panel(body, title=title, title_align="left", border_style=colour.split()[-1]))
    console.print()
    if decision["criteria"]:
        print_table(criteria_table(decision), "table")
    units = units_table(decision)
    if units is not None:
        print_table(units, "table")
    for note in decision.get("notes", []):
        console.print(note, highlight=False, markup=False)
    if decision.get("notes"):
        console.print()
    is_log = "treatments" in decision
    of = "trial" if decision["holdout"]["status"] == "trial" else "test"
    rows = "units" if is_log else f"{of} rows in {decision['n_blocks']} blocks"
    console.print(
        f"{decision['n_rows']:,} {rows} over {decision['n_days']} days. {decision['holdout']['sentence']} {decision['guarantee']}\n"
    )
    place = os.path.relpath(folder)
    place = str(folder) if place.startswith("..") else place
    has_report = (folder / "report.html").exists()
    lines = [f"report:  {place}/report.html" if has_report else f"folder:  {place}"]
    if (folder / "bundle").exists():
        lines.append(f"bundle:  {place}/bundle")
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)


def decision_markdown(decision: Mapping[str, Any]) -> str:
    """A run's decision as GitHub-flavoured markdown."""
    lines = [f"## {decision['decision']}", ""]
    lines += [f"- {reason}" for reason in decision["reasons"]]
    lines += ["", markdown(criteria_table(decision))]
    units = units_table(decision)
    if units is not None:
        lines += ["", markdown(units)]
    lines += ["", *decision.get("notes", []), decision["guarantee"]]
    return "\n".join(lines)
