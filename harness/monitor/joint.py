"""Joint change: whether columns depend on each other as they did.

Two columns may keep their distributions while what ties them together breaks: rows joined to the
wrong customer, a feed shifted by a day. No rows are kept for this. The reference stores, by
period, the sums that correlations are made of, for the columns that move the score most: normal
scores of numbers (ranks in the reference's own distribution), their squares, and indicators of
frequent categories. Correlations of a window are held against those of all stretches of the
reference of the same length.

It sees changes between two columns at a time, of direction (scores) or of spread (squares). A
change that only shows among three columns at once leaves all of these as they were.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from harness.monitor.columns import periods_of
from harness.monitor.drift import significant_of
from harness.monitor.profile import NUMERIC, Profile, category_of, numbers_of
from harness.monitor.sketch import Sketch
from harness.monitor.variation import Variation, student_p
from harness.settings.monitoring import MonitoringSettings

Floats = NDArray[np.float64]

MAX_COLUMNS = 8
_MAX_PERIODS = 61
# A window of fewer rows shows no correlation well enough.
MIN_ROWS = 200
SCORE, SPREAD = "score", "spread"
# Indicators of a category more or less frequent than that hardly correlate with anything.
_LEAST_SHARE, _MOST_CATEGORIES = 0.05, 2
# Normal scores are cut off where a reference of a thousand rows ends.
_LEAST_RANK = 0.001
# Beyond this a Fisher-transformed correlation has no scale.
_MOST_CORRELATION = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number per row that correlations are made of.

    Attributes:
        column: Column it is made from.
        of: score, spread, or the category it indicates.
        is_category: Whether it indicates a category.
    """

    column: str
    of: str
    is_category: bool = False

    def __str__(self) -> str:
        if self.is_category:
            return f"{self.column}={self.of}"
        return self.column if self.of == SCORE else f"spread of {self.column}"


@dataclass(frozen=True, kw_only=True, eq=False)
class JointReference:
    """How the most important columns depend on each other, by period.

    Attributes:
        figures: What correlations are made of.
        moments: Means of each figure, then of each product of two (i <= j), by period.
    """

    figures: tuple[Figure, ...]
    moments: Variation

    @cached_property
    def pairs(self) -> NDArray[np.intp]:
        """Pairs of figures of different columns, shape (n_pairs, 2)."""
        return np.array(
            [
                (i, j)
                for i, one in enumerate(self.figures)
                for j, other in enumerate(self.figures[:i])
                if one.column != other.column
            ],
            dtype=np.intp,
        ).reshape(-1, 2)[:, ::-1]

    def is_of_spread(self, place: int) -> bool:
        """Whether a pair has the spread of a column in it."""
        return any(
            self.figures[i].of == SPREAD and not self.figures[i].is_category
            for i in self.pairs[place]
        )

    def correlations(self, moments: Floats) -> Floats:
        """Correlation of each pair, nan where a figure does not vary, shape (..., n_pairs)."""
        n = len(self.figures)
        upper = np.triu_indices(n)
        products = np.empty((*moments.shape[:-1], n, n))
        products[..., upper[0], upper[1]] = moments[..., n:]
        products[..., upper[1], upper[0]] = moments[..., n:]
        mean = moments[..., :n]
        covariance = products - mean[..., :, None] * mean[..., None, :]
        variance = np.einsum("...ii->...i", covariance)
        first, second = self.pairs.T
        scale = variance[..., first] * variance[..., second]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = covariance[..., first, second] / np.sqrt(scale)
        tiny = (variance[..., first] < 1e-9) | (variance[..., second] < 1e-9)
        correlations: Floats = np.where(tiny, np.nan, np.clip(found, -1.0, 1.0))
        return correlations


