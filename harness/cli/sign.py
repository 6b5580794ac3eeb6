"""`harness sign`: vouch for a bundle with one's own key."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.verify import bundle_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is signed, and with what."""
    parser.add_argument("bundle", help="bundle folder, run folder, or `last`")
    parser.add_argument(
        "--key", type=Path, required=True, help="PEM file of an Ed25519 private key"
    )
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )


def run(options: argparse.Namespace) -> int:
    """Check the bundle, then sign it."""
    folder = bundle_folder(options.bundle)

    from harness.bundle import load_bundle
    from harness.bundle.load import SEAL
    from harness.bundle.signature import SIGNATURE, sign

    load_bundle(folder, trust=options.trust, ask_signature=False)
    sign(folder, SEAL, options.key)
    print(f"{folder / SIGNATURE}: written")
    return 0
