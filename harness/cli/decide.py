"""`harness decide`: the decision again, from predictions and protocol alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.artefacts import to_json
from harness.cli.decision_panel import decision_markdown, print_decision
from harness.cli.output import add_format_argument
from harness.cli.run_argument import checked_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and other criteria to hold it against."""
    parser.add_argument("run", help="run folder, sweep folder, or `last`")
    parser.add_argument(
        "--criteria",
        metavar="OVERRIDE",
        action="append",
        default=[],
        help="what other criteria would have said: an option of conf/criteria, or an override of the "
        "run's own such as criteria.alpha=0.01 (repeatable)",
    )
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Decide again; say whether it is what the run said, or that it is hypothetical."""
    from harness.decide_again import decide_again

    asked = checked_run(options.run)
    stored = asked.judged()
    again = decide_again(
        asked, [_override(word) for word in options.criteria], config_dir=options.config_dir
    )
    if options.format == "json":
        print(to_json(again), end="")
    elif options.format == "markdown":
        print(decision_markdown(again))
    else:
        print_decision(again, asked.folder)
    if options.criteria:
        print("hypothetical: these are not the criteria the run was judged by", file=sys.stderr)
        return 0
    same = to_json(stored) == to_json(again)
    print(
        "the same as the run's decision.json" if same else "DIFFERS from the run's decision.json",
        file=sys.stderr,
    )
    return 0 if same else 1


def _override(word: str) -> str:
    return word if "=" in word or word.startswith("~") else f"criteria={word}"
