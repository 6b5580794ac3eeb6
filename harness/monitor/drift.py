"""Drift: whether a column differs by more than chance, and by more than it always does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.monitor.columns import MIN_ROWS, lags_of, top_categories
from harness.monitor.profile import NUMERIC, ColumnProfile
from harness.monitor.reference import SCORE, Reference
from harness.monitor.sketch import Sketch, ks_distance, stability_index, wasserstein
from harness.monitor.variation import (
    Variation,
    chi_square_p,
    effective_rows,
    kolmogorov_p,
    natural_distance,
    student_p,
)
from harness.settings.monitoring import MonitoringSettings

Floats = NDArray[np.float64]

TEXTBOOK_P = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How one column of a window differs from the reference.

    Attributes:
        name: Column.
        kind: numeric or categorical.
        distance: Kolmogorov-Smirnov (numeric) or total variation distance; nan without rows.
        limit: Distance that has to be exceeded to matter.
        null_then: Null share in the reference.
        null_now: Null share in the window.
        null_limit: Change of it that has to be exceeded to matter.
        p_value: Chance of differences as large when nothing changed.
        has_drifted: Significant after correction for all columns, and large.
        importance: Share of what moves the score.
        excess: Distance or null change over its limit, the larger: 1 is just large enough.
        stability_index: PSI over the reference's deciles; nan for categories.
        wasserstein: Area between both distributions, in the column's unit.
        unseen_share: Share of rows with a category the reference never had.
        outside_share: Share of rows outside the reference's range.
        outside_limit: Share of them that has to be exceeded to matter; nan where not known.
        has_left_range: Share outside is significant after correction for all columns, and large.
        then: Mean, sd, median, p25 and p75 in the reference; most frequent category of text.
        now: The same in the window.
    """

    name: str
    kind: str
    distance: float
    limit: float
    null_then: float
    null_now: float
    null_limit: float
    p_value: float
    has_drifted: bool
    importance: float
    excess: float
    stability_index: float
    wasserstein: float
    unseen_share: float
    outside_share: float
    outside_limit: float
    has_left_range: bool
    then: dict[str, float | str]
    now: dict[str, float | str]


def compare_columns(
    reference: Reference,
    columns: Sequence[ColumnProfile],
    days: float,
    alpha: float,
    settings: MonitoringSettings,
    *,
    alpha_outside: float = 0.0,
    days_since: float = 0.0,
) -> list[ColumnDrift]:
    """Compare all columns of a window, corrected for their number.

    Args:
        reference: What they are compared with.
        columns: The window's columns, those that are there.
        days: Length of the window.
        alpha: Expected share of false finds among the drifted.
        settings: What counts as large.
        alpha_outside: Chance that any column is said to have left its range when nothing changed.
        days_since: From the reference's last day to the window's.
    """
    drifts = [
        compare_column(
            reference.profile.columns[column.name],
            column,
            reference.shares[column.name],
            reference.nulls[column.name],
            days,
            settings,
            importance=reference.importance.get(column.name, 0.0),
        )
        for column in columns
    ]
    if settings.method == "textbook":
        return [replace(d, has_drifted=d.p_value < TEXTBOOK_P) for d in drifts]
    significant = significant_of(np.array([d.p_value for d in drifts]), alpha)
    each = alpha_outside / max(1, sum(d.kind == NUMERIC for d in drifts))
    return [
        _with_range(
            replace(d, has_drifted=bool(is_sure) and d.excess > 1),
            reference, column, days, each, settings, days_since,
        )
        for d, column, is_sure in zip(drifts, columns, significant, strict=True)
    ]  # fmt: skip


def _with_range(
    drift: ColumnDrift,
    reference: Reference,
    now: ColumnProfile,
    days: float,
    alpha: float,
    settings: MonitoringSettings,
    days_since: float,
) -> ColumnDrift:
    """Say whether more values than usual lie outside the range of the reference.

    For independent rows the number of new values outside the range of n old ones is beta-binomial
    with parameters 2 and n - 1, whatever the distribution (Wilks 1941, "Determination of sample
    sizes for setting tolerance limits"); both counts are scaled to the rows that stand for them.
    """
    then = reference.profile.columns[drift.name]
    variation = (reference.outside or {}).get(drift.name)
    if variation is None or not variation.is_known or not now.n_valid or then.n_valid < MIN_ROWS:
        return drift
    shares = reference.shares[drift.name]
    lags = np.array(lags_of(shares.n_periods, shares.period_days)) * shares.period_days
    lag = min(int(np.searchsorted(lags, max(days, days_since))), len(lags) - 1)
    usual = float(variation.stretches(days)[:, lag].max(initial=0.0))
    limit = max(settings.max_outside_share, usual)
    has_left = False
    if drift.outside_share > limit and now.n_valid >= MIN_ROWS:
        scale = _rows_together(variation, lag)
        n_now, n_then = max(1, round(now.n_valid / scale)), max(2, round(then.n_valid / scale))
        k = round(drift.outside_share * n_now)
        has_left = bool(stats.betabinom.sf(k - 1, n_now, 2, n_then - 1) < alpha)
    return replace(drift, outside_limit=limit, has_left_range=has_left)


