"""`harness compare`: runs side by side; only what differs, unless all is asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.artefacts import SCHEMA_VERSION, to_json, write_text
from harness.cli.output import Table, add_format_argument, print_table
from harness.comparison import ComparableGroup, ComparedCriterion, ComparedRun, compare_runs
from harness.decision.sentence import figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Runs or folders of runs."""
    parser.add_argument(
        "folders",
        nargs="*",
        default=["outputs"],
        help="runs, or folders of runs (default: outputs)",
    )
    parser.add_argument(
        "--all", action="store_true", help="every config key, not only what differs"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the comparison."""
    return compare_folders(
        [Path(f) for f in options.folders], options.format, every_key=options.all, html=options.html
    )


def compare_folders(
    folders: Sequence[Path], style: str, *, every_key: bool = False, html: Path | None = None
) -> int:
    """Compare all runs below some folders."""
    comparison = compare_runs(folders, every_key=every_key)
    if html is not None:
        from harness.report.compare_page import compare_page

        write_text(html, compare_page(comparison))
        print(f"page: {html}", file=sys.stderr)
    if style == "json":
        print(to_json({"schema_version": SCHEMA_VERSION, "comparison": comparison}), end="")
        return 0
    for group in comparison.groups:
        title = f"protocol {group.protocol[:8]}, test rows {group.test[:8]}" if group.test else ""
        print_table(_table(group, title), style)
    for sentence in comparison.sentences:
        print(sentence, file=sys.stderr if style == "table" else sys.stdout)
    return 0


def _table(group: ComparableGroup, title: str) -> Table:
    """One line per run: what is its own, how it was decided, and what it did not pass."""
    primary = next((run.criteria[0].name for run in group.runs if run.criteria), "primary")
    columns = ("rank", "run", "differs in", "decision", primary, "not passed")
    rows = [
        (
            str(run.rank or ""),
            run.name,
            ", ".join(
                f"{_short(key)}={_short(run.config[key])}"
                for key in group.keys
                if run.config.get(key)
            ),
            run.outcome,
            _figures(run.criteria[0]) if run.criteria else _on_validation(run),
            run.reason
            or "; ".join(f"{c.name} {c.verdict}" for c in run.criteria if c.verdict != "PASS"),
        )
        for run in group.runs
    ]
    return Table(columns=columns, rows=rows, title=title, right=frozenset({"rank"}))


def _short(text: str) -> str:
    """A class by its name, a group's option by the group."""
    for ending in ("._target_", ".kind"):
        if text.endswith(ending):
            return text.removesuffix(ending)
    is_path = text.count(".") >= 1 and text.replace(".", "").replace("_", "").isalpha()
    return text.rpartition(".")[2] if is_path and text[0].islower() and "." in text else text


def _on_validation(run: ComparedRun) -> str:
    return "" if run.validation is None else f"{figure(run.validation)} on validation"


def _figures(criterion: ComparedCriterion) -> str:
    text = figure(criterion.estimate, criterion.unit)
    if criterion.lower is None:
        return text
    low, high = figure(criterion.lower, criterion.unit), figure(criterion.upper, criterion.unit)
    return f"{text} [{low}, {high}]"
