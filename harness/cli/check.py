"""`harness check`: whether config files compose, without touching data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The files, or the folder."""
    parser.add_argument(
        "paths", type=Path, nargs="*", default=[Path("conf")],
        help="config folders, or YAML files in them (default: conf)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Compose a run with each option in turn; status 1 when one of them cannot be meant."""
    from harness.config.check import Checked
    from harness.config.option_files import check_option, option_files

    files = list(dict.fromkeys(file for path in options.paths for file in option_files(path)))
    checked: Checked = {}
    wrong = 0
    for file in files:
        try:
            check_option(file, checked)
        except ConfigError as error:
            wrong += 1
            print(f"{file.path}: {error}", file=sys.stderr)
    print(f"{len(files) - wrong} of {len(files)} config files can be meant")
    return 1 if wrong else 0
