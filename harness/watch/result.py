"""Result: all windows of one look, and whether an alert is new, goes on or is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.monitor import Reference, WindowReport
from harness.monitor.state import (
    GOES_ON,
    NEW,
    SeenWindow,
    read_state,
    remember,
    seen_of,
    standing,
)
from harness.settings import GuardSettings, MonitoringSettings

# What monitor.json leaves to the bundle and to the page.
_UNWRITTEN = ("profile", "score_profile")
# Pairs of columns in monitor.json, the furthest first.
_MOST_PAIRS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class MonitorResult:
    """What one look found.

    Attributes:
        model: The bundle's name.
        fingerprint: Its candidate fingerprint.
        reference: What was compared with.
        settings: What counted as drift, and as an alert.
        guard: The bundle's own policy of rolling back.
        windows: Reports in order of time.
        standings: new, goes on, over or quiet, for each window.
        history: Windows seen before, in order of time.
        notes: What was inferred, left out, or could not be read.
    """

    model: str
    fingerprint: str
    reference: Reference
    settings: MonitoringSettings
    guard: GuardSettings
    windows: tuple[WindowReport, ...]
    standings: tuple[str, ...]
    history: tuple[SeenWindow, ...]
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        """The name notebooks look for."""
        return "".join(window._repr_html_() for window in self.windows)

    @property
    def is_alert(self) -> bool:
        """Whether any window has an alert."""
        return any(window.is_alert for window in self.windows)

    @property
    def is_news(self) -> bool:
        """Whether any window has an alert that was not there before."""
        return any(
            window.is_alert and place == NEW
            for window, place in zip(self.windows, self.standings, strict=True)
        )


def weigh(
    windows: Sequence[WindowReport],
    reference: Reference,
    settings: MonitoringSettings,
    *,
    guard: GuardSettings,
    model: str,
    fingerprint: str,
    state: Path | None = None,
    notes: Sequence[str] = (),
) -> MonitorResult:
    """Hold windows against those seen before, and add them to the state folder.

    Args:
        windows: Reports in order of time.
        reference: What they were compared with.
        settings: How many quiet windows end an alert.
        guard: The bundle's own policy of rolling back.
        model: The bundle's name.
        fingerprint: Its candidate fingerprint.
        state: Folder of windows seen before; None remembers nothing.
        notes: What is worth saying besides.

    Raises:
        ArtefactError: If the state folder cannot be written.
    """
    said = list(notes)
    before: list[SeenWindow] = []
    if state is not None:
        before, damaged = read_state(state, fingerprint)
        said += [f"{path}: cannot be read and is left out; remove it" for path in damaged]
    told, history = [], list(before)
    for window in windows:
        this = seen_of(window, fingerprint)
        earlier = [seen for seen in history if seen.first_day < this.first_day]
        told.append(
            standing(earlier, is_alert=window.is_alert, quiet_windows=settings.quiet_windows)
        )
        history.append(this)
        if state is not None:
            remember(state, this)
    return MonitorResult(
        model=model,
        fingerprint=fingerprint,
        reference=reference,
        settings=settings,
        guard=guard,
        windows=tuple(windows),
        standings=tuple(told),
        history=tuple(before),
        notes=tuple(said),
    )


def as_json(result: MonitorResult) -> dict[str, Any]:
    """The result as scripts read it."""
    windows = []
    for window, place in zip(result.windows, result.standings, strict=True):
        told = {
            name: getattr(window, name)
            for name in type(window).__dataclass_fields__
            if name not in _UNWRITTEN
        }
        told["joint"] = told["joint"][:_MOST_PAIRS]
        told["n_pairs"] = len(window.joint)
        if (coverage := window.coverage) is not None:
            said = {"sentence": coverage.sentence, "caveat": coverage.caveat}
            told["coverage"] = asdict(coverage) | said
        windows.append(told | {"standing": place})
    return {
        "model": result.model,
        "candidate_fingerprint": result.fingerprint,
        "reference": {
            "first_day": result.reference.first_day,
            "last_day": result.reference.last_day,
        },
        "monitoring": asdict(result.settings),
        "alert": result.is_alert,
        "windows": windows,
        "notes": list(result.notes),
    }


def gauges(result: MonitorResult) -> str:
    """The newest window in Prometheus' text format."""
    window, place = result.windows[-1], result.standings[-1]
    lines = ["# TYPE harness_drift_alert gauge"]
    lines.append(f"harness_drift_alert {int(window.is_alert or place == GOES_ON)}")
    lines.append("# TYPE harness_drift_rows gauge")
    lines.append(f"harness_drift_rows {window.n_rows}")
    lines.append("# TYPE harness_drifted_features gauge")
    lines.append(f"harness_drifted_features {len(window.drifted)}")
    lines.append("# TYPE harness_drifted_segments gauge")
    lines.append(f"harness_drifted_segments {len(window.drifted_segments)}")
    lines.append("# TYPE harness_changed_pairs gauge")
    lines.append(f"harness_changed_pairs {len(window.changed_pairs)}")
    if window.coverage is not None and np.isfinite(window.coverage.share):
        lines.append("# HELP harness_label_coverage Rows with an outcome, of those old enough")
        lines.append("# TYPE harness_label_coverage gauge")
        lines.append(f"harness_label_coverage {window.coverage.share:.6g}")
    lines.append("# HELP harness_drift_excess Distance or null change over what matters")
    lines.append("# TYPE harness_drift_excess gauge")
    lines += [
        f'harness_drift_excess{{column="{_escaped(c.name)}"}} {c.excess:.6g}'
        for c in window.columns
    ]
    lines.append("# TYPE harness_monitored_figure gauge")
    lines += [f'harness_monitored_figure{{name="{m.name}"}} {m.now:.6g}' for m in window.movements]
    return "\n".join(lines) + "\n"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
