"""Ask the harness: write a table, run it, and print the decision with its reasons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd


def ask(table: pd.DataFrame, *words: str) -> dict[str, Any]:
    """Run `harness run` on a table as a user would, in a folder of its own.

    Args:
        table: With the time `when` and the label `y`.
        words: Further overrides.

    Returns:
        decision.json, with the audit's findings under `findings`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table.to_parquet(folder / "table.parquet")
        call = [
            sys.executable, "-m", "harness", "run", "dataset=table", "dataset.path=table.parquet",
            "dataset.time=when", "dataset.label=y", "criteria=ranking", "split.validation=30d",
            "split.test=30d", "running.report=false", "hydra.run.dir=run", "--format", "json", "--quiet",
            *words,
        ]  # fmt: skip
        environment = os.environ | {"HARNESS_LEDGER": str(folder / "ledger.sqlite")}
        done = subprocess.run(
            call, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        findings = json.loads((folder / "run" / "audit.json").read_text())["findings"]
        return {**json.loads(done.stdout), "findings": findings}


def show(decision: dict[str, Any]) -> None:
    """Print the decision and why."""
    print(f"the harness: {decision['decision']}")
    for reason in decision["reasons"]:
        print(f"  - {reason}")
