"""Reference: the world a model was judged in, as its bundle remembers it.

Columns are profiled over all rows of the run; scores, alerts, labels and metrics over the rows
the model was not trained on (validation and test).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.evidence import ScoredRows, blocks_of, row_metrics
from harness.monitor.columns import ColumnReference, periods_of, shares_by_period
from harness.monitor.profile import (
    ColumnProfile,
    Profile,
    profile_frame,
)
from harness.monitor.reliability import Reliability, reliability_of
from harness.monitor.variation import Variation

if TYPE_CHECKING:
    from harness.monitor.joint import JointReference
    from harness.monitor.segments import SegmentsReference

Floats = NDArray[np.float64]

SCORE = "score"
_IMPORTANCE_ROWS = 1_000
# Rows scored in one call: a call costs as much as thousands of rows.
_SCORED_AT_ONCE = 20_000
# What is followed besides the metrics, as means over rows.
RATES = ("alert_rate", "label_rate", "residual", "slope")


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """What a window is compared with.

    Attributes:
        profile: Every feature.
        shares: Distribution of each feature by period.
        nulls: Null share of each feature by period, one figure each.
        constant_days: Longest time in which each feature had a single value; nan where no
            period has enough rows to tell.
        importance: Share of what moves the score that each feature carries; sums to 1.
        score: The scores of the judged rows.
        score_shares: Their distribution by period.
        rates: alert_rate, label_rate, residual and slope by period.
        metrics: Jackknife pseudo-values of every metric by period, by metric name.
        points: Every rate and metric over the judged rows.
        reliability: Positive rate given the score.
        threshold: Alert when score >= threshold.
        timezone: Zone of the days.
        first_day: First day of the features' periods.
        last_day: Last day of them.
        outside: Share of each numeric feature outside its range before, by period; None in
            profiles of version 1.
        segments: Columns inside segments; None in profiles of version 1.
        joint: How columns depend on each other; None in profiles of version 1.
    """

    profile: Profile
    shares: Mapping[str, Variation]
    nulls: Mapping[str, Variation]
    constant_days: Mapping[str, float]
    importance: Mapping[str, float]
    score: ColumnProfile
    score_shares: Variation
    rates: Variation
    metrics: Mapping[str, Variation]
    points: Mapping[str, float]
    reliability: Reliability
    threshold: float
    timezone: str
    first_day: str
    last_day: str
    outside: Mapping[str, Variation] | None = None
    segments: SegmentsReference | None = None
    joint: JointReference | None = None


def reference_profile(
    columns: ColumnReference,
    judged: ScoredRows,
    judged_time: pd.DatetimeIndex,
    *,
    threshold: float,
    importance: Mapping[str, float],
) -> Reference:
    """What later rows are compared with.

    Args:
        columns: The features, as `column_reference` gives them.
        judged: Rows the model was not trained on, as it scored them.
        judged_time: Their prediction times.
        threshold: Alert when score >= threshold.
        importance: As `importance_shares` gives it.
    """
    score_column = pd.Series(judged.score, name=SCORE)
    score = profile_frame(score_column.to_frame(), [SCORE], []).columns[SCORE]
    judged_code, n_judged, judged_days, _ = periods_of(judged_time)
    reliability = reliability_of(judged)
    rates, rate_points = _rates(judged, reliability, judged_code, n_judged, judged_days)
    metrics, metric_points = _metrics(judged, judged_time)
    return Reference(
        profile=columns.profile,
        shares=columns.shares,
        nulls=columns.nulls,
        constant_days=columns.constant_days,
        importance=importance,
        score=score,
        score_shares=shares_by_period(score_column, score, judged_code, n_judged, judged_days),
        rates=rates,
        metrics=metrics,
        points=rate_points | metric_points,
        reliability=reliability,
        threshold=threshold,
        timezone=columns.timezone,
        first_day=columns.span[0],
        last_day=columns.span[1],
        outside=columns.outside,
    )


def importance_shares(
    score: Callable[[pd.DataFrame], Floats], features: pd.DataFrame
) -> dict[str, float]:
    """How much scores move when a feature's values are permuted, as shares of 1.

    Needs no labels (as the mean absolute change of Hooker, Mentch and Zhou 2021).

    Args:
        score: Scores a table of features.
        features: Typed rows, shape (n_rows, n_features).
    """
    rows = np.linspace(0, len(features) - 1, min(len(features), _IMPORTANCE_ROWS)).astype(np.intp)
    part = features.iloc[rows].reset_index(drop=True)
    whole = score(part)
    order = np.random.default_rng(0).permutation(len(part))
    names = [str(name) for name in part.columns]
    at_once = max(1, _SCORED_AT_ONCE // len(part))
    moved: dict[str, float] = {}
    for start in range(0, len(names), at_once):
        some = names[start : start + at_once]
        tables = []
        for name in some:
            dealt = part.copy(deep=False)
            dealt[name] = part[name].take(order).set_axis(part.index)
            tables.append(dealt)
        scores = score(pd.concat(tables, ignore_index=True)).reshape(len(some), -1)
        moved |= dict(zip(some, np.abs(scores - whole).mean(axis=1).tolist(), strict=True))
    total = sum(moved.values())
    return {name: value / total if total > 0 else 0.0 for name, value in moved.items()}


def _rates(
    rows: ScoredRows, reliability: Reliability, code: NDArray[np.intp], n: int, days: float
) -> tuple[Variation, dict[str, float]]:
    residual, slope = reliability.concept(rows.score, rows.label)
    columns = (rows.alert, rows.label, residual, slope)
    held = np.bincount(code, minlength=n).astype(np.float64)
    values = np.stack([np.bincount(code, weights=c, minlength=n) / held for c in columns], axis=1)
    points = {name: float(c.mean()) for name, c in zip(RATES, columns, strict=True)}
    return Variation(values=values, weight=held, period_days=days), points


def _metrics(
    rows: ScoredRows, local_time: pd.DatetimeIndex
) -> tuple[dict[str, Variation], dict[str, float]]:
    """Pseudo-values by day: n times the metric less (n - 1) times the metric without the day."""
    by_day = rows.with_blocks(blocks_of("day", local_time, None))
    n = by_day.blocks.n_blocks
    variations, points = {}, {}
    for metric in row_metrics():
        sums = metric.sums(by_day)
        point = metric.point(by_day)
        without = metric.value(sums.sum(axis=0) - sums)
        points[metric.name] = point
        if n >= 2 and np.isfinite(point) and np.isfinite(without).all():
            pseudo = n * point - (n - 1) * without
            variations[metric.name] = Variation(
                values=pseudo[:, None], weight=np.ones(n), period_days=1.0
            )
    return variations, points
