"""Inside: what a window's columns do inside segments, and together, from the rows of few columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.monitor.joint import JointWindow, joint_reference, joint_window
from harness.monitor.profile import ColumnProfile
from harness.monitor.reference import Reference
from harness.monitor.segments import MAX_ROWS, Segment, segment_profiles, segments_reference

# What a profile of version 1 cannot be held against.
_OLD = "this bundle's profile has none (it was written by harness 0.1); make the bundle again"


@dataclass(frozen=True, kw_only=True, eq=False)
class InsideWindow:
    """A window seen from inside.

    Attributes:
        segments: Columns inside segments.
        joint: Sums behind the correlations of columns.
        not_applicable: What could not be looked at, and why.
    """

    segments: Mapping[tuple[Segment, str], ColumnProfile]
    joint: JointWindow | None
    not_applicable: tuple[str, ...]


def with_inside(
    reference: Reference,
    frame: pd.DataFrame,
    local_time: pd.DatetimeIndex,
    kinds: tuple[Sequence[str], Sequence[str]],
    declared: Sequence[str],
) -> Reference:
    """A reference that also knows segments, and how columns depend on each other.

    Args:
        reference: What `reference_profile` gives.
        frame: Its rows: features and declared segment columns, shape (n_rows, n_columns).
        local_time: Their prediction times in the dataset's zone.
        kinds: Names of numeric and of categorical features.
        declared: `dataset.segments`.
    """
    importance = reference.importance
    drawn = drawn_of(len(frame))
    frame, local_time = frame.iloc[drawn], local_time[drawn]
    return replace(
        reference,
        segments=segments_reference(frame, local_time, kinds, importance, declared),
        joint=joint_reference(frame, local_time, reference.profile, importance),
    )


def inside_columns(reference: Reference) -> list[str]:
    """Columns that have to be read to look inside a window."""
    segments, joint = reference.segments, reference.joint
    names = [] if segments is None else [*segments.dividing, *segments.columns]
    names += [] if joint is None else [figure.column for figure in joint.figures]
    return list(dict.fromkeys(names))


def inside_window(reference: Reference, frame: pd.DataFrame) -> InsideWindow:
    """What judging a window from inside needs.

    Args:
        reference: What it will be compared with.
        frame: The window's rows, as they came; columns may be missing.
    """
    frame = frame.iloc[drawn_of(len(frame))]
    joint, segments = None, {}
    if reference.joint is not None and reference.joint.figures:
        joint = joint_window(reference.joint, reference.profile, frame)
    if reference.segments is not None:
        segments = segment_profiles(reference.segments, frame)
    return InsideWindow(
        segments=segments,
        joint=joint,
        not_applicable=tuple(_not_applicable(reference, frame.columns)),
    )


def drawn_of(n_rows: int) -> slice | np.ndarray:
    """Rows that are looked at: all of them, or as many as suffice, drawn by a fixed seed."""
    if n_rows <= MAX_ROWS:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(n_rows, MAX_ROWS, replace=False))


def _not_applicable(reference: Reference, columns: Iterable[str]) -> list[str]:
    sentences = []
    if reference.outside is None:
        sentences.append(f"training range: not applicable: {_OLD}")
    if reference.joint is None:
        sentences.append(f"joint change: not applicable: {_OLD}")
    if reference.segments is None:
        return [*sentences, f"segments: not applicable: {_OLD}"]
    if not reference.segments.cells:
        sentences.append(
            "segments: not applicable: no column divides the reference into segments of enough "
            "rows; name one under dataset.segments"
        )
    present = set(columns)
    sentences += [
        f"segments of {column}: not applicable: these rows have no such column"
        for column in reference.segments.dividing
        if column not in present
    ]
    return sentences
