"""Segments: columns inside the declared segments and the categories that matter most.

A unit that changes in one plan, or a feed that fails in one country, hardly moves the whole
column. The reference therefore keeps a small profile of the most important columns inside each
segment, and how it moved by itself, and a window's segments are judged by the same rule as whole
columns: significant after correction for all of them, and larger than what stretches of the
reference of the same length did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.monitor.breaks import Break, breaks_of_column, share_far_outside
from harness.monitor.columns import (
    MIN_ROWS,
    null_share_by_period,
    periods_of,
    shares_by_period,
)
from harness.monitor.drift import ColumnDrift, compare_column, significant_of
from harness.monitor.profile import (
    CATEGORICAL,
    NUMERIC,
    ColumnProfile,
    category_of,
    profile_parts,
)
from harness.monitor.variation import Variation
from harness.settings.monitoring import MonitoringSettings

# What a profile keeps at most, so that it stays in kilobytes: segments times columns are cells.
MAX_SEGMENTS, MAX_CELLS, MAX_COLUMNS = 16, 128, 24
_MAX_UNDECLARED, _MAX_VALUES = 3, 8
_MAX_PERIODS, _N_CELLS, _N_VALUES = 61, 8, 51
# Shares are kept in these steps, far finer than a segment's rows tell.
_STEP = 1 / 1024
# Fewer rows of a segment in the reference say nothing about how it varies.
_MIN_REFERENCE_ROWS = 300
# Share of values more than half the reference's range beyond its ends that leaves no doubt.
_FAR_OUTSIDE = 0.2
# Rows that are looked at; of more, as many are drawn.
MAX_ROWS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Segment:
    """Rows with one value in one column.

    Attributes:
        column: Column that divides the rows.
        value: Its value, as text.
    """

    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}={self.value}"


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentColumn:
    """One column inside one segment, as the reference had it.

    Attributes:
        segment: Where.
        profile: The column's values there.
        shares: Their distribution by period.
        nulls: Their null share by period.
    """

    segment: Segment
    profile: ColumnProfile
    shares: Variation
    nulls: Variation


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentsReference:
    """What is known of columns inside segments.

    Attributes:
        cells: Columns inside segments.
        left_out: What was left out to keep the profile small, a sentence each.
    """

    cells: tuple[SegmentColumn, ...]
    left_out: tuple[str, ...]

    @property
    def dividing(self) -> list[str]:
        """Columns that divide rows into segments."""
        return list(dict.fromkeys(cell.segment.column for cell in self.cells))

    @property
    def columns(self) -> list[str]:
        """Columns that are looked at inside segments."""
        return list(dict.fromkeys(cell.profile.name for cell in self.cells))


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentDrift:
    """How one column of a window differs inside one segment.

    Attributes:
        segment: Where, as column=value.
        n_rows: Rows of the window in the segment.
        drift: How the column differs there.
        is_whole: Whether the column drifted in the whole window too, about as far: the segment
            adds nothing.
        sentence: What is seen; empty where it has not drifted.
    """

    segment: str
    n_rows: int
    drift: ColumnDrift
    is_whole: bool
    sentence: str


def segments_reference(
    frame: pd.DataFrame,
    local_time: pd.DatetimeIndex,
    kinds: tuple[Sequence[str], Sequence[str]],
    importance: Mapping[str, float],
    declared: Sequence[str],
) -> SegmentsReference:
    """Profile the most important columns inside segments.

    Segments are the values of the declared columns, then those of the categorical features that
    move the score most; values with few rows are left out.

    Args:
        frame: Features and declared segment columns, shape (n_rows, n_columns).
        local_time: Prediction times in the dataset's zone.
        kinds: Names of numeric and of categorical features.
        importance: Share of what moves the score that each feature carries.
        declared: `dataset.segments`.
    """
    numeric, categorical = kinds
    code, n_periods, days, _ = periods_of(local_time, _MAX_PERIODS)
    ranked = sorted(
        [*numeric, *categorical], key=lambda name: (-importance.get(name, 0.0), len(name))
    )
    undeclared = [n for n in ranked if n in set(categorical) and n not in declared]
    rows_of, left_out = _divided(frame, [*declared, *undeclared[:_MAX_UNDECLARED]])
    most = min(MAX_COLUMNS, max(1, MAX_CELLS // max(1, len(rows_of))))
    columns = ranked[:most]
    if ranked[most:] and rows_of:
        left_out.append(
            f"segments: the {most} most important of {len(ranked)} columns are looked at inside "
            "segments"
        )
    kind_of = dict.fromkeys(numeric, NUMERIC) | dict.fromkeys(categorical, CATEGORICAL)
    cells: list[SegmentColumn] = []
    for name in columns:
        segments = {s: rows for s, rows in rows_of.items() if s.column != name}
        profiles = profile_parts(frame[name], kind_of[name], list(segments.values()), _N_VALUES)
        for (segment, rows), profile in zip(segments.items(), profiles, strict=True):
            part = frame[name].iloc[rows]
            cells.append(
                SegmentColumn(
                    segment=segment,
                    profile=profile,
                    shares=_rounded(
                        shares_by_period(part, profile, code[rows], n_periods, days, _N_CELLS)
                    ),
                    nulls=_rounded(null_share_by_period(part, code[rows], n_periods, days)),
                )
            )
    return SegmentsReference(cells=tuple(cells), left_out=tuple(left_out))


def segment_profiles(
    reference: SegmentsReference, frame: pd.DataFrame
) -> dict[tuple[Segment, str], ColumnProfile]:
    """Columns of a window inside the segments of the reference, those that are there.

    Args:
        reference: Which segments and columns.
        frame: The window's rows, as they came.
    """
    wanted: dict[str, list[SegmentColumn]] = {}
    for cell in reference.cells:
        if cell.profile.name in frame and cell.segment.column in frame:
            wanted.setdefault(cell.profile.name, []).append(cell)
    rows_of = {
        Segment(column=column, value=value): rows
        for column in reference.dividing
        if column in frame
        for value, rows in _rows_by_value(frame[column]).items()
    }
    none = np.zeros(0, dtype=np.intp)
    found: dict[tuple[Segment, str], ColumnProfile] = {}
    for name, cells in wanted.items():
        parts = [rows_of.get(cell.segment, none) for cell in cells]
        profiles = profile_parts(frame[name], cells[0].profile.kind, parts)
        for cell, profile in zip(cells, profiles, strict=True):
            found[cell.segment, name] = profile
    return found


def compare_segments(
    reference: SegmentsReference,
    profiles: Mapping[tuple[Segment, str], ColumnProfile],
    whole: Mapping[str, ColumnDrift],
    broken: Sequence[Break],
    days: float,
    alpha: float,
    settings: MonitoringSettings,
) -> tuple[list[SegmentDrift], list[Break], list[str]]:
    """Compare columns inside segments, corrected for the number of all of them.

    Args:
        reference: What they are compared with.
        profiles: As `segment_profiles` gives them.
        whole: How the columns of the whole window differ.
        broken: What broke in them.
        days: Length of the window.
        alpha: Expected share of false finds among the drifted.
        settings: What counts as large.

    Returns:
        Columns inside segments, the furthest first; what broke in a segment and not in the whole
        column; sentences about segments that could not be judged.
    """
    small: dict[Segment, int] = {}
    judged: list[tuple[SegmentColumn, ColumnProfile, ColumnDrift]] = []
    for cell in reference.cells:
        now = profiles.get((cell.segment, cell.profile.name))
        if now is None:
            continue
        if now.n_rows < MIN_ROWS:
            small[cell.segment] = now.n_rows
            continue
        name = cell.profile.name
        drift = compare_column(
            cell.profile, now, cell.shares, cell.nulls, days, settings,
            importance=whole[name].importance if name in whole else 0.0,
        )  # fmt: skip
        judged.append((cell, now, drift))
    significant = significant_of(np.array([drift.p_value for *_, drift in judged]), alpha)
    told = {(b.column, b.code) for b in broken}
    drifts, breaks = [], []
    for (cell, now, compared), is_sure in zip(judged, significant, strict=True):
        # Where many values lie far beyond anything seen, no variance is needed to be sure.
        is_beyond = share_far_outside(cell.profile, now) > _FAR_OUTSIDE
        is_large = compared.excess > 1
        drift = replace(compared, has_drifted=is_large and (bool(is_sure) or is_beyond))
        is_whole = drift.name in whole and _is_of_the_whole(drift, whole[drift.name])
        inner = []
        if drift.has_drifted:
            inner = [
                b
                for b in breaks_of_column(cell.profile, now, drift, settings)
                if b.is_serious and not (is_whole and (b.column, b.code) in told)
            ]
            # A unit says why values are far outside.
            inner = [b for b in inner if b.code == "UNIT"] or inner
        sentence = _sentence(cell, drift, inner) if drift.has_drifted else ""
        breaks += [replace(b, sentence=sentence) for b in inner[:1]]
        drifts.append(
            SegmentDrift(
                segment=str(cell.segment),
                n_rows=now.n_rows,
                drift=drift,
                is_whole=is_whole,
                sentence=sentence,
            )
        )
    drifts.sort(key=lambda d: (not d.drift.has_drifted, d.is_whole, -d.drift.excess))
    notes = []
    if small:
        shown = ", ".join(
            f"{segment} ({n})" for segment, n in sorted(small.items(), key=_by_rows)[:3]
        )
        notes.append(
            f"segments: {len(small)} with fewer than {MIN_ROWS} rows here are not judged: {shown}"
            + (" ..." if len(small) > 3 else "")
        )
    return drifts, breaks, notes


def _is_of_the_whole(drift: ColumnDrift, whole: ColumnDrift) -> bool:
    """Whether the whole column drifted at least half as far as the segment."""

    def far(each: ColumnDrift) -> float:
        return float(np.nanmax([each.distance, abs(each.null_now - each.null_then), 0.0]))

    return whole.has_drifted and far(whole) > far(drift) / 2


def _rounded(variation: Variation) -> Variation:
    return replace(variation, values=np.round(variation.values / _STEP) * _STEP)


def _by_rows(pair: tuple[Segment, int]) -> int:
    return pair[1]


def _divided(
    frame: pd.DataFrame, dividing: Sequence[str]
) -> tuple[dict[Segment, NDArray[np.intp]], list[str]]:
    """Rows of each segment that is kept, and sentences about what is not."""
    rows_of: dict[Segment, NDArray[np.intp]] = {}
    shares = []
    for column in dict.fromkeys(dividing):
        values = sorted(_rows_by_value(frame[column]).items(), key=lambda pair: -len(pair[1]))
        if len(values) == 1:  # all rows: nothing is divided
            continue
        room = min(_MAX_VALUES, MAX_SEGMENTS - len(rows_of))
        kept = [(v, rows) for v, rows in values if len(rows) >= _MIN_REFERENCE_ROWS][:room]
        rows_of |= {Segment(column=column, value=value): rows for value, rows in kept}
        if len(kept) < len(values):
            shares.append(f"{len(kept)} of {len(values)} values of {column}")
    if not shares:
        return rows_of, []
    return rows_of, [
        f"segments: looked at are {', '.join(shares)} (the largest, of at least "
        f"{_MIN_REFERENCE_ROWS} rows in the reference, at most {_MAX_VALUES} a column and "
        f"{MAX_SEGMENTS} in all)"
    ]


def _rows_by_value(column: pd.Series) -> dict[str, NDArray[np.intp]]:
    category = category_of(column)
    codes = category.codes.astype(np.intp)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(category.categories) + 1))
    return {
        str(name): order[starts[i] : starts[i + 1]]
        for i, name in enumerate(category.categories)
        if starts[i + 1] > starts[i]
    }


def _sentence(cell: SegmentColumn, drift: ColumnDrift, broken: Sequence[Break]) -> str:
    """What is seen of a column inside a segment that drifted there."""
    place = f"{drift.name} in {cell.segment}"
    if abs(drift.null_now - drift.null_then) > drift.null_limit:
        text = f"{100 * drift.null_then:.0f} % → {100 * drift.null_now:.0f} % null"
    elif "median" in drift.then and "median" in drift.now:
        text = f"median {_short(drift.then['median'])} → {_short(drift.now['median'])}"
    else:
        text = f"distance {drift.distance:.2f}, more than {drift.limit:.2f} matters"
    # What broke says the column's name, a colon or a verb, and what is wrong.
    why = [
        b.sentence.removeprefix(f"{drift.name}: ").removeprefix(f"{drift.name} ") for b in broken
    ]
    return f"{place}: {'; '.join([text, *why])}"


def _short(value: float | str) -> str:
    return f"{float(value):,.4g}" if abs(float(value)) < 1e4 else f"{float(value):,.0f}"
