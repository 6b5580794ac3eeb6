"""Record: a result's files in its run folder, run.json last."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.artefacts import write_json, write_text
from harness.artefacts.atomic import new_file
from harness.artefacts.figure import figure
from harness.artefacts.one_run import write_record
from harness.artefacts.versions import versions
from harness.audit import blocking
from harness.bundle import write_bundle
from harness.bundle.write import SCORING
from harness.config.fingerprint import (
    candidate_dict,
    candidate_fingerprint,
    protocol_dict,
    protocol_fingerprint,
)
from harness.data.split import describe
from harness.decision import sealed
from harness.decision.as_json import FINGERPRINTS, HOLDOUT_FIELDS, as_json
from harness.errors import GivenUpError
from harness.prepare import prepare
from harness.report import protocol_document, run_page
from harness.result import RunResult, Validation
from harness.settings import RunSettings
from harness.stages import Stages, peak_memory_mb

# What run.json says of a candidate that was compared on validation only.
NOT_JUDGED = "NOT_JUDGED"
# And of one that a search gave up before it was fitted.
GIVEN_UP = "GIVEN_UP"


def write_run(result: RunResult, folder: Path, *, overrides: tuple[str, ...] = ()) -> None:
    """Write all artefacts of a run; run.json comes last and says DONE.

    Args:
        result: What `run_experiment` returned.
        folder: The run's folder.
        overrides: What the user typed, for the record.

    Raises:
        ArtefactError: If a file cannot be written whole.
    """
    if result.look.is_sealed:
        _write_sealed(result, folder, overrides)
        return
    with result.stages("write the artefacts"):
        write_json(folder / "audit.json", {"findings": [asdict(f) for f in result.findings]})
        write_json(folder / "metrics.json", metrics_json(result))
        with new_file(folder / "predictions.parquet") as path:
            table = pa.Table.from_pandas(result.predictions, preserve_index=False)
            pq.write_table(table, path, compression="zstd")
        write_text(folder / "protocol.md", protocol_document(result.settings, result.split.windows))
        if not result.look.is_trial:  # what was never judged is not to be served
            _write_bundle(result, folder)
        write_json(folder / "decision.json", decision_json(result))
    if result.settings.running.report:
        with result.stages("draw the report"):
            write_text(folder / "report.html", run_page(result, overrides))
    write_record(folder, run_json(result, overrides))


def _write_bundle(result: RunResult, folder: Path) -> None:
    write_bundle(
        result.bundle,
        folder / "bundle",
        features=result.examples,
        facts=_facts(result),
        documents={
            "protocol.json": {"protocol": protocol_dict(result.settings)},
            "config.json": {"config": asdict(result.settings)},
            "decision.json": decision_json(result),
        },
        reference=result.reference,
        pipeline_format=result.settings.running.pipeline_format,
    )


def write_validation(
    settings: RunSettings, validation: Validation, folder: Path, *, overrides: tuple[str, ...] = ()
) -> None:
    """The record of a candidate that was compared on validation and not judged."""
    content = {
        "status": "DONE",
        "decision": NOT_JUDGED,
        "overrides": list(overrides),
        **{name: getattr(validation, name) for name in FINGERPRINTS},
        "validation": {"candidate": validation.candidate, "baseline": validation.baseline},
        **_unjudged(settings, validation.stages),
    }
    write_record(folder, content)


def write_given_up(
    settings: RunSettings,
    error: GivenUpError,
    folder: Path,
    *,
    overrides: tuple[str, ...],
    stages: Stages,
) -> None:
    """The record of a search's candidate that was not fitted to its end."""
    content = {
        "status": "DONE",
        "decision": GIVEN_UP,
        "reason": str(error),
        "overrides": list(overrides),
        "protocol_fingerprint": protocol_fingerprint(settings),
        "candidate_fingerprint": candidate_fingerprint(settings),
        "test_fingerprint": prepare(settings).test_fingerprint,
        **_unjudged(settings, stages),
    }
    write_record(folder, content)


def _unjudged(settings: RunSettings, stages: Stages) -> dict[str, Any]:
    """What a record says of any candidate that was not judged."""
    return {
        "protocol": protocol_dict(settings),
        "candidate": candidate_dict(settings),
        "running": asdict(settings.running),
        "tracking": asdict(settings.tracking),
        "seconds": {name: round(taken, 3) for name, taken in stages.seconds.items()},
        "total_seconds": round(sum(stages.seconds.values()), 3),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "libraries": versions(SCORING),
    }


def _write_sealed(result: RunResult, folder: Path, overrides: tuple[str, ...]) -> None:
    """A blind look leaves its verdict and its protocol; the model is made again by its config."""
    write_text(folder / "protocol.md", protocol_document(result.settings, result.split.windows))
    write_json(folder / "decision.json", decision_json(result))
    write_record(folder, run_json(result, overrides))


