"""`harness ledger`: openings and looks, and whether the ledger is what it was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.cli.output import Table, add_format_argument, print_table
from harness.ledger import Chain, Entry, ledger_place, unseal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with it."""
    parser.add_argument(
        "action", nargs="?", default="list", choices=("list", "verify", "export", "unseal")
    )
    parser.add_argument("window", nargs="?", help="unseal: the window's key, or its beginning")
    parser.add_argument("--reason", default="", help="unseal: why; it is kept")
    parser.add_argument(
        "--ledger", help="file or postgresql:// URL (default: HARNESS_LEDGER, else the user's)"
    )
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print, check, export or unseal."""
    with Chain(ledger_place(options.ledger)) as chain:
        return _act(chain, options)


def _act(chain: Chain, options: argparse.Namespace) -> int:
    if options.action == "verify":
        print(f"{chain.place}: {chain.verify()} entries, each chained to the one before")
    elif options.action == "export":
        for entry in chain.entries():
            line = {name: getattr(entry, name) for name in entry.__slots__}
            print(json.dumps(line, sort_keys=True))
    elif options.action == "unseal":
        unseal(chain, options.window or "", options.reason)
        print(f"{options.window}: unsealed; run a candidate again to see its figures")
    else:
        _print_looks(chain.entries(), options.format)
    return 0


def _print_looks(entries: Sequence[Entry], style: str) -> None:
    verdicts = {e.content["opening"]: e.content["decision"] for e in entries if e.kind == "verdict"}
    looks = [entry for entry in entries if entry.kind in ("open", "abtest")]
    if style == "json":
        content = [
            {"opening": e.seq, "at": e.at, **_for_readers(e), "decision": verdicts.get(e.seq)}
            for e in looks
        ]
        print(to_json({"schema_version": SCHEMA_VERSION, "looks": content}), end="")
        return
    rows = [
        (
            str(e.seq),
            e.at[:10],
            e.content["window"][:8],
            f"{min(e.content['days'], default='')} .. {max(e.content['days'], default='')}",
            e.content["candidate"][:8],
            e.content["status"],
            verdicts.get(e.seq, "CUT OFF"),
        )
        for e in looks
    ]
    columns = ("entry", "at", "window", "days", "candidate", "look", "decision")
    print_table(Table(columns=columns, rows=rows), style)
    if any(row[-1] == "CUT OFF" for row in rows):
        print("CUT OFF: the run ended before its verdict; the look is spent all the same.")


def _for_readers(entry: Entry) -> dict[str, Any]:
    """What an entry says, without kilobytes of hashes; `export` has them."""
    return {name: value for name, value in entry.content.items() if name != "sketch"}