@dataclass(frozen=True, slots=True, kw_only=True)
class JointWindow:
    """The same of a window.

    Attributes:
        n_rows: Its rows.
        moments: Means of each figure and product; nan where a column is not there.
    """

    n_rows: int
    moments: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class JointChange:
    """How far the correlation of two columns moved.

    Attributes:
        first: One figure: a column, the spread of one, or column=category.
        second: The other.
        columns: The columns they are made from.
        then: Correlation in the reference.
        now: Correlation in the window.
        limit: Change that has to be exceeded to matter.
        p_value: Chance of a change as large when nothing changed.
        has_changed: Significant after correction for all pairs, and large.
    """

    first: str
    second: str
    columns: tuple[str, str]
    then: float
    now: float
    limit: float
    p_value: float
    has_changed: bool

    @property
    def excess(self) -> float:
        """Change over its limit: 1 is just large enough."""
        return abs(self.now - self.then) / self.limit


def joint_reference(
    frame: pd.DataFrame,
    local_time: pd.DatetimeIndex,
    profile: Profile,
    importance: Mapping[str, float],
) -> JointReference:
    """Sums behind the correlations of the most important columns.

    Args:
        frame: Typed features, shape (n_rows, n_features).
        local_time: Prediction times in the dataset's zone.
        profile: Their profile.
        importance: Share of what moves the score that each feature carries.
    """
    code, n_periods, days, _ = periods_of(local_time, _MAX_PERIODS)
    ranked = sorted(profile.columns, key=lambda name: (-importance.get(name, 0.0), len(name)))
    figures = [f for name in ranked[:MAX_COLUMNS] for f in _figures(profile, name)]
    values = _values(figures, profile, frame)
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(n_periods + 1))
    moments = [_moments(values[order[start:end]]) for start, end in itertools.pairwise(starts)]
    n_rows = np.diff(starts).astype(np.float64)
    return JointReference(
        figures=tuple(figures),
        moments=Variation(values=np.array(moments), weight=n_rows, period_days=days),
    )


def joint_window(reference: JointReference, profile: Profile, frame: pd.DataFrame) -> JointWindow:
    """The same sums of a window.

    Args:
        reference: What is made of which column.
        profile: Columns of the reference, for the ranks of their values.
        frame: The window's rows, as they came; columns may be missing.
    """
    return JointWindow(
        n_rows=len(frame), moments=_moments(_values(reference.figures, profile, frame))
    )


def compare_joint(
    reference: JointReference,
    window: JointWindow,
    moved: Sequence[str],
    days: float,
    alpha: float,
    settings: MonitoringSettings,
) -> list[JointChange]:
    """Every pair of columns that can be judged, the furthest first.

    The variance of a correlation (on Fisher's scale) over a window is that of stretches of the
    reference as long; a window with fewer rows than usual scatters more.

    Args:
        reference: What is compared with.
        window: The window.
        moved: Columns whose own distribution changed: their pairs are left out.
        days: Length of the window.
        alpha: Expected share of false finds among the changed.
        settings: What counts as large.
    """
    if window.n_rows < MIN_ROWS or not len(reference.pairs) or not reference.moments.is_known:
        return []
    moments = reference.moments
    then = reference.correlations(moments.whole)
    now = reference.correlations(window.moments)
    stretches = reference.correlations(moments.stretches(days))
    quarters = reference.correlations(moments.stretches(np.inf))
    short = max(1.0, moments.period_days / max(days, 1e-9))
    thin = short * max(1.0, moments.usual_rows(days) / window.n_rows)
    share = 1 / (1 - min(days / moments.period_days / moments.n_periods, 0.25))
    variance = _scatter(stretches, then) * share * thin + _scatter(quarters, then) / 4
    variance = np.maximum(variance, 1 / window.n_rows)
    gaps = np.abs(stretches - then)
    natural = np.minimum(gaps.mean(axis=0) + 3 * gaps.std(axis=0), gaps.max(axis=0))
    limits = np.maximum(settings.min_correlation_change, natural * np.sqrt(thin))
    used = [
        place
        for place, pair in enumerate(reference.pairs)
        if np.isfinite([then[place], now[place], variance[place]]).all()
        and not {reference.figures[i].column for i in pair} & set(moved)
    ]
    degrees = moments.degrees(days)
    gap = _fisher(now) - _fisher(then)
    p_values = np.array([student_p(float(gap[i]), float(variance[i]), degrees) for i in used])
    # Half of the chance for directions, half for spreads, of which there are three times as many.
    of_spread = np.array([reference.is_of_spread(i) for i in used], dtype=bool)
    significant = np.zeros(len(used), dtype=bool)
    for family in (of_spread, ~of_spread):
        significant[family] = significant_of(p_values[family], alpha / 2)
    found = []
    for i, p_value, is_sure in zip(used, p_values, significant, strict=True):
        first, second = (reference.figures[j] for j in reference.pairs[i])
        found.append(
            JointChange(
                first=str(first),
                second=str(second),
                columns=(first.column, second.column),
                then=float(then[i]),
                now=float(now[i]),
                limit=float(limits[i]),
                p_value=float(p_value),
                has_changed=bool(is_sure) and abs(now[i] - then[i]) > limits[i],
            )
        )
    return sorted(found, key=lambda change: (not change.has_changed, -change.excess))


