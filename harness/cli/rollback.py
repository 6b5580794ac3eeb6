"""`harness rollback`: back to the last healthy version, in one command."""

from __future__ import annotations

import argparse
import sys

from harness.cli.registry_options import add_registry_argument, add_trust_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, and where to if not to the last healthy version."""
    parser.add_argument("name", help="the model's name")
    parser.add_argument("--to", metavar="VERSION", help="default: the last healthy one before")
    parser.add_argument(
        "--from",
        dest="leaving",
        metavar="VERSION",
        help="only if this one is live: asking twice moves once",
    )
    parser.add_argument("--reason", default="", help="why, for the journal")
    parser.add_argument("--dry-run", action="store_true", help="name the target and change nothing")
    add_registry_argument(parser)
    add_trust_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Check the target, switch, read back, say what is live."""
    from harness.registry import Registry, reconcile, rollback, rollback_target

    registry, name = Registry(options.registry), options.name
    if options.dry_run:
        standing = reconcile(registry, name)
        target, notes = rollback_target(
            registry, name, standing, to=options.to, trust=options.trust
        )
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        print(f"{name} would go from version {standing.champion} to version {target.version}")
        return 0
    moved = rollback(
        registry,
        name,
        to=options.to,
        leaving=options.leaving,
        reason=options.reason,
        trust=options.trust,
    )
    for note in moved.notes:
        print(f"note: {note}", file=sys.stderr)
    if moved.is_new:
        print(f"{name} version {moved.version} is live again, version {moved.before} is not")
    else:
        print(f"{name} version {moved.version} is live; nothing was changed")
    return 0
