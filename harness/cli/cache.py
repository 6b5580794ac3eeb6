"""`harness cache`: what is kept for later runs, and room for more."""

from __future__ import annotations

import argparse
import time

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.cache import cache_folder, open_store
from harness.cache.store import bytes_by_kind
from harness.cli.numbers import number
from harness.cli.output import Table, add_format_argument, print_table
from harness.settings.ranges import NOT_NEGATIVE

_DAY_SECONDS = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with it."""
    parser.add_argument("action", nargs="?", default="list", choices=("list", "clear"))
    parser.add_argument("--kind", help="clear: only entries of this kind")
    parser.add_argument(
        "--unused-days",
        type=number(NOT_NEGATIVE),
        metavar="DAYS",
        help="clear: only entries unused for so long",
    )
    parser.add_argument("--cache", help="cache folder (default: HARNESS_CACHE, else the user's)")
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """List or clear."""
    store = open_store(options.cache, max_gb=1)
    if options.action == "clear":
        days = options.unused_days
        before = None if days is None else time.time() - days * _DAY_SECONDS
        freed = store.clear(options.kind, before=before)
        print(f"{store.folder}: {freed / 1e6:,.1f} MB set free")
        return 0
    kinds = list(bytes_by_kind(store.entries()))
    if options.format == "json":
        content = [{"kind": kind, "entries": n, "bytes": size} for kind, n, size in kinds]
        print(to_json({"schema_version": SCHEMA_VERSION, "kinds": content}), end="")
        return 0
    rows = [(kind, str(n), f"{size / 1e6:,.1f}") for kind, n, size in kinds]
    title = str(cache_folder(options.cache))
    print_table(
        Table(
            columns=("kind", "entries", "MB"),
            rows=rows,
            title=title,
            right=frozenset({"entries", "MB"}),
        ),
        options.format,
    )
    return 0