def _rows_together(variation: Variation, lag: int) -> float:
    """Rows that leave the range together: the variance of periods' shares over that of chance."""
    share, rows = variation.values[:, lag], variation.weight
    usual = float(variation.whole[lag])
    chance = usual * (1 - usual) / max(float(rows.mean()), 1.0)
    if chance <= 0:
        return 1.0
    spread = float(rows @ (share - usual) ** 2 / rows.sum())
    return float(np.clip(spread / chance, 1.0, max(float(rows.mean()), 1.0)))


def compare_score(
    reference: Reference,
    score: ColumnProfile,
    days: float,
    alpha: float,
    settings: MonitoringSettings,
) -> ColumnDrift:
    """Compare the distribution of scores; arguments as `compare_columns`."""
    nothing = Variation(
        values=np.zeros((1, 1)), weight=np.ones(1), period_days=reference.score_shares.period_days
    )
    drift = compare_column(
        reference.score, score, reference.score_shares, nothing, days, settings, importance=1.0
    )
    sure = drift.p_value < (TEXTBOOK_P if settings.method == "textbook" else alpha)
    large = settings.method == "textbook" or drift.excess > 1
    return replace(drift, name=SCORE, has_drifted=sure and large)


def compare_column(
    then: ColumnProfile,
    now: ColumnProfile,
    shares: Variation,
    nulls: Variation,
    days: float,
    settings: MonitoringSettings,
    *,
    importance: float,
) -> ColumnDrift:
    """Compare one column on its own; `has_drifted` is left to the correction for all of them."""
    n_then, n_now = then.n_valid, now.n_valid
    distance, p_distance, limit = float("nan"), 1.0, settings.min_distance
    if n_then and n_now:
        effective = effective_rows(shares, days, n_now, n_then)
        how = _widest if then.kind == NUMERIC else _half_of_all
        limit = max(limit, natural_distance(shares, days, n_now, how))
        if settings.method == "textbook":
            distance, p_distance = _textbook(then, now)
        elif then.kind == NUMERIC:
            assert then.sketch is not None
            assert now.sketch is not None
            distance = ks_distance(then.sketch, now.sketch)
            p_distance = kolmogorov_p(distance, effective, shares.degrees(days))
        else:
            distance = total_variation(then, now)
            cells = _cells(then, now)
            p_distance = chi_square_p(*cells, effective, shares.degrees(days))
    p_null, null_limit = _null_movement(then, now, nulls, days, settings)
    null_change = abs(now.null_share - then.null_share)
    excesses = [distance / limit, null_change / null_limit]
    unseen = _unseen_share(then, now)
    return ColumnDrift(
        name=then.name,
        kind=then.kind,
        distance=distance,
        limit=limit,
        null_then=then.null_share,
        null_now=now.null_share,
        null_limit=null_limit,
        p_value=min(1.0, 2 * min(p_distance, p_null)),
        has_drifted=False,
        importance=importance,
        excess=float(np.nanmax([*excesses, 0.0])),
        stability_index=_by_sketch(stability_index, then, now),
        wasserstein=_by_sketch(wasserstein, then, now),
        unseen_share=unseen,
        outside_share=_outside_share(then, now),
        outside_limit=float("nan"),
        has_left_range=False,
        then=_summary(then),
        now=_summary(now),
    )


def total_variation(then: ColumnProfile, now: ColumnProfile) -> float:
    """Half the sum of absolute differences of category shares; nan without rows."""
    if not then.n_valid or not now.n_valid:
        return float("nan")
    # A category the reference does not list is one of its others, where it has others.
    names = then.counts.keys() if then.n_other else then.counts.keys() | now.counts.keys()
    gaps = [
        then.counts.get(c, 0) / then.n_valid - now.counts.get(c, 0) / now.n_valid for c in names
    ]
    n_other = now.n_valid - sum(now.counts.get(c, 0) for c in names)
    other = then.n_other / then.n_valid - n_other / now.n_valid
    return float(np.abs([*gaps, other]).sum() / 2)