def _figures(profile: Profile, name: str) -> list[Figure]:
    column = profile.columns[name]
    if column.kind == NUMERIC:
        assert column.sketch is not None
        n_values = len(column.sketch.values)
        kinds = (SCORE, SPREAD) if n_values > 2 else (SCORE,) if n_values == 2 else ()
        return [Figure(column=name, of=kind) for kind in kinds]
    frequent = [
        value
        for value, count in column.counts.items()
        if _LEAST_SHARE <= count / max(column.n_valid, 1) <= 1 - _LEAST_SHARE
    ]
    # Of two categories one says what the other does.
    most = 1 if len(column.counts) == 2 else _MOST_CATEGORIES
    return [Figure(column=name, of=value, is_category=True) for value in frequent[:most]]


def _values(figures: Sequence[Figure], profile: Profile, frame: pd.DataFrame) -> Floats:
    """Each row's figures, 0 where there is no value, shape (n_rows, n_figures)."""
    found = np.full((len(frame), len(figures)), np.nan)
    scores: dict[str, Floats] = {}
    for place, figure in enumerate(figures):
        if figure.column not in frame:
            continue
        if figure.is_category:
            category = category_of(frame[figure.column])
            names = np.array([str(name) == figure.of for name in category.categories] + [False])
            found[:, place] = names[category.codes]
            continue
        if figure.column not in scores:
            sketch = profile.columns[figure.column].sketch
            assert sketch is not None
            scores[figure.column] = _normal_scores(sketch, numbers_of(frame[figure.column])[0])
        score = scores[figure.column]
        found[:, place] = np.nan_to_num(score if figure.of == SCORE else score**2 - 1)
    return found


def _normal_scores(sketch: Sketch, values: Floats) -> Floats:
    """Normal quantiles of the values' ranks in the reference; nan where there is none."""
    known = ~np.isnan(values)
    below, upto = sketch.cdf(values[known])
    rank = np.clip((below + upto) / 2, _LEAST_RANK, 1 - _LEAST_RANK)
    scores = np.full(len(values), np.nan)
    scores[known] = special.ndtri(rank)
    return scores


def _moments(values: Floats) -> Floats:
    n = max(len(values), 1)
    products = (values.T @ values)[np.triu_indices(values.shape[1])]
    return np.concatenate([values.sum(axis=0), products]) / n


def _fisher(correlation: Floats) -> Floats:
    transformed: Floats = np.arctanh(np.clip(correlation, -_MOST_CORRELATION, _MOST_CORRELATION))
    return transformed


def _scatter(stretches: Floats, whole: Floats) -> Floats:
    scatter: Floats = ((_fisher(stretches) - _fisher(whole)) ** 2).mean(axis=0)
    return scatter
