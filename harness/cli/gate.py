"""`harness gate`: a run's decision as exit status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.artefacts import find_run, read_json, read_record, to_json, write_text
from harness.cli.decision_panel import decision_markdown
from harness.cli.junit import junit_xml
from harness.cli.output import add_format_argument
from harness.errors import ArtefactError

EXIT_STATUS = {"SHIP": 0, "NO_SHIP": 1, "INCONCLUSIVE": 3, "INVALID": 4}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run to ask."""
    parser.add_argument("run", help="run folder, or `last`")
    add_format_argument(parser)
    parser.add_argument(
        "--junit", type=Path, help="also write a JUnit file, a test case for each criterion"
    )


def run(options: argparse.Namespace) -> int:
    """Print the decision to stdout, one line per criterion to stderr.

    Raises:
        ArtefactError: If the run did not finish, or says something unknown.
    """
    folder = find_run(options.run)
    record = read_record(folder)
    if record.status != "DONE":
        reason = record.content.get("reason", "it never finished")
        raise ArtefactError(f"{folder}: the run is {record.status} ({reason}); run it again")
    decision = read_json(folder / "decision.json")
    status = EXIT_STATUS.get(decision.get("decision", ""))
    if status is None:
        raise ArtefactError(f"{folder / 'decision.json'}: names no decision this harness knows")
    if options.junit is not None:
        options.junit.parent.mkdir(parents=True, exist_ok=True)
        write_text(options.junit, junit_xml(decision, folder.name))
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
    return status
