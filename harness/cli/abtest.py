"""`harness abtest`: an A/B log judged by criteria."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from harness.cli.gate import EXIT_STATUS
from harness.cli.output import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The log; everything with an equals sign is an override."""
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("table", help="CSV or Parquet with one row per unit")
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.add_argument(
        "--gate",
        action="store_true",
        help="the decision as exit status, as `harness gate`: 0 SHIP, 1 NO_SHIP, 3 INCONCLUSIVE, 4 INVALID",
    )


def run(options: argparse.Namespace) -> int:
    """Judge the log, write the result, print the decision."""
    from harness.config import compose_abtest

    settings = compose_abtest(options.overrides, config_dir=options.config_dir)

    from harness.abtest import run_abtest
    from harness.abtest_record import write_abtest
    from harness.cli.decision_panel import print_result

    result = run_abtest(settings, Path(options.table).expanduser())
    folder = Path(settings.running.folder) if settings.running.folder else _new_folder()
    write_abtest(result, folder, options.table, tuple(options.overrides))
    print_result(folder, options.format)
    return EXIT_STATUS[result.decision.decision] if options.gate else 0


def _new_folder() -> Path:
    now = dt.datetime.now().astimezone()
    return Path("outputs") / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S-%f}-abtest"
