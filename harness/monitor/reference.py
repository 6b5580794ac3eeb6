"""Reference: the world a model was judged in, as its bundle remembers it.

Columns are profiled over all rows of the run; scores, alerts, labels and metrics over the rows
the model was not trained on (validation and test).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.evidence import ScoredRows, blocks_of, row_metrics
from harness.monitor.profile import (
    NUMERIC,
    ColumnProfile,
    Profile,
    category_of,
    numbers_of,
    profile_frame,
)
from harness.monitor.reliability import Reliability, reliability_of
from harness.monitor.variation import Variation

Floats = NDArray[np.float64]

# Longer references are cut into longer periods.
MAX_PERIODS = 183
SCORE = "score"
_CUTS = np.arange(1, 16) / 16
_TOP_CATEGORIES = 15
# Fewer rows are alike by chance.
MIN_ROWS = 30
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


def reference_profile(
    features: pd.DataFrame,
    local_time: pd.DatetimeIndex,
    kinds: tuple[Sequence[str], Sequence[str]],
    judged: ScoredRows,
    judged_time: pd.DatetimeIndex,
    *,
    threshold: float,
    importance: Mapping[str, float],
) -> Reference:
    """Profile the rows a model was trained and judged on.

    Args:
        features: Typed features of all rows, shape (n_rows, n_features).
        local_time: Their prediction times in the dataset's zone.
        kinds: Names of numeric and of categorical features.
        judged: Rows the model was not trained on, as it scored them.
        judged_time: Their prediction times.
        threshold: Alert when score >= threshold.
        importance: As `importance_shares` gives it.
    """
    numeric, categorical = kinds
    profile = profile_frame(features, numeric, categorical)
    code, n_periods, days, span = periods_of(local_time)
    shares, nulls, constant_days = {}, {}, {}
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(n_periods))
    for name, column in profile.columns.items():
        shares[name] = _shares(features[name], column, code, n_periods, days)
        nulls[name] = _null_share(features[name], code, n_periods, days)
        constant_days[name] = _constant_days(features[name], column, order, starts, days)
    score_column = pd.Series(judged.score, name=SCORE)
    score = profile_frame(score_column.to_frame(), [SCORE], []).columns[SCORE]
    judged_code, n_judged, judged_days, _ = periods_of(judged_time)
    reliability = reliability_of(judged)
    rates, rate_points = _rates(judged, reliability, judged_code, n_judged, judged_days)
    metrics, metric_points = _metrics(judged, judged_time)
    return Reference(
        profile=profile,
        shares=shares,
        nulls=nulls,
        constant_days=constant_days,
        importance=importance,
        score=score,
        score_shares=_shares(score_column, score, judged_code, n_judged, judged_days),
        rates=rates,
        metrics=metrics,
        points=rate_points | metric_points,
        reliability=reliability,
        threshold=threshold,
        timezone=str(local_time.tz),
        first_day=span[0],
        last_day=span[1],
    )


def periods_of(
    local_time: pd.DatetimeIndex,
) -> tuple[NDArray[np.intp], int, float, tuple[str, str]]:
    """Period of each row, number of periods, days in each, first and last day."""
    day = local_time.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    first, last = int(day.min()), int(day.max())
    days = -(-(last - first + 1) // MAX_PERIODS)
    code = ((day - first) // days).astype(np.intp)
    # Days without rows, such as the gap between windows, are no periods.
    used, code = np.unique(code, return_inverse=True)
    span = (str(np.datetime64(first, "D")), str(np.datetime64(last, "D")))
    return code.astype(np.intp), len(used), float(days), span


def cuts_of(column: ColumnProfile) -> Floats:
    """Sixteenths of a numeric column, without ties."""
    assert column.sketch is not None
    return np.unique(column.sketch.quantile(_CUTS))


def top_categories(column: ColumnProfile) -> list[str]:
    """The most frequent categories, whose shares are followed."""
    return list(column.counts)[:_TOP_CATEGORIES]


def importance_shares(
    score: Callable[[pd.DataFrame], Floats], features: pd.DataFrame
) -> dict[str, float]:
    """How much scores move when a feature's values are dealt out anew, as shares of 1.

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


def _shares(
    column: pd.Series, profile: ColumnProfile, code: NDArray[np.intp], n: int, days: float
) -> Variation:
    """Share up to each cut, or of each frequent category, by period."""
    if profile.kind == NUMERIC:
        values, _ = numbers_of(column)
        cuts = cuts_of(profile)
        valid = ~np.isnan(values)
        cell = np.searchsorted(cuts, values[valid], side="left")
        counts = _counts(code[valid], cell, n, len(cuts) + 1)
        held = counts.sum(axis=1)
        kept = np.cumsum(counts, axis=1)[:, :-1]
    else:
        category = category_of(column)
        place = {name: i for i, name in enumerate(top_categories(profile))}
        cells = np.array(
            [place.get(str(c), len(place)) for c in category.categories], dtype=np.intp
        )
        valid = category.codes >= 0
        counts = _counts(code[valid], cells[category.codes[valid]], n, len(place) + 1)
        held = counts.sum(axis=1)
        kept = counts[:, : len(place)]
    whole = kept.sum(axis=0) / max(held.sum(), 1.0)
    with np.errstate(invalid="ignore"):
        values_by_period = np.where(held[:, None] > 0, kept / held[:, None], whole)
    weight = held if held.sum() > 0 else np.ones(n)
    return Variation(values=values_by_period, weight=weight, period_days=days)


def _null_share(column: pd.Series, code: NDArray[np.intp], n: int, days: float) -> Variation:
    rows = np.bincount(code, minlength=n).astype(np.float64)
    null = column.isna().to_numpy(dtype=bool)
    share = np.bincount(code, weights=null, minlength=n) / rows
    return Variation(values=share[:, None], weight=rows, period_days=days)


def _constant_days(
    column: pd.Series,
    profile: ColumnProfile,
    order: NDArray[np.intp],
    starts: NDArray[np.intp],
    days: float,
) -> float:
    """Longest time with a single value.

    Args:
        column: The feature.
        profile: Its profile.
        order: Rows sorted by period, shape (n_rows,).
        starts: Where each period begins in that order, shape (n_periods,).
        days: Length of a period.
    """
    if profile.kind == NUMERIC:
        values = numbers_of(column)[0][order]
        absent = np.isnan(values)
    else:
        codes = category_of(column).codes
        values = codes[order].astype(np.float64)
        absent = codes[order] < 0
    least = np.minimum.reduceat(np.where(absent, np.inf, values), starts)
    most = np.maximum.reduceat(np.where(absent, -np.inf, values), starts)
    enough = np.add.reduceat(~absent, starts, dtype=np.int64) >= MIN_ROWS
    if not enough.any():
        return float("nan")
    longest, run = 0, 0
    for i, is_constant in enumerate(least == most):
        goes_on = is_constant and run and least[i] == least[i - 1]
        run = run + 1 if goes_on else int(is_constant)
        longest = max(longest, run)
    return longest * days


def _counts(code: NDArray[np.intp], cell: NDArray[np.intp], n: int, n_cells: int) -> Floats:
    counts = np.bincount(code * n_cells + cell, minlength=n * n_cells)
    return counts.reshape(n, n_cells).astype(np.float64)


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
