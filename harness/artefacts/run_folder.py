"""Run folder: where a run keeps its files, and how to find one again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts.json_file import read_json
from harness.errors import ArtefactError

RECORD = "run.json"
# A sweep's folder holds this file, its jobs by number, and the winner where one was selected.
SWEEP, WINNER = "sweep.json", "winner"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What run.json says.

    Attributes:
        folder: The run's folder.
        status: DONE, FAILED or UNFINISHED (still running, or killed).
        content: The whole file.
    """

    folder: Path
    status: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run that was not named by its own folder.

    Attributes:
        folder: The run's folder.
        note: Which run it is and why it was taken, where the name fits more than one; else empty.
    """

    folder: Path
    note: str = ""


def read_record(folder: Path) -> RunRecord:
    """Read a run's record.

    Raises:
        ArtefactError: If the folder holds no readable run.json.
    """
    content = read_json(folder / RECORD)
    return RunRecord(folder=folder, status=str(content.get("status", "")), content=content)


def find_runs(root: Path) -> list[Path]:
    """Folders of all runs at or below `root`, oldest first by path."""
    if (root / RECORD).is_file():
        return [root]
    found: list[Path] = []
    for folder, subfolders, files in os.walk(root):
        if RECORD in files:
            found.append(Path(folder))
            subfolders.clear()
        subfolders[:] = sorted(s for s in subfolders if not s.startswith("."))
    return sorted(found)


def find_run(name: str, *, having: str = RECORD) -> FoundRun:
    """A run by its folder, by its sweep's, or `last` for the newest one below outputs/.

    Of a sweep its winner is taken, where one was selected on validation; else the last listed of the
    jobs that finished.

    Args:
        name: Folder of a run or a sweep, or `last`.
        having: File the run has to have: an A/B test has no bundle.

    Raises:
        ArtefactError: If there is none.
    """
    if name != "last":
        folder = Path(name)
        if (folder / RECORD).is_file():
            return FoundRun(folder=folder)
        if (folder / SWEEP).is_file():
            found = _of_sweep(folder, having)
            if found is None:
                raise ArtefactError(
                    f"{name}: no job of this sweep has {having}; name a run's folder"
                )
            return found
        raise ArtefactError(f"{name}: no run there (no {RECORD}); name a run's folder, or `last`")
    runs = sorted(find_runs(Path("outputs")), key=_written, reverse=True)
    # A sweep is as new as its newest job.
    places = dict.fromkeys(run.parent if (run.parent / SWEEP).is_file() else run for run in runs)
    passed_over = ""
    for place in places:
        if (place / SWEEP).is_file():
            found = _of_sweep(place, having)
        else:
            found = FoundRun(folder=place) if (place / having).is_file() else None
        if found is not None:
            note = found.note
            if passed_over:
                note = f"{found.folder}: taken, as the newer {passed_over} has no {having}" + (
                    f"; {note}" if note else ""
                )
            return FoundRun(folder=found.folder, note=note)
        passed_over = passed_over or str(place)
    what = "run" if having == RECORD else f"run with {having}"
    raise ArtefactError(
        f"last: no {what} below outputs/ in this folder; start one with `harness run`"
    )


def _of_sweep(sweep: Path, having: str) -> FoundRun | None:
    """A sweep's winner, or the last of its jobs that finished; None where none has the file."""
    jobs = [path for path in sweep.iterdir() if path.name.isdigit() and (path / RECORD).is_file()]
    jobs.sort(key=lambda path: int(path.name))
    winner = sweep / WINNER
    if (winner / RECORD).is_file():
        if not (winner / having).is_file():
            return None
        return FoundRun(
            folder=winner,
            note=f"{winner}: the winner of the sweep, selected from {len(jobs)} candidates on "
            "validation and judged alone",
        )
    fitting = [job for job in jobs if (job / having).is_file()]
    done = [job for job in fitting if _is_done(job)]
    if not fitting:
        return None
    taken = (done or fitting)[-1]
    which = (
        "the last listed" if len(done) == len(jobs) else f"the last of {len(done)} that finished"
    )
    return FoundRun(
        folder=taken,
        note=f"{taken}: job {taken.name} of a sweep of {len(jobs)} without a winner, taken as {which}; "
        f"`harness compare {sweep}` shows all",
    )


def _is_done(folder: Path) -> bool:
    try:
        return read_record(folder).status == "DONE"
    except ArtefactError:
        return False


def _written(run: Path) -> int:
    return (run / RECORD).stat().st_mtime_ns
