"""Tracking: finished runs in MLflow; a sweep is a parent, its jobs are children."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.artefacts.run_folder import read_record
from harness.config.flat import flat
from harness.errors import ArtefactError
from harness.registry import Registry
from harness.registry.versions import candidate_metrics

_FILES = ("decision.json", "metrics.json", "protocol.md", "report.html", "run.json")
_MOST_PARAMETER = 500


def track(folders: Sequence[Path], sweep: Path | None) -> list[str]:
    """Log every run that asked for it.

    Args:
        folders: Run folders.
        sweep: The sweep's folder; None for a single run.

    Returns:
        Ids of the MLflow runs, the parent first where there is one.

    Raises:
        RegistryError: If MLflow is not installed or cannot be reached; the folders are whole.
    """
    asked = [(folder, told) for folder in folders if (told := _asked(folder)) is not None]
    if not asked:
        return []
    settings = asked[0][1]["tracking"]
    registry = Registry(settings["uri"])
    experiment = registry.experiment(settings["experiment"])
    parent = None
    if sweep is not None:
        with registry.asked("log the sweep"):
            made = registry.client.create_run(experiment, run_name=sweep.name)
            parent = str(made.info.run_id)
            registry.client.set_tag(parent, "harness.sweep", str(sweep))
    ids = [_log(registry, experiment, folder, record, parent) for folder, record in asked]
    if parent is not None:
        with registry.asked("log the sweep"):
            registry.client.set_terminated(parent)
        ids.insert(0, parent)
    return ids


def _asked(folder: Path) -> dict[str, Any] | None:
    """A finished run's record, where it asks to be logged."""
    try:
        record = read_record(folder)
    except ArtefactError:
        return None
    is_asked = record.content.get("tracking", {}).get("kind") == "mlflow"
    return record.content if record.status == "DONE" and is_asked else None


def _log(
    registry: Registry, experiment: str, folder: Path, record: dict[str, Any], parent: str | None
) -> str:
    client = registry.client
    with registry.asked(f"log {folder.name}"):
        tags = {"harness.decision": str(record["decision"]), "harness.folder": str(folder)}
        for name in ("protocol_fingerprint", "candidate_fingerprint", "test_fingerprint"):
            tags[f"harness.{name}"] = str(record[name])
        if parent is not None:
            tags["mlflow.parentRunId"] = parent
        made = client.create_run(experiment, run_name=folder.name, tags=tags)
        run_id = str(made.info.run_id)
        for key, value in flat({"candidate": record["candidate"]}).items():
            client.log_param(run_id, key, value[:_MOST_PARAMETER])
        for key, figure in candidate_metrics(folder).items():
            client.log_metric(run_id, key, figure)
        for key, figure in _validation(record).items():
            client.log_metric(run_id, f"validation.{key}", figure)
        client.log_metric(run_id, "total_seconds", record["total_seconds"])
        for name in _FILES:
            if (folder / name).is_file():
                client.log_artifact(run_id, str(folder / name))
        client.set_terminated(run_id)
    return run_id


def _validation(record: dict[str, Any]) -> dict[str, float]:
    told = record.get("validation", {}).get("candidate", {})
    if record["protocol"].get("holdout", {}).get("select") == "none":  # a trial knows nothing else
        told = record["validation_metrics"]
    return {name: value for name, value in told.items() if value is not None}
