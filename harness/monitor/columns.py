"""Columns: the features of a reference, whatever model is judged on them.

Each is profiled over all rows of the run, and followed from period to period, so that later
windows are held against how much it varies by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.engine import Engine, LocalEngine
from harness.monitor.profile import (
    CATEGORICAL,
    NUMERIC,
    ColumnProfile,
    Profile,
    category_of,
    n_repeated_rows,
    numbers_of,
    profile_column,
)
from harness.monitor.variation import Variation

Floats = NDArray[np.float64]

# Longer references are cut into longer periods.
MAX_PERIODS = 183
# Shares followed of a column: up to each sixteenth, or of each of the 15 most frequent categories.
N_CELLS = 16
_LAG_DAYS = (1, 7, 30)
_LEAST_PERIODS_OF_RANGE = 8
# Fewer rows are alike by chance.
MIN_ROWS = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnReference:
    """What is known of the features alone, whatever model is judged on them.

    Attributes:
        profile: Every feature.
        shares: Distribution of each feature by period.
        nulls: Null share of each feature by period.
        constant_days: Longest time in which each feature had a single value.
        outside: Shares of each numeric feature outside the range before, as
            `outside_by_period` gives them; features of too few periods have none.
        timezone: Zone of the days.
        span: First and last day.
    """

    profile: Profile
    shares: Mapping[str, Variation]
    nulls: Mapping[str, Variation]
    constant_days: Mapping[str, float]
    outside: Mapping[str, Variation]
    timezone: str
    span: tuple[str, str]


def column_reference(
    features: pd.DataFrame,
    local_time: pd.DatetimeIndex,
    kinds: tuple[Sequence[str], Sequence[str]],
    engine: Engine | None = None,
) -> ColumnReference:
    """Profile the features of the rows a model was trained and judged on.

    Args:
        features: Typed features of all rows, shape (n_rows, n_features).
        local_time: Their prediction times in the dataset's zone.
        kinds: Names of numeric and of categorical features.
        engine: What works the columns out; null for this process.
    """
    numeric, categorical = kinds
    code, n_periods, days, span = periods_of(local_time)
    of_kind = dict.fromkeys(numeric, NUMERIC) | dict.fromkeys(categorical, CATEGORICAL)
    names = [str(name) for name in features if name in of_kind]
    order = np.argsort(code, kind="stable")
    periods = _Periods(
        code=code,
        n=n_periods,
        days=days,
        order=order,
        starts=np.searchsorted(code[order], np.arange(n_periods)),
    )
    shared = (features, of_kind, periods)
    followed = list((engine or LocalEngine()).map(_follow, names, shared))
    by_name = dict(zip(names, followed, strict=True))
    profile = Profile(
        columns={name: each.profile for name, each in by_name.items()},
        n_rows=len(features),
        n_repeated=n_repeated_rows(features, numeric, categorical),
    )
    return ColumnReference(
        profile=profile,
        shares={name: each.shares for name, each in by_name.items()},
        nulls={name: each.nulls for name, each in by_name.items()},
        constant_days={name: each.constant_days for name, each in by_name.items()},
        outside={n: each.outside for n, each in by_name.items() if each.outside is not None},
        timezone=str(local_time.tz),
        span=span,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Periods:
    """Period of each row, and the rows of each period."""

    code: NDArray[np.intp]
    n: int
    days: float
    order: NDArray[np.intp]
    starts: NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Followed:
    """One feature's part of a reference."""

    profile: ColumnProfile
    shares: Variation
    nulls: Variation
    constant_days: float
    outside: Variation | None


def _follow(name: str, shared: tuple[pd.DataFrame, Mapping[str, str], _Periods]) -> _Followed:
    features, of_kind, periods = shared
    column = features[name]
    profile = profile_column(column, of_kind[name])
    return _Followed(
        profile=profile,
        shares=shares_by_period(column, profile, periods.code, periods.n, periods.days),
        nulls=null_share_by_period(column, periods.code, periods.n, periods.days),
        constant_days=_constant_days(column, profile, periods),
        outside=None
        if profile.kind != NUMERIC
        else outside_by_period(numbers_of(column)[0], periods.code, periods.n, periods.days),
    )


