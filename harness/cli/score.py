"""`harness score`: a bundle's scores for every row of a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.run_argument import bundle_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What scores, what is scored, and where the scores go."""
    parser.add_argument("bundle", help="bundle folder, run folder, or `last`")
    parser.add_argument("table", type=Path, help="CSV or Parquet file, or a folder of Parquet")
    parser.add_argument("--out", type=Path, required=True, help="CSV or Parquet file to write")
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN,...",
        help="columns to carry over exactly as they are; COLUMN=NAME renames one; may be repeated",
    )
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )


def run(options: argparse.Namespace) -> int:
    """Score in pieces, with a bar on a terminal."""
    folder = bundle_folder(options.bundle)

    from rich.console import Console
    from rich.progress import Progress

    from harness.bundle import load_bundle, n_rows_of, score_file

    bundle = load_bundle(folder, trust=options.trust)
    table = options.table.expanduser()
    keep = [name for listed in options.keep for name in listed.split(",") if name]
    notes: list[str] = []
    console = Console(file=sys.stderr)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        total = n_rows_of(table) if table.exists() else None
        task = progress.add_task("scoring", total=total)
        n_rows = score_file(
            bundle,
            table,
            options.out,
            keep=keep,
            on_rows=lambda n: progress.advance(task, n),
            notes=notes,
        )
    for note in notes:
        print(note, file=sys.stderr)
    print(f"{options.out}: {n_rows:,} rows scored by {bundle.manifest['name']}")
    return 0
