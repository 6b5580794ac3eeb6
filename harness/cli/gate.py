"""`harness gate`: a run's decision as exit status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.artefacts import to_json, write_text
from harness.cli.decision_panel import decision_markdown
from harness.cli.junit import junit_xml
from harness.cli.output import add_format_argument
from harness.cli.run_argument import checked_run

EXIT_STATUS = {"SHIP": 0, "NO_SHIP": 1, "INCONCLUSIVE": 3, "INVALID": 4}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run to ask."""
    parser.add_argument("run", help="run folder, sweep folder, or `last`")
    add_format_argument(parser)
    parser.add_argument(
        "--junit", type=Path, help="also write a JUnit file, a test case for each criterion"
    )


def run(options: argparse.Namespace) -> int:
    """Print the decision to stdout, one line per criterion to stderr.

    Raises:
        ArtefactError: If the run did not finish, or its files disagree.
    """
    asked = checked_run(options.run)
    decision = asked.judged()
    if options.junit is not None:
        options.junit.parent.mkdir(parents=True, exist_ok=True)
        write_text(options.junit, junit_xml(decision, asked.folder.name))
    if options.format == "json":
        print(to_json(decision), end="")
    elif options.format == "markdown":
        print(decision_markdown(decision))
    else:
        print(decision["decision"])
        for verdict in decision["criteria"]:
            print(f"  {verdict['verdict']:<10}  {verdict['sentence']}", file=sys.stderr)
        for finding in decision["blocking_findings"]:
            print(f"  INVALID     {finding}", file=sys.stderr)
    return EXIT_STATUS[decision["decision"]]
