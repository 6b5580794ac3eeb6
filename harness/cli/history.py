"""`harness history`: every move of a model; who, when, why, from what to what."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import TYPE_CHECKING

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.cli.output import Table, add_format_argument, print_table
from harness.cli.registry_options import add_registry_argument
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.registry import Move


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, and a time to ask about."""
    parser.add_argument("name", help="the model's name")
    parser.add_argument("--at", metavar="TIME", help="what was live then, such as 2024-03-03")
    add_registry_argument(parser)
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the journal, or what was live at a time."""
    when = _time(options.at) if options.at else None

    from harness.registry import Registry, reconcile, standing_at
    from harness.registry.journal import read_moves
    from harness.registry.versions import require_model

    registry = Registry(options.registry)
    require_model(registry, options.name)
    standing = reconcile(registry, options.name)
    moves = read_moves(registry, options.name)
    if when is not None:
        standing = standing_at(moves, when)
    if options.format == "json":
        told = {"name": options.name, "champion": standing.champion, "previous": standing.previous}
        more = {"moves": standing.moves} if when is None else {"at": when.isoformat()}
        print(to_json({"schema_version": SCHEMA_VERSION, **told, **more}), end="")
        return 0
    if when is not None:
        live = f"version {standing.champion}" if standing.champion else "nothing"
        print(f"{options.name} on {options.at}: {live} was live")
        return 0
    counted = {move.number for move in standing.moves}
    print_table(_table(options.name, moves, counted), options.format)
    live = f"version {standing.champion}" if standing.champion else "nothing"
    print(f"{options.name}: {live} is live", file=sys.stderr)
    return 0


def _table(name: str, moves: list[Move], counted: set[int]) -> Table:
    rows = [
        (
            move.at[:19].replace("T", " "),
            move.action if move.number in counted else f"{move.action} (void: came second)",
            move.before or "-",
            move.version,
            move.decision + (" (forced)" if move.is_forced else ""),
            move.by,
            move.reason,
        )
        for move in moves
    ]
    return Table(
        columns=("when (UTC)", "move", "from", "to", "decision", "by", "why"),
        rows=rows,
        title=f"{name}, every move",
    )


def _time(text: str) -> dt.datetime:
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--at {text}: is no time; write one such as 2024-03-03 or 2024-03-03T14:00:00+01:00"
        ) from error
    if len(text) <= len("2024-03-03"):
        when = when.replace(hour=23, minute=59, second=59)  # all of that day counts
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)
