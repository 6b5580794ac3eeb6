"""`harness run`: one experiment, or a sweep with -m."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from harness.artefacts import read_record
from harness.cli.decision_panel import print_result
from harness.cli.main import COULD_NOT_RUN
from harness.cli.output import FORMATS
from harness.errors import RegistryError
from harness.sweep import launch
from harness.sweep.job import SweepStoppedError
from harness.sweep.launch import Launched
from harness.sweep.progress import QUIET


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Own flags; everything else goes to Hydra."""
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.add_argument("--quiet", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Launch, then print the decision, or the comparison of a sweep."""
    if options.quiet:
        os.environ[QUIET] = "1"
    try:
        launched = launch(options.overrides)
    except SweepStoppedError as error:
        print(f"harness run: {error}; the sweep was stopped (fail_fast)", file=sys.stderr)
        return COULD_NOT_RUN
    finally:
        if options.quiet:
            del os.environ[QUIET]
    _track(launched)
    if launched.sweep is not None:
        from harness.cli.compare import compare_folders

        # Nobody can have signed what was written a moment ago.
        compare_folders([launched.sweep], options.format, ask_signature=False)
        records = [read_record(folder) for folder in launched.folders]
        failed = [record for record in records if record.status != "DONE"]
        if failed:
            print(f"{len(failed)} of {len(records)} jobs failed", file=sys.stderr)
        return COULD_NOT_RUN if failed else 0
    for folder in launched.folders:
        print_result(folder, options.format)
    return 0


def _track(launched: Launched) -> None:
    """Log the runs that ask for it; what cannot be logged is said, and the runs stay."""
    asked = [f for f in launched.folders if _is_tracked(f)]
    if not asked:
        return
    from harness.tracking import track

    try:
        track(launched.folders, launched.sweep)
    except RegistryError as error:
        print(f"harness run: not logged to MLflow: {error}", file=sys.stderr)


def _is_tracked(folder: Path) -> bool:
    record = read_record(folder).content
    return bool(record.get("tracking", {}).get("kind", "none") != "none")