def _textbook(then: ColumnProfile, now: ColumnProfile) -> tuple[float, float]:
    """Distance and p as if rows were independent, with nothing said about size."""
    if then.sketch is not None and now.sketch is not None:
        distance = ks_distance(then.sketch, now.sketch)
        n = then.n_valid * now.n_valid / (then.n_valid + now.n_valid)
        return distance, float(stats.kstwobign.sf(distance * np.sqrt(n)))
    shares = _cells(then, now)
    counts = np.stack([shares[0] * now.n_valid, shares[1] * then.n_valid])
    counts = counts[:, counts.sum(axis=0) > 0]
    p = float(stats.chi2_contingency(counts).pvalue) if counts.shape[1] > 1 else 1.0
    return total_variation(then, now), p


def _null_movement(
    then: ColumnProfile,
    now: ColumnProfile,
    nulls: Variation,
    days: float,
    settings: MonitoringSettings,
) -> tuple[float, float]:
    """Chance of the change of the null share, and the change that matters."""
    if settings.method == "textbook":
        return 1.0, settings.min_null_change
    limit = max(settings.min_null_change, natural_distance(nulls, days, now.n_rows, _widest))
    difference = now.null_share - then.null_share
    if not np.isfinite(difference) or abs(difference) <= limit:
        return 1.0, limit
    share = np.clip(then.null_share, 1 / max(then.n_rows, 1), 1 - 1 / max(then.n_rows, 1))
    chance = share * (1 - share) * (1 / max(now.n_rows, 1) + 1 / max(then.n_rows, 1))
    natural = float(nulls.variance(days)[0]) if nulls.is_known else 0.0
    return student_p(difference, max(chance, natural), nulls.degrees(days)), limit


def _cells(then: ColumnProfile, now: ColumnProfile) -> tuple[Floats, Floats]:
    """Shares of the frequent categories, of all others seen, and of those never seen."""
    names = top_categories(then)
    other = set(then.counts) - set(names)
    new = sum(count for name, count in now.counts.items() if name not in then.counts)
    ours = [now.counts.get(name, 0) for name in names]
    theirs = [then.counts.get(name, 0) for name in names]
    rest_now = sum(now.counts.get(name, 0) for name in other) + now.n_other
    if then.n_other:  # what the reference does not list is one of its others
        rest_now, new = rest_now + new, 0
    rest_then = sum(then.counts.get(name, 0) for name in other) + then.n_other
    return (
        np.array([*ours, rest_now, new]) / now.n_valid,
        np.array([*theirs, rest_then, 0]) / then.n_valid,
    )


def _unseen_share(then: ColumnProfile, now: ColumnProfile) -> float:
    if then.kind == NUMERIC or not now.n_valid or then.n_other:
        return 0.0
    new = sum(count for name, count in now.counts.items() if name not in then.counts)
    return (new + now.n_other) / now.n_valid


def _outside_share(then: ColumnProfile, now: ColumnProfile) -> float:
    if then.sketch is None or now.sketch is None or not then.sketch.n or not now.sketch.n:
        return 0.0
    low, high = now.sketch.cdf(then.sketch.values[[0, -1]])
    return float(low[0] + 1 - high[-1])


def _summary(column: ColumnProfile) -> dict[str, float | str]:
    if column.sketch is not None:
        low, middle, high = column.sketch.quantile(np.array([0.25, 0.5, 0.75]))
        return {
            "mean": column.sketch.mean,
            "sd": column.sketch.sd,
            "median": float(middle),
            "p25": float(low),
            "p75": float(high),
        }
    if not column.counts:
        return {}
    name, count = next(iter(column.counts.items()))
    return {"most_frequent": name, "its_share": count / column.n_valid}


def _by_sketch(
    figure: Callable[[Sketch, Sketch], float], then: ColumnProfile, now: ColumnProfile
) -> float:
    if then.sketch is None or now.sketch is None:
        return float("nan")
    return figure(then.sketch, now.sketch)


def significant_of(p_values: Floats, alpha: float) -> NDArray[np.bool_]:
    """Benjamini and Hochberg (1995), "Controlling the false discovery rate"."""
    if not len(p_values):
        return np.zeros(0, dtype=bool)
    return np.asarray(stats.false_discovery_control(p_values) <= alpha)


def _widest(differences: Floats) -> Floats:
    widest: Floats = np.abs(differences).max(axis=1, initial=0.0)
    return widest


def _half_of_all(differences: Floats) -> Floats:
    """Total variation from the frequent categories; what is left over counts as one more."""
    rest = np.abs(differences.sum(axis=1))
    half: Floats = (np.abs(differences).sum(axis=1) + rest) / 2
    return half
