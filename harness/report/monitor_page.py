"""Monitor page: monitor.html, what one look at new rows found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from harness.config.flat import flat
from harness.monitor import Reference, WindowReport
from harness.monitor.reference import SCORE
from harness.report import plots
from harness.report.page import render
from harness.report.shapes import Shapes, shapes_of
from harness.watch import MonitorResult

_MOST_DRAWN = 40
_MOST_CULPRITS = 20


def monitor_page(result: MonitorResult) -> str:
    """The page of one look as HTML, in one file.

    Args:
        result: What was found.
    """
    alerts = [window for window in result.windows if window.is_alert]
    shown = alerts[-1] if alerts else result.windows[-1]
    score_shapes = None
    if shown.score_profile is not None:
        score_shapes = shapes_of(result.reference.score, shown.score_profile.columns[SCORE])
    return render(
        "monitor.html.j2",
        result=result,
        shown=shown,
        standing=result.standings[result.windows.index(shown)],
        pairs=list(zip(result.windows, result.standings, strict=True)),
        columns=shown.columns[:_MOST_DRAWN],
        most=_MOST_DRAWN,
        n_left=max(0, len(shown.columns) - _MOST_DRAWN),
        shapes=_shapes(result.reference, shown),
        score_shapes=score_shapes,
        heat=_heat(result),
        lines=_lines(result),
        settings=list(flat(asdict(result.settings)).items()),
    )


def _shapes(reference: Reference, window: WindowReport) -> Mapping[str, Shapes | None]:
    return {
        column.name: shapes_of(
            reference.profile.columns[column.name], window.profile.columns[column.name]
        )
        for column in window.columns[:_MOST_DRAWN]
    }


def _heat(result: MonitorResult) -> str | None:
    """Every window's excess by column, the columns that drifted most on top."""
    past = {seen.first_day: seen.excess for seen in result.history}
    now = {w.first_day or w.name: {c.name: c.excess for c in w.columns} for w in result.windows}
    windows = dict(sorted((past | now).items()))
    if len(windows) < 2:
        return None
    names = list(result.reference.profile.columns)
    values = np.array([[excess.get(name, np.nan) for name in names] for excess in windows.values()])
    worst = np.nan_to_num(values).max(axis=0)
    order = np.argsort(-worst, kind="stable")[:_MOST_CULPRITS]
    return plots.heat(
        values[:, order].T, list(windows), [names[i] for i in order],
        "Distance of each column over what matters, by window",
    )  # fmt: skip


def _lines(result: MonitorResult) -> list[tuple[str, str]]:
    """A picture for each figure over time, with the band it stays within."""
    windows = [w for w in result.windows if w.first_day is not None]
    if len(windows) < 2:
        return []
    names = list(dict.fromkeys(m.name for w in windows for m in w.movements))
    found = []
    for name in names:
        told = [(w.first_day, m) for w in windows for m in w.movements if m.name == name]
        movement = told[0][1]
        days = np.array([day for day, _ in told], dtype="datetime64[D]")
        band = np.array([[m.low, m.high] for _, m in told])
        values = np.array([m.now for _, m in told])
        title = movement.title[0].upper() + movement.title[1:]
        found.append((title, plots.banded(days, values, band, movement.then, f"{title} by window")))
    return found
