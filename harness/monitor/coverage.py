"""Coverage: how many rows have an outcome, and whether those that have stand for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from harness.settings.monitoring import MonitoringSettings

# Both parts need so many rows to be compared.
_MIN_ROWS = 30
# Not an alarm, a caveat: the chance that one is said of a part drawn at random.
_ALPHA = 0.001
# Difference of coverage between days, or segments, that matters.
_UNEVEN = 0.2
_MOST_VALUES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCoverage:
    """How much of a window has an outcome.

    Attributes:
        n_rows: Rows.
        n_labelled: Rows with an outcome that is old enough to count.
        n_waiting: Rows too young for one.
        n_unlabelled: Rows old enough that have none.
        share: Labelled share of the rows old enough; nan without such rows.
        is_low: Whether that is less than monitoring.min_label_coverage.
        uneven: How the labelled part differs from the rest, a sentence each.
    """

    n_rows: int
    n_labelled: int
    n_waiting: int
    n_unlabelled: int
    share: float
    is_low: bool
    uneven: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """How many rows have an outcome, and why the others have none."""
        if self.n_labelled == self.n_rows:
            return f"all {self.n_rows:,} rows have an outcome"
        without = self.n_rows - self.n_labelled
        parts = []
        if self.n_waiting:
            parts.append(f"{self.n_waiting:,} are too young for one")
        if self.n_unlabelled:
            parts.append(f"{self.n_unlabelled:,} are old enough")
        return (
            f"{without:,} of {self.n_rows:,} rows ({100 * without / self.n_rows:.0f} %) have no "
            f"outcome yet: {', '.join(parts)}"
        )

    @property
    def caveat(self) -> str | None:
        """Why figures made from outcomes may not hold for all rows; None where they do."""
        if not self.n_labelled or not (self.is_low or self.uneven):
            return None
        known = f"{100 * self.share:.0f} % of the rows that should have an outcome"
        return "; ".join([f"known for {known}", *self.uneven])


def label_coverage(
    has_label: NDArray[np.bool_],
    is_waiting: NDArray[np.bool_],
    settings: MonitoringSettings,
    *,
    score: NDArray[np.float64] | None = None,
    day: NDArray[np.datetime64] | None = None,
    segments: Mapping[str, pd.Categorical] | None = None,
) -> LabelCoverage:
    """Count outcomes, and compare rows that have one with rows that should.

    Args:
        has_label: Rows whose outcome is known and old enough, shape (n_rows,).
        is_waiting: Rows too young for one.
        settings: What counts as low.
        score: Scores of the rows.
        day: Day of each row.
        segments: Segment of each row, by column.
    """
    old = ~is_waiting
    n_labelled, n_old = int(has_label.sum()), int(old.sum())
    share = n_labelled / n_old if n_old else float("nan")
    uneven: list[str] = []
    if n_labelled and n_labelled < n_old:
        known = has_label[old]
        if score is not None:
            uneven += _by_score(score[old], known)
        if day is not None:
            uneven += _by_day(day[old], known)
        for name, column in (segments or {}).items():
            uneven += _by_segment(name, column[old], known)
    return LabelCoverage(
        n_rows=len(has_label),
        n_labelled=n_labelled,
        n_waiting=len(has_label) - n_old,
        n_unlabelled=n_old - n_labelled,
        share=share,
        is_low=bool(share < settings.min_label_coverage),
        uneven=tuple(uneven),
    )


def _by_score(score: NDArray[np.float64], known: NDArray[np.bool_]) -> list[str]:
    """Whether rows with an outcome have other scores than rows without."""
    if min(known.sum(), (~known).sum()) < _MIN_ROWS:
        return []
    test = stats.ks_2samp(score[known], score[~known], method="asymp")
    if test.statistic <= 0.1 or test.pvalue >= _ALPHA:
        return []
    return [
        f"rows with an outcome have a mean score of {score[known].mean():.3g}, those without "
        f"{score[~known].mean():.3g}"
    ]


def _by_day(day: NDArray[np.datetime64], known: NDArray[np.bool_]) -> list[str]:
    """Whether outcomes are missing at one end of the window, in thirds of its rows' days."""
    if np.isnat(day).any() or len(known) < 3 * _MIN_ROWS:
        return []
    order = np.argsort(day, kind="stable")
    # Parts end with whole days.
    place = np.searchsorted(day[order], day, side="left") * 3 // len(day)
    told = _shares(pd.Categorical(place.astype(str)), known)
    if not _differ(told):
        return []
    first, last = told[min(told)], told[max(told)]
    return [f"{100 * first[0]:.0f} % of the earliest third are known and {100 * last[0]:.0f} % of "
            "the latest"] if abs(first[0] - last[0]) > _UNEVEN else [
            "coverage differs from day to day: "
            f"{100 * min(s for s, _ in told.values()):.0f} to "
            f"{100 * max(s for s, _ in told.values()):.0f} % by third of the window"]  # fmt: skip


def _by_segment(name: str, column: pd.Categorical, known: NDArray[np.bool_]) -> list[str]:
    if len(column.categories) > _MOST_VALUES:
        return []
    told = _shares(column, known)
    if not _differ(told):
        return []
    ordered = sorted(told, key=lambda value: told[value][0])
    low, high = ordered[0], ordered[-1]
    return [
        f"{100 * told[low][0]:.0f} % of {name}={low} are known and {100 * told[high][0]:.0f} % of "
        f"{name}={high}"
    ]


def _shares(column: pd.Categorical, known: NDArray[np.bool_]) -> dict[str, tuple[float, int]]:
    """Share known and rows, by value with enough rows."""
    valid = column.codes >= 0
    n_values = len(column.categories)
    rows = np.bincount(column.codes[valid], minlength=n_values)
    hits = np.bincount(column.codes[valid], weights=known[valid], minlength=n_values)
    return {
        str(value): (float(hits[i] / rows[i]), int(rows[i]))
        for i, value in enumerate(column.categories)
        if rows[i] >= _MIN_ROWS
    }


def _differ(told: Mapping[str, tuple[float, int]]) -> bool:
    """Whether shares differ by more than chance, and by enough to matter."""
    if len(told) < 2:
        return False
    shares = [share for share, _ in told.values()]
    if max(shares) - min(shares) <= _UNEVEN:
        return False
    counts = np.array([[share * n, (1 - share) * n] for share, n in told.values()])
    if not counts.sum(axis=0).all():
        return False
    return bool(stats.chi2_contingency(counts).pvalue < _ALPHA)
