"""`harness register`: a run's bundle as a version in the registry."""

from __future__ import annotations

import argparse

from harness.cli.registry_options import add_registry_argument, add_trust_argument
from harness.cli.run_argument import bundle_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and what the model is called."""
    parser.add_argument("run", help="run folder, bundle folder, or `last`")
    parser.add_argument("--name", required=True, help="the model's name in the registry")
    add_registry_argument(parser)
    add_trust_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Check the bundle, register it, say what it is called now."""
    folder = bundle_folder(options.run)

    from harness.registry import Registry, register

    version, is_new = register(
        Registry(options.registry), folder, options.name, trust=options.trust
    )
    word = "registered" if is_new else "registered before"
    print(f"{version.name} version {version.version}: {word}, {version.decision}")
    if version.decision == "SHIP":
        print(f"harness promote {version.name} {version.version}")
    return 0
