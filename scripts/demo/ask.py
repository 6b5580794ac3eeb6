"""Ask the harness: write a table, run it, and print the decision with its reasons."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from harness import run_experiment, write_run


def ask(table: pd.DataFrame, *words: str) -> dict[str, Any]:
    """Run a table as `harness run` would, with a ledger of its own.

    Args:
        table: With the time `when` and the label `y`.
        words: Further overrides.

    Returns:
        decision.json, with the audit's findings under `findings`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table.to_parquet(folder / "table.parquet")
        common = [
            "dataset=table", f"dataset.path={folder}/table.parquet", "dataset.time=when",
            "dataset.label=y", "criteria=ranking", "split.validation=30d", "split.test=30d",
            "running.report=false", f"running.ledger={folder}/ledger.sqlite",
        ]  # fmt: skip
        write_run(run_experiment([*common, *words]), folder / "run")
        decision: dict[str, Any] = json.loads((folder / "run" / "decision.json").read_text())
        audit = json.loads((folder / "run" / "audit.json").read_text())
        return decision | {"findings": audit["findings"]}


def show(decision: dict[str, Any]) -> None:
    """Print the decision and why."""
    print(f"the harness: {decision['decision']}")
    for reason in decision["reasons"]:
        print(f"  - {reason}")