def decision_json(result: RunResult) -> dict[str, Any]:
    """The decision as scripts read it; of a sealed look, the verdict alone."""
    decision, look = result.decision, result.look
    leaks = [] if look.is_sealed else blocking(result.findings)
    holdout = {name: getattr(look, name) for name in HOLDOUT_FIELDS}
    fingerprints = {name: getattr(result, name) for name in FINGERPRINTS}
    if look.is_sealed:
        decision = sealed(decision, look.sentence)
    return as_json(decision, [f"{f.check}: {f.sentence}" for f in leaks], fingerprints, holdout)


def metrics_json(result: RunResult) -> dict[str, Any]:
    """All figures of the run, with the measured latency sample."""
    trial = result.trial
    return {
        result.split.windows.judged: [asdict(metric) for metric in result.metrics],
        "validation": result.validation_metrics,
        "classes": result.classes,
        "segments": [asdict(segment) for segment in result.segments],
        "weeks": [asdict(period) for period in result.periods],
        "backtest": [asdict(origin) for origin in result.backtest],
        "threshold": {
            "value": trial.threshold.value,
            "policy": trial.threshold.policy,
            "reason": trial.threshold.reason,
        },
        "baseline": {
            "kind": trial.baseline.kind,
            "meaning": trial.baseline.meaning,
            "threshold": trial.baseline.threshold.value if trial.baseline.threshold else None,
        },
        "latency_ms": [round(float(ms), 4) for ms in result.latency_ms],
    }


def run_json(result: RunResult, overrides: tuple[str, ...]) -> dict[str, Any]:
    """The run's record: what was run, on what, how long it took."""
    split, dataset, model = result.split, result.dataset, result.trial.model
    windows = {
        "train": split.train,
        "validation": split.validation,
        split.windows.judged: split.test,
    }
    return {
        "status": "DONE",
        "decision": result.decision.decision,
        "overrides": list(overrides),
        "protocol_fingerprint": result.protocol_fingerprint,
        "candidate_fingerprint": result.candidate_fingerprint,
        "test_fingerprint": result.test_fingerprint,
        "validation_metrics": result.validation_metrics,
        "protocol": protocol_dict(result.settings),
        "candidate": candidate_dict(result.settings),
        "running": asdict(result.settings.running),
        "tracking": asdict(result.settings.tracking),
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "n_rows": len(dataset),
            "n_unlabelled": dataset.n_unlabelled,
            "numeric": list(dataset.roles.numeric),
            "categorical": list(dataset.roles.categorical),
            "notes": list(dataset.notes),
        },
        "split": {
            "windows": describe(split.windows),
            "rows": {name: len(rows) for name, rows in windows.items()},
            "base_rates": {n: float(dataset.label[rows].mean()) for n, rows in windows.items()},
            "dropped": split.dropped,
        },
        "model": {
            "type": type(model.pipeline.named_steps["model"]).__name__,
            "n_trained": model.n_trained,
            "n_held_back": model.n_held_back,
            "n_rounds": model.n_rounds,
            "weights": model.weight_form,
            "notes": list(model.notes),
        },
        "ledger": result.look.ledger,
        "seconds": {name: round(taken, 3) for name, taken in result.stages.seconds.items()},
        "total_seconds": round(sum(result.stages.seconds.values()), 3),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "libraries": versions(SCORING),
    }


def _facts(result: RunResult) -> dict[str, Any]:
    """What the bundle's manifest and card say."""
    settings, threshold = result.settings, result.trial.threshold
    return {
        "name": result.dataset.name,
        "decision": result.decision.decision,
        "reasons": result.decision.reasons,
        "protocol_fingerprint": result.protocol_fingerprint,
        "candidate_fingerprint": result.candidate_fingerprint,
        "model": settings.model["_target_"],
        "targets": [settings.model["_target_"], settings.preprocess["_target_"]],
        "description": settings.dataset.description or f"the column {result.dataset.roles.label}",
        "positive_meaning": settings.dataset.positive_meaning or "the label is true",
        "prediction_time": settings.dataset.prediction_time or "at the row's time",
        "test_window": describe(result.split.windows).split(", test ")[1],
        "threshold": {
            "policy": threshold.policy,
            "reason": threshold.reason,
            "shown": f"{threshold.value:.4g}",
        },
        "metrics": [
            {
                "title": metric.title,
                "candidate": figure(metric.candidate.value, metric.unit),
                "baseline": figure(metric.baseline, metric.unit),
            }
            for metric in result.metrics
        ],
    }
