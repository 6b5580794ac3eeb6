"""`harness sign`: vouch for a run or a bundle with one's own key."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.artefacts.bundle_files import MANIFEST, SEAL
from harness.artefacts.one_run import BUNDLE, add_hashes, open_run
from harness.artefacts.run_folder import RECORD
from harness.cli.run_argument import run_folder


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
    """Check what is signed, then sign it: of a run, its bundle and its record."""
    folder = Path(options.bundle)
    asked = None
    if not (folder / MANIFEST).is_file():
        asked = open_run(run_folder(options.bundle), ask_signature=False)
        asked.judged()
        folder = asked.folder / BUNDLE

    from harness.artefacts.signature import sign

    if folder.is_dir():  # an A/B test and a sealed look have none
        from harness.bundle import load_bundle

        load_bundle(folder, trust=options.trust, ask_signature=False)
        print(f"{sign(folder / SEAL, options.key)}: written")
    if asked is not None:
        add_hashes(asked)
        print(f"{sign(asked.folder / RECORD, options.key)}: written")
    return 0
