"""State: one small Parquet file per window seen; added to, never changed.

Files appear whole under their name, so that a kill leaves none or one, and two processes that
watch the same window write the same name. Whether an alert is new, goes on or is over is read
from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.artefacts.atomic import new_file
from harness.monitor.alert import WindowReport

NEW, GOES_ON, OVER, QUIET = "new", "goes on", "over", "quiet"
_FORMAT_VERSION = 1
_PREFIX = "window-"
_PLAIN = ("model", "name", "first_day", "days", "n_rows", "is_alert")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWindow:
    """What is kept of a window.

    Attributes:
        model: Candidate fingerprint of the bundle.
        name: What the window is called.
        first_day: Its first day, or what it is called where there is none.
        days: Its length.
        n_rows: Rows.
        is_alert: Whether it raised an alert.
        reasons: Codes of the reasons.
        excess: Distance over limit by column.
        figures: Movements by name.
    """

    model: str
    name: str
    first_day: str
    days: float
    n_rows: int
    is_alert: bool
    reasons: tuple[str, ...]
    excess: dict[str, float]
    figures: dict[str, float]


def seen_of(report: WindowReport, model: str) -> SeenWindow:
    """What is kept of a report.

    Args:
        report: What was seen.
        model: Candidate fingerprint of the bundle.
    """
    return SeenWindow(
        model=model,
        name=report.name,
        first_day=report.first_day or report.name,
        days=report.days,
        n_rows=report.n_rows,
        is_alert=report.is_alert,
        reasons=tuple(reason.code for reason in report.reasons),
        excess={column.name: float(column.excess) for column in report.columns},
        figures={movement.name: float(movement.now) for movement in report.movements},
    )


def remember(folder: Path, seen: SeenWindow) -> None:
    """Add a window to the state folder.

    Args:
        folder: The state folder; made when it is not there.
        seen: What to keep.

    Raises:
        ArtefactError: If the file cannot be written whole.
    """
    content = {
        "format_version": _FORMAT_VERSION,
        **{name: getattr(seen, name) for name in _PLAIN},
        "reasons": list(seen.reasons),
        "columns": list(seen.excess),
        "excess": list(seen.excess.values()),
        "figures": list(seen.figures),
        "values": list(seen.figures.values()),
    }
    named = f"{seen.model}|{seen.name}|{seen.first_day}|{seen.days}"
    key = hashlib.sha256(named.encode()).hexdigest()[:12]
    with new_file(folder / f"{_PREFIX}{key}.parquet") as path:
        pq.write_table(pa.Table.from_pylist([content]), path)


def read_state(folder: Path, model: str) -> tuple[list[SeenWindow], list[str]]:
    """Windows of one model in order of time, and the files that could not be read.

    Args:
        folder: The state folder; one that is not there holds none.
        model: Candidate fingerprint of the bundle.
    """
    seen, damaged = [], []
    for path in sorted(folder.glob(f"{_PREFIX}*.parquet")):
        try:
            [row] = pq.read_table(path).to_pylist()
            window = _window(row)
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            damaged.append(str(path))
            continue
        if window.model == model:
            seen.append(window)
    return sorted(seen, key=lambda window: window.first_day), damaged


def standing(history: Sequence[SeenWindow], *, is_alert: bool, quiet_windows: int) -> str:
    """Whether an alert is new, goes on, is over, or there is none.

    Args:
        history: Earlier windows in order of time.
        is_alert: Whether this window raises one.
        quiet_windows: Windows without alert after which an earlier one is over.
    """
    n_quiet, was_alert = 0, False
    for window in reversed(history):
        if window.is_alert:
            was_alert = True
            break
        n_quiet += 1
    is_open = was_alert and n_quiet < quiet_windows
    if is_alert:
        return GOES_ON if is_open else NEW
    if not is_open:
        return QUIET
    return OVER if n_quiet + 1 >= quiet_windows else GOES_ON


def _window(row: dict[str, Any]) -> SeenWindow:
    if row["format_version"] > _FORMAT_VERSION:
        raise ValueError(row["format_version"])
    return SeenWindow(
        **{name: row[name] for name in _PLAIN},
        reasons=tuple(row["reasons"]),
        excess=dict(zip(row["columns"], row["excess"], strict=True)),
        figures=dict(zip(row["figures"], row["values"], strict=True)),
    )
