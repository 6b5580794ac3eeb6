"""`harness verify`: is this bundle whole, and does it score as it did?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.artefacts import find_run, read_record, to_json
from harness.errors import ArtefactError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bundle to check."""
    parser.add_argument("bundle", help="bundle folder, run folder, or `last`")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )
    parser.add_argument(
        "--key", type=Path, help="public key it has to be signed with (else HARNESS_BUNDLE_KEY)"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")


def bundle_folder(name: str) -> Path:
    """A bundle's folder: named itself, or by its run, or `last`.

    Raises:
        ArtefactError: If there is none.
    """
    folder = Path(name)
    if (folder / "manifest.json").is_file():
        return folder
    if (folder / "run.json").is_file() and not (folder / "bundle").exists() and is_trial(folder):
        raise ArtefactError(
            f"{name}: a trial on validation, which has no bundle; judge the candidate with harness run"
        )
    return find_run(name, having="bundle/manifest.json") / "bundle"


def is_trial(run: Path) -> bool:
    """Whether a run was judged on validation alone."""
    holdout = read_record(run).content.get("protocol", {}).get("holdout", {})
    return bool(holdout.get("select") == "none")


def run(options: argparse.Namespace) -> int:
    """Load the bundle the way everyone does, and say what was checked."""
    folder = bundle_folder(options.bundle)

    from harness.bundle import load_bundle

    bundle = load_bundle(folder, trust=options.trust, key=options.key)
    manifest = bundle.manifest
    if options.format == "json":
        print(to_json(manifest), end="")
        return 0
    n_files = len(manifest["files"])
    print(f"{folder}: whole ({n_files} files), golden rows score as when it was written")
    print(f"decision {manifest['decision']}, model {manifest['model']}")
    for note in bundle.notes:
        print(f"note: {note}; the golden rows agree", file=sys.stderr)
    return 0
