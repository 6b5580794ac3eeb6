"""Run: a bundle and new rows, to a report for each window."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.bundle import Bundle
from harness.data.outcome_values import row_values
from harness.data.rows_source import RowsSource
from harness.errors import ConfigError, HarnessError
from harness.evidence import RowMetric, ScoredRows, blocks_of, find_metric
from harness.evidence.blocks import random_blocks
from harness.monitor import (
    Reference,
    ScoredWindowRows,
    WindowReport,
    inside_columns,
    inside_window,
    judge_window,
    label_coverage,
    profile_windows,
)
from harness.monitor.profile import category_of
from harness.settings import CriteriaSettings, MonitoringSettings
from harness.watch.rows import MonitoredRows, mature_labels
from harness.watch.score import score_rows

Floats = NDArray[np.float64]
_ONE_DAY = np.timedelta64(1, "D")


def monitor_rows(
    bundle: Bundle,
    reference: Reference,
    rows: MonitoredRows,
    protocol: Mapping[str, Any],
    criteria: CriteriaSettings,
    settings: MonitoringSettings,
    *,
    by: str | None = None,
) -> list[WindowReport]:
    """Judge all rows as one window, or day by day, or week by week.

    Args:
        bundle: What scores.
        reference: The world it was judged in.
        rows: What to look at.
        protocol: The bundle's protocol.
        criteria: Its criteria.
        settings: What counts as drift, and as an alert.
        by: day, week, month, or None for one window.

    Raises:
        ConfigError: If windows are asked for and there is no time.
    """
    source, schema = rows.source, bundle.schema
    local = _local(rows.time, reference.timezone)
    windows = _windows(local, source.n_rows, by, source.name)
    present = [name for name in schema.columns if name in source.columns]
    profiles = profile_windows(
        source.column_blocks(present),
        schema.numeric,
        schema.categorical,
        [window.rows for window in windows],
        source.n_rows,
    )
    within = _within(reference, rows)
    score, alert, problem = score_rows(bundle, source, present)
    known, waiting = mature_labels(rows, protocol["dataset"].get("label_delay"))
    metrics = followed_metrics(criteria)
    worth = _worth(criteria, rows, known)
    if worth is None:
        metrics = [name for name in metrics if not name.startswith("value")]
    extra = _extra(source, protocol, schema.columns)
    reports = []
    for window, profile in zip(windows, profiles, strict=True):
        scored = None
        if score is not None and alert is not None:
            scored = _scored(window, local, score, alert, known, waiting, worth)
            if known is not None:
                coverage = label_coverage(
                    ~np.isnan(known[window.rows]),
                    waiting[window.rows],
                    settings,
                    score=score[window.rows],
                    day=None if rows.time is None else rows.time[window.rows],
                    segments=_segments(reference, protocol, within, window.rows),
                )
                scored = replace(scored, coverage=coverage)
        reports.append(
            judge_window(
                reference,
                profile,
                scored,
                settings,
                name=window.name,
                span=window.span,
                days=window.days,
                metrics=metrics,
                extra=extra,
                problem=problem,
                inside=inside_window(reference, within.iloc[window.rows]),
            )
        )
    return reports


def followed_metrics(criteria: CriteriaSettings) -> list[str]:
    """ROC-AUC and every row metric the criteria name."""
    asked = [*criteria.primary_metrics]
    asked += [guardrail.metric or name for name, guardrail in criteria.guardrail_metrics.items()]
    found = [name for name in asked if isinstance(find_metric(name), RowMetric)]
    return [n for n in dict.fromkeys(["roc_auc", *found]) if n != "alert_rate"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Window:
    name: str
    rows: NDArray[np.intp]
    span: tuple[str, str] | None
    days: float


def _windows(
    local: pd.DatetimeIndex | None, n_rows: int, by: str | None, name: str
) -> list[_Window]:
    if local is None:
        if by is not None:
            raise ConfigError(f"--by {by}: the table has no time column; name it by --time")
        return [_Window(name=name, rows=np.arange(n_rows), span=None, days=1.0)]
    day = local.tz_localize(None).to_numpy().astype("datetime64[D]")
    start = day.copy()
    if by == "week":
        start = day - (day.astype(np.int64) + 3) % 7 * _ONE_DAY  # 1970-01-01 was a Thursday
    elif by == "month":
        start = day.astype("datetime64[M]").astype("datetime64[D]")
    elif by is None:
        start[:] = day.min()
    order = np.argsort(start, kind="stable")
    edges = np.flatnonzero(np.append(True, np.diff(start[order]) > np.timedelta64(0, "D")))
    found = []
    for rows in np.split(order, edges[1:]):
        first, last = day[rows].min(), day[rows].max()
        found.append(
            _Window(
                name=name if by is None else str(start[rows[0]]),
                rows=np.sort(rows),
                span=(str(first), str(last)),
                days=float((last - first) / _ONE_DAY) + 1,
            )
        )
    return found


def _scored(
    window: _Window,
    local: pd.DatetimeIndex | None,
    score: Floats,
    alert: NDArray[np.bool_],
    known: Floats | None,
    waiting: NDArray[np.bool_],
    worth: tuple[Floats, Floats] | None,
) -> ScoredWindowRows:
    at = window.rows
    scored = ScoredWindowRows(score=score[at], alert=alert[at])
    if known is None:
        return scored
    has_label = ~np.isnan(known[at])
    scored = replace(
        scored,
        n_waiting=int(waiting[at].sum()),
        n_unlabelled=int((~has_label & ~waiting[at]).sum()),
    )
    if not has_label.any():
        return scored
    kept = at[has_label]
    zeros = np.zeros(len(kept))
    if local is None:
        blocks = random_blocks(len(kept))
    else:
        blocks = blocks_of("day", pd.DatetimeIndex(local[kept]), None)
    labelled = ScoredRows(
        score=score[kept],
        alert=alert[kept],
        label=known[kept] == 1,
        value_if_alert=worth[0][kept] if worth else zeros,
        value_if_silent=worth[1][kept] if worth else zeros,
        blocks=blocks,
    )
    return replace(scored, labelled=labelled)


def _within(reference: Reference, rows: MonitoredRows) -> pd.DataFrame:
    """The columns that are looked at inside segments and in pairs, those that are there."""
    wanted = inside_columns(reference)
    in_source = [name for name in wanted if name in rows.source.columns]
    frame = rows.source.read(in_source) if in_source else rows.values[[]]
    # A segment that is no feature may be known beside the features.
    beside = [n for n in wanted if n not in in_source and n in rows.values.columns]
    return frame.reset_index(drop=True).assign(**{n: rows.values[n].to_numpy() for n in beside})


def _segments(
    reference: Reference,
    protocol: Mapping[str, Any],
    within: pd.DataFrame,
    rows: NDArray[np.intp],
) -> dict[str, pd.Categorical]:
    """Segments that outcomes may be missing from: the declared, and those of the reference."""
    named = [*(protocol["dataset"].get("segments") or [])]
    named += [] if reference.segments is None else reference.segments.dividing
    return {
        name: category_of(within[name].iloc[rows])
        for name in dict.fromkeys(named)
        if name in within.columns
    }


def _worth(
    criteria: CriteriaSettings, rows: MonitoredRows, known: Floats | None
) -> tuple[Floats, Floats] | None:
    """Worth per row; None without labels, or where the table lacks the columns."""
    if known is None:
        return None
    try:
        values = row_values(criteria.outcome_values, known == 1, rows.values)
    except HarnessError:
        return None
    return values.if_alert, values.if_silent


def _extra(source: RowsSource, protocol: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """Columns that neither the model uses nor the protocol mentions."""
    if source.is_log or protocol["dataset"]["kind"] != "table":
        return []
    mentioned = json.dumps(protocol["dataset"])
    return [n for n in source.columns if n not in columns and json.dumps(n) not in mentioned]


def _local(time: NDArray[np.datetime64] | None, timezone: str) -> pd.DatetimeIndex | None:
    if time is None:
        return None
    return pd.DatetimeIndex(time).tz_localize("UTC").tz_convert(timezone)
