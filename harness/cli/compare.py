"""`harness compare`: runs side by side; only what differs, unless all is asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.cli.output import Table, add_format_argument, print_table
from harness.comparison import Comparison, ComparedRun, compare_runs
from harness.decision.sentence import figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Runs or folders of runs."""
    parser.add_argument(
        "folders", nargs="*", default=["outputs"], help="runs, or folders of runs (default: outputs)"
    )
    parser.add_argument("--all", action="store_true", help="every config key, not only what differs")
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the comparison."""
    return compare_folders([Path(f) for f in options.folders], options.format, every_key=options.all)


def compare_folders(folders: Sequence[Path], style: str, *, every_key: bool = False) -> int:
    """Compare all runs below some folders."""
    comparison = compare_runs(folders, every_key=every_key)
    if style == "json":
        print(to_json({"schema_version": SCHEMA_VERSION, "comparison": comparison}), end="")
        return 0
    for group in comparison.groups:
        title = f"protocol {group.protocol[:8]}, test rows {group.test[:8]}" if group.test else ""
        print_table(_table(comparison, group.runs, title), style)
    for sentence in comparison.sentences:
        print(sentence, file=sys.stderr if style == "table" else sys.stdout)
    return 0


def _table(comparison: Comparison, runs: Sequence[ComparedRun], title: str) -> Table:
    criteria = list(dict.fromkeys(c.name for run in runs for c in run.criteria))
    keys = [k for k in comparison.keys if any(k in run.config for run in runs)]
    columns = ["rank", "run", *keys, "decision", *criteria]
    rows = []
    for run in runs:
        cells = {c.name: c for c in run.criteria}
        rows.append(
            [
                str(run.rank) if run.rank else "",
                run.name,
                *(run.config.get(key, "") for key in keys),
                run.outcome,
                *(_cell(cells[name]) if name in cells else "" for name in criteria),
            ]
        )
        if run.reason:
            rows[-1][-1] = run.reason
    return Table(columns=columns, rows=rows, title=title, right=frozenset({"rank"}))


def _cell(criterion: object) -> str:
    from harness.comparison import ComparedCriterion

    assert isinstance(criterion, ComparedCriterion)
    text = f"{criterion.verdict} {figure(criterion.estimate, criterion.unit)}"
    if criterion.lower is not None:
        low, high = figure(criterion.lower, criterion.unit), figure(criterion.upper, criterion.unit)
        text += f" [{low}, {high}]"
    return text
