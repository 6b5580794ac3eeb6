"""`harness compare`: runs side by side; only what differs, unless all is asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.artefacts import SCHEMA_VERSION, to_json, write_text
from harness.cli.output import Table, add_format_argument, print_table
from harness.comparison import ComparableGroup, compare_runs
from harness.comparison.table import table_of, title_of


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
    folders: Sequence[Path],
    style: str,
    *,
    every_key: bool = False,
    html: Path | None = None,
    ask_signature: bool = True,
) -> int:
    """Compare all runs below some folders."""
    comparison = compare_runs(folders, every_key=every_key, ask_signature=ask_signature)
    if html is not None:
        from harness.report.compare_page import compare_page

        write_text(html, compare_page(comparison))
        print(f"page: {html}", file=sys.stderr)
    if style == "json":
        print(to_json({"schema_version": SCHEMA_VERSION, "comparison": comparison}), end="")
        return 0
    for group in comparison.groups:
        print_table(_table(group), style)
    for sentence in comparison.sentences:
        print(sentence, file=sys.stderr if style == "table" else sys.stdout)
    return 0


def _table(group: ComparableGroup) -> Table:
    columns, rows = table_of(group)
    return Table(columns=columns, rows=rows, title=title_of(group), right=frozenset({"rank"}))