def periods_of(
    local_time: pd.DatetimeIndex, most: int = MAX_PERIODS
) -> tuple[NDArray[np.intp], int, float, tuple[str, str]]:
    """Period of each row, number of periods (`most` at most), days in each, first and last day."""
    day = local_time.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    first, last = int(day.min()), int(day.max())
    days = -(-(last - first + 1) // most)
    code = ((day - first) // days).astype(np.intp)
    # Days without rows, such as the gap between windows, are no periods.
    used, code = np.unique(code, return_inverse=True)
    span = (str(np.datetime64(first, "D")), str(np.datetime64(last, "D")))
    return code.astype(np.intp), len(used), float(days), span


def top_categories(column: ColumnProfile, n_cells: int = N_CELLS) -> list[str]:
    """The most frequent categories, whose shares are followed."""
    return list(column.counts)[: n_cells - 1]


def shares_by_period(
    column: pd.Series,
    profile: ColumnProfile,
    code: NDArray[np.intp],
    n: int,
    days: float,
    n_cells: int = N_CELLS,
) -> Variation:
    """Share up to each quantile, or of each frequent category, by period.

    Args:
        column: The values, shape (n_rows,).
        profile: Their profile.
        code: Period of each row.
        n: Number of periods.
        days: Length of each.
        n_cells: Parts of equal share that numbers are cut into.
    """
    if profile.kind == NUMERIC:
        values, _ = numbers_of(column)
        assert profile.sketch is not None
        # Without ties.
        cuts = np.unique(profile.sketch.quantile(np.arange(1, n_cells) / n_cells))
        valid = ~np.isnan(values)
        cell = np.searchsorted(cuts, values[valid], side="left")
        counts = _counts(code[valid], cell, n, len(cuts) + 1)
        held = counts.sum(axis=1)
        kept = np.cumsum(counts, axis=1)[:, :-1]
    else:
        category = category_of(column)
        place = {name: i for i, name in enumerate(top_categories(profile, n_cells))}
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


def null_share_by_period(
    column: pd.Series, code: NDArray[np.intp], n: int, days: float
) -> Variation:
    """Share of rows without a value, by period; a period without rows weighs nothing."""
    rows = np.bincount(code, minlength=n).astype(np.float64)
    null = column.isna().to_numpy(dtype=bool)
    share = np.bincount(code, weights=null, minlength=n) / np.maximum(rows, 1.0)
    return Variation(values=share[:, None], weight=rows, period_days=days)


def lags_of(n_periods: int, period_days: float) -> list[int]:
    """Periods between a past and what is held against it: a day, a week, a month, a quarter of all."""
    most = n_periods // 4
    lags = {min(max(1, round(days / period_days)), most) for days in _LAG_DAYS}
    return sorted(lags | {most})


def outside_by_period(
    values: Floats, code: NDArray[np.intp], n: int, days: float
) -> Variation | None:
    """Share of each period's values outside the range of all periods some time before it.

    That is what a later window may show when nothing is wrong: a year, an age or the warmth of
    summer leaves the range of its past again and again, a rate hardly ever. Followed over the
    second half of the reference, so that there is a past; None for fewer than eight periods.

    Args:
        values: A column's numbers, nan where there is none, shape (n_rows,).
        code: Period of each row.
        n: Number of periods.
        days: Length of each.

    Returns:
        Figures are shares by lag (`lags_of`), periods those of the second half.
    """
    if n < _LEAST_PERIODS_OF_RANGE:
        return None
    lags, start = lags_of(n, days), n // 2
    least, most = np.full(n, np.inf), np.full(n, -np.inf)
    valid = ~np.isnan(values)
    held = np.bincount(code[valid], minlength=n)[start:].astype(np.float64)
    np.minimum.at(least, code[valid], values[valid])
    np.maximum.at(most, code[valid], values[valid])
    least, most = np.minimum.accumulate(least), np.maximum.accumulate(most)
    shares = np.zeros((n - start, len(lags)))
    past = start - lags[-1]
    if least[past] > least[-1] or most[past] < most[-1]:
        late = valid & (code >= start)
        at, late_values = code[late], values[late]
        for place, lag in enumerate(lags):
            outside = (late_values < least[at - lag]) | (late_values > most[at - lag])
            count = np.bincount(at - start, weights=outside, minlength=n - start)
            shares[:, place] = count / np.maximum(held, 1.0)
    return Variation(values=shares, weight=held, period_days=days) if held.sum() else None


def _constant_days(
    column: pd.Series,
    profile: ColumnProfile,
    periods: _Periods,
) -> float:
    """Longest time with a single value."""
    order, starts = periods.order, periods.starts
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
    return longest * periods.days


def _counts(code: NDArray[np.intp], cell: NDArray[np.intp], n: int, n_cells: int) -> Floats:
    counts = np.bincount(code * n_cells + cell, minlength=n * n_cells)
    return counts.reshape(n, n_cells).astype(np.float64)
