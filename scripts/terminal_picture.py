"""A run's decision as the terminal shows it, as SVG: terminal_picture.py RUN OUT."""

from __future__ import annotations

import sys
from pathlib import Path

import rich.console
from rich.console import Console

from harness.artefacts import read_json
from harness.cli import decision_panel, output


def main() -> None:
    """Print the decision into a recording console and save it."""
    run, out = Path(sys.argv[1]), Path(sys.argv[2])
    recorder = Console(record=True, width=96, highlight=False, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    rich.console.Console = lambda *_, **__: recorder  # type: ignore[assignment,misc]
    recorder.print("[bold]$ ./scripts/run[/bold]")
    decision_panel.print_decision(read_json(run / "decision.json"), run)
    assert output is not None
    recorder.save_svg(str(out), title="harness run")


if __name__ == "__main__":
    main()
