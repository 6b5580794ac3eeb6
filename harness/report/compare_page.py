"""Compare page: all candidates of a sweep, what they were, what they are worth and cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.comparison import ComparableGroup, ComparedRun, Comparison
from harness.comparison.compared import OF_TRIAL
from harness.comparison.names import short_key, short_value
from harness.report.page import render

# Categories of one axis beyond this are drawn as one.
_MOST_VALUES = 12
_MOST_TICKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of the parallel coordinates.

    Attributes:
        name: What varies along it.
        ticks: Labels and places from 0 (bottom) to 1.
        places: Where each run crosses it; None where it does not.
    """

    name: str
    ticks: tuple[tuple[str, float], ...]
    places: tuple[float | None, ...]


def compare_page(comparison: Comparison) -> str:
    """A comparison as HTML, in one file that asks the network for nothing.

    Args:
        comparison: What `compare_runs` found.
    """
    groups = [_shown(group, number) for number, group in enumerate(comparison.groups)]
    return render("compare.html.j2", comparison=comparison, groups=groups)


def _shown(group: ComparableGroup, number: int) -> dict[str, Any]:
    runs = group.runs
    primary = next((run.criteria[0] for run in runs if run.criteria), None)
    every = {
        key: _axis(short_key(key), [run.config.get(key) for run in runs]) for key in group.keys
    }
    varied = {key: axis for key, axis in every.items() if len(axis.ticks) > 1}
    name = primary.name if primary else "success"
    # Where most were not judged, validation is what they have in common.
    on_test = not any(run.outcome == "NOT_JUDGED" for run in runs)
    title = name if on_test else f"{name} on validation"
    worth = [_worth(run, on_test=on_test) for run in runs]
    axes = [*varied.values(), _numbers(title, worth)]
    return {
        "number": number,
        "group": group,
        "title": title,
        "rows_of": "trial" if any(run.outcome == OF_TRIAL for run in runs) else "test",
        "unit": primary.unit if primary else "",
        "axes": axes,
        "names": [criterion.name for criterion in _criteria(runs)],
        "rows": [_row(run, group, list(varied), _range(runs)) for run in runs],
        "points": json.dumps(
            [_point(run, value) for run, value in zip(runs, worth, strict=True)]
        ).replace("<", "\\u003c"),
        "counts": _counts(runs),
    }


def _worth(run: ComparedRun, *, on_test: bool) -> float | None:
    if not on_test:
        return run.validation
    return run.criteria[0].estimate if run.criteria else None


def _criteria(runs: Sequence[ComparedRun]) -> Sequence[Any]:
    return next((run.criteria for run in runs if run.criteria), ())


def _counts(runs: Sequence[ComparedRun]) -> list[tuple[str, int]]:
    names = dict.fromkeys(run.outcome for run in runs)
    return [(name, sum(run.outcome == name for run in runs)) for name in names]


def _row(
    run: ComparedRun, group: ComparableGroup, keys: Sequence[str], scale: tuple[float, float]
) -> dict[str, Any]:
    criteria = {criterion.name: criterion for criterion in run.criteria}
    primary = run.criteria[0] if run.criteria else None
    bar = None
    if primary is not None and primary.estimate is not None and primary.lower is not None:
        bar = [_at(value, scale) for value in (primary.lower, primary.estimate, primary.upper)]
    return {
        "run": run,
        "cells": [short_value(run.config.get(key, "")) for key in keys],
        "criteria": criteria,
        "bar": bar,
        "is_proven": run.folder in group.proven,
    }


def _range(runs: Sequence[ComparedRun]) -> tuple[float, float]:
    """What all intervals of the primary criterion, and zero, fit into."""
    first = [run.criteria[0] for run in runs if run.criteria]
    values = [v for c in first for v in (c.lower, c.estimate, c.upper) if v is not None]
    return min([0.0, *values]), max([0.0, *values])


def _at(value: float | None, scale: tuple[float, float]) -> float:
    low, high = scale
    return 0.0 if value is None or high == low else round(200 * (value - low) / (high - low), 1)


def _point(run: ComparedRun, worth: float | None) -> dict[str, Any]:
    return {
        "name": run.name,
        "outcome": run.outcome,
        "worth": worth,
        "validation": run.validation,
        "seconds": run.seconds,
        "config": {short_key(key): short_value(value) for key, value in run.config.items()},
    }


def _axis(name: str, values: Sequence[str | None]) -> Axis:
    """Numbers where all of them are; names in order otherwise."""
    known = [value for value in values if value not in (None, "", "none")]
    try:
        numbers = [None if v in (None, "", "none") else float(str(v)) for v in values]
    except ValueError:
        return _names(name, values)
    return _numbers(name, numbers) if known else _names(name, values)


def _names(name: str, values: Sequence[str | None]) -> Axis:
    names = sorted({str(value) for value in values if value})
    kept = names[:_MOST_VALUES]
    step = 1 / max(1, len(kept) - 1)
    places = {value: i * step for i, value in enumerate(kept)}
    ticks = tuple((short_value(value), place) for value, place in places.items())
    return Axis(name=name, ticks=ticks, places=tuple(places.get(str(v)) for v in values))


def _numbers(name: str, values: Sequence[float | None]) -> Axis:
    known = sorted({value for value in values if value is not None})
    low, high = (known[0], known[-1]) if known else (0.0, 0.0)
    span = high - low or 1.0
    shown = known if len(known) <= _MOST_TICKS else [low, (low + high) / 2, high]
    return Axis(
        name=name,
        ticks=tuple((f"{value:.4g}", (value - low) / span) for value in shown),
        places=tuple(None if value is None else (value - low) / span for value in values),
    )
