"""Output: one table, three ways to print it; data to standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.cli.columns import widths_of, wrapped

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

FORMATS = ("table", "json", "markdown")
_BETWEEN = 2  # blanks between columns
# Colours that read on light and dark grounds; the word always stands beside the colour.
COLOURS = {
    "SHIP": "bold green",
    "NO_SHIP": "bold red",
    "INCONCLUSIVE": "bold yellow",
    "INVALID": "bold magenta",
    "TRIAL": "bold yellow",
    "FAILED": "bold red",
    "UNFINISHED": "yellow",
    "PASS": "green",
    "FAIL": "red",
    "UNRESOLVED": "yellow",
    "block": "bold red",
    "warn": "yellow",
    "note": "dim",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Attributes:
        columns: Column heads.
        rows: Cells as text, one sequence per row.
        title: Line above the table.
        right: Columns whose cells are aligned to the right.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    right: frozenset[str] = field(default_factory=frozenset)


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    """The `--format` every printing command takes."""
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")


def print_table(table: Table, style: str) -> None:
    """Print a table for people, or as GitHub-flavoured markdown."""
    if style == "markdown":
        print(markdown(table))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    widths = widths_of([table.columns, *table.rows], console.width, _BETWEEN)
    if widths is None:
        _print_row_by_row(table, console)
        return
    drawn = RichTable(
        title=table.title or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        show_edge=False,
        padding=(0, _BETWEEN - 1, 0, 0),
        pad_edge=False,
    )
    for name, width in zip(table.columns, widths, strict=True):
        justify: JustifyMethod = "right" if name in table.right else "left"
        drawn.add_column(wrapped(name, width), justify=justify, width=width, overflow="fold")
    for row in table.rows:
        styled = zip(row, widths, strict=True)
        drawn.add_row(*(Text(wrapped(c, w), style=COLOURS.get(c, "")) for c, w in styled))
    console.print(drawn)
    console.print()


def _print_row_by_row(table: Table, console: Console) -> None:
    """Where that takes fewer lines than a table, or a table would have to break words."""
    from rich.text import Text

    if table.title:
        console.print(table.title, style="bold")
    for row in table.rows:
        console.print()
        for name, cell in zip(table.columns, row, strict=True):
            console.print(Text(f"{name}: "), Text(cell, style=COLOURS.get(cell, "")), sep="")
    console.print()


def markdown(table: Table) -> str:
    """A table as GitHub-flavoured markdown."""
    lines = [f"### {table.title}", ""] if table.title else []
    lines.append("| " + " | ".join(table.columns) + " |")
    lines.append("|" + "|".join("---:" if c in table.right else "---" for c in table.columns) + "|")
    lines += ["| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in table.rows]
    return "\n".join(lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
