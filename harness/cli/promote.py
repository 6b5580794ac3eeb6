"""`harness promote`: a version goes live; only a SHIP does so by itself."""

from __future__ import annotations

import argparse

from harness.cli.registry_options import add_registry_argument, add_trust_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The version, and why where it is no SHIP."""
    parser.add_argument("name", help="the model's name")
    parser.add_argument("version", help="its number")
    parser.add_argument("--force", action="store_true", help="also what is no SHIP; needs --reason")
    parser.add_argument("--reason", default="", help="why, for the journal")
    add_registry_argument(parser)
    add_trust_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Check the bundle, switch, say what is live."""
    from harness.registry import Registry, promote

    moved = promote(
        Registry(options.registry),
        options.name,
        options.version,
        force=options.force,
        reason=options.reason,
        trust=options.trust,
    )
    if not moved.is_new:
        print(f"{options.name} version {moved.version} is live already")
        return 0
    before = f", version {moved.before} stands ready behind it" if moved.before else ""
    print(f"{options.name} version {moved.version} is live{before}")
    return 0
