"""A/B record: an A/B result's files in its folder, run.json last."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.abtest import AbtestResult
from harness.artefacts import write_json, write_text
from harness.artefacts.one_run import write_record
from harness.artefacts.versions import versions
from harness.config.fingerprint import abtest_dict
from harness.decision import Decision
from harness.decision.as_json import FINGERPRINTS, HOLDOUT_FIELDS, as_json
from harness.report import abtest_page
from harness.stages import peak_memory_mb

_LIBRARIES = ("numpy", "pandas", "scipy", "tea-tasting")


def write_abtest(
    result: AbtestResult, folder: Path, table: str, overrides: tuple[str, ...] = ()
) -> None:
    """Write decision.json, report.html and, last, run.json.

    Args:
        result: What `run_abtest` returned.
        folder: Where to.
        table: The log, as the user named it.
        overrides: What else the user typed.

    Raises:
        ArtefactError: If a file cannot be written whole.
    """
    fingerprints = {name: getattr(result, name) for name in FINGERPRINTS}
    holdout = {name: getattr(result.look, name) for name in HOLDOUT_FIELDS}
    decision = {
        **as_json(result.decision, [], fingerprints, holdout),
        "treatments": [_treatment(name, d) for name, d in result.treatments.items()],
        "units": [asdict(count) for count in result.used],
        "notes": list(result.notes),
    }
    with result.stages("draw the report"):
        write_json(folder / "decision.json", decision)
        write_text(folder / "report.html", abtest_page(result, table, overrides))
    content = {
        "status": "DONE",
        "decision": result.decision.decision,
        "overrides": [table, *overrides],
        **fingerprints,
        "protocol": abtest_dict(result.settings),
        "candidate": {"treatment": result.log.treatment, "control": result.log.control},
        "running": asdict(result.settings.running),
        "ledger": result.look.ledger,
        "seconds": {name: round(s, 3) for name, s in result.stages.seconds.items()},
        "total_seconds": round(sum(result.stages.seconds.values()), 3),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "libraries": versions(_LIBRARIES),
    }
    write_record(folder, content)


def _treatment(name: str, decision: Decision) -> dict[str, Any]:
    """The decision on one treatment, as decision.json has it."""
    return {
        "variant": name,
        "decision": decision.decision,
        "face_value": decision.face_value,
        "reasons": list(decision.reasons),
        "alpha": decision.alpha,
        "n_units": decision.minimums.n_rows,
        "n_days": decision.minimums.n_days,
    }
