"""Registry options: what every command on the registry takes."""

from __future__ import annotations

import argparse


def add_registry_argument(parser: argparse.ArgumentParser) -> None:
    """The registry itself."""
    parser.add_argument(
        "--registry",
        metavar="URI",
        help="SQLite file, sqlite:///FILE or an MLflow server's http address (else "
        "HARNESS_REGISTRY, else a file in your data folder)",
    )


def add_trust_argument(parser: argparse.ArgumentParser) -> None:
    """Types a bundle may need."""
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )
