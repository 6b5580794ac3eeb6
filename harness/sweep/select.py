"""Select: the best candidate on validation, judged alone.

The sweep never sees the test window, so its winner is one candidate fixed before the
opening: it is judged at full alpha, however many it was chosen from.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.artefacts import RunRecord, read_record, write_json
from harness.artefacts.run_folder import RECORD, WINNER
from harness.config import load_settings
from harness.sweep.progress import Progress
from harness.sweep.sweep_file import is_done


def judge_winner(sweep: Path, folders: Sequence[Path]) -> Path | None:
    """Judge the best of a sweep's candidates in a folder of its own.

    Args:
        sweep: The sweep's folder.
        folders: Its jobs' folders.

    Returns:
        The winner's folder; None when the sweep did not select on validation, or nothing
        in it finished.
    """
    records = [record for record in map(read_record, folders) if "validation" in record.content]
    if not records:
        return None

    from harness.record import write_run
    from harness.runner import run_experiment

    best = _best(records)
    content = best.content
    parts = {**content["protocol"], **content["candidate"], "running": content["running"]}
    folder = sweep / WINNER
    if is_done(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)  # what a killed attempt left
    progress = Progress(label=f"winner (job {best.folder.name})")
    overrides = tuple(content["overrides"])
    write_json(folder / RECORD, {"status": "UNFINISHED", "overrides": list(overrides)})
    try:
        result = run_experiment(load_settings(parts), stages=progress.stages)
        write_run(result, folder, overrides=overrides)
        progress.done(result.decision.decision, folder)
    finally:
        progress.stop()
    return folder


def _best(records: Sequence[RunRecord]) -> RunRecord:
    """The record with the best primary metric on validation; the first of equals."""
    from harness.evidence import find_metric

    named = records[0].content["protocol"]["criteria"]["primary_metric"]
    metric = find_metric(named if isinstance(named, str) else named[0])
    sign = -1.0 if metric.higher_is_better is False else 1.0

    def strength(record: RunRecord) -> float:
        value = record.content["validation"]["candidate"].get(metric.name)
        return float("-inf") if value is None else sign * float(value)

    return max(records, key=strength)
