"""Decide again: a run's decision from its predictions and protocol, without data or model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.artefacts import SCHEMA_VERSION, read_json
from harness.artefacts.one_run import OneRun, open_run
from harness.audit import Finding, blocking
from harness.config import change_criteria
from harness.decision.as_json import as_json
from harness.errors import ArtefactError
from harness.evaluation import read_window
from harness.judgement import decide_window
from harness.ledger import TRIAL


def decide_again(
    run: OneRun | Path, criteria_overrides: Sequence[str] = (), *, config_dir: Path | None = None
) -> dict[str, Any]:
    """The content of decision.json, worked out anew.

    Args:
        run: The run, or its folder.
        criteria_overrides: Overrides of the run's criteria; the answer is then hypothetical.
        config_dir: A user's own config folder, for its criteria.

    Raises:
        ArtefactError: If one of the run's files is missing or damaged, or they disagree.
        ConfigError: If the overrides cannot be meant.
    """
    opened = open_run(run) if isinstance(run, Path) else run
    stored, folder, record = opened.judged(), opened.folder, opened.content
    if "abtest" in record.get("protocol", {}):
        raise ArtefactError(
            f"{folder}: an A/B test keeps no predictions; judge its log again with `harness abtest`"
        )
    protocol = record["protocol"]
    criteria = change_criteria(protocol["criteria"], criteria_overrides, config_dir=config_dir)
    findings = [
        Finding(**{**entry, "columns": tuple(entry["columns"])})
        for entry in read_json(folder / "audit.json")["findings"]
    ]
    holdout = stored["holdout"]
    is_trial = holdout["status"] == TRIAL
    is_exploratory = is_trial or holdout["status"] == "exploratory"
    decision = decide_window(
        criteria,
        read_window(
            folder / "predictions.parquet",
            TRIAL if is_trial else "test",
            protocol["dataset"]["timezone"],
            in_time_order=criteria.blocks in ("day", "week"),
        ),
        np.array(read_json(folder / "metrics.json")["latency_ms"], dtype=np.float64),
        findings,
        alpha_divisor=holdout["alpha_divisor"],
        exploratory=holdout["sentence"] if is_exploratory else None,
        is_trial=is_trial,
    )
    leaks = [f"{f.check}: {f.sentence}" for f in blocking(findings)]
    hypothetical = {"hypothetical": True} if criteria_overrides else {}
    content = as_json(decision, leaks, record, holdout)
    return {"schema_version": SCHEMA_VERSION, **hypothetical, **content}
