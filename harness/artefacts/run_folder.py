"""Run folder: where a run keeps its files, and how to find one again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts.json_file import read_json
from harness.errors import ArtefactError

RECORD = "run.json"


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


def find_run(name: str, *, having: str = RECORD) -> Path:
    """A run's folder by path, or `last` for the newest one below outputs/.

    Args:
        name: Folder, or `last`.
        having: File the newest run has to have: an A/B test has no bundle.

    Raises:
        ArtefactError: If there is none.
    """
    if name != "last":
        folder = Path(name)
        if not (folder / RECORD).is_file():
            raise ArtefactError(
                f"{name}: no run there (no {RECORD}); name a run's folder, or `last`"
            )
        return folder
    runs = [run for run in find_runs(Path("outputs")) if (run / having).is_file()]
    if not runs:
        what = "run" if having == RECORD else f"run with {having}"
        raise ArtefactError(
            f"last: no {what} below outputs/ in this folder; start one with `harness run`"
        )
    return max(runs, key=lambda run: (run / RECORD).stat().st_mtime_ns)
