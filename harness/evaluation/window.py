"""Window: candidate and baseline side by side on the rows of one window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.candidate import Trial
from harness.data import Dataset, Split
from harness.data.outcome_values import RowValues
from harness.errors import ConfigError
from harness.evidence import ScoredRows, blocks_of, row_metrics


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredWindow:
    """One window as both models saw it; everything in the order of its rows.

    Attributes:
        rows: Positions in the dataset, shape (n_rows,).
        local_time: Prediction times in the dataset's zone.
        candidate: Rows as the candidate scored them.
        baseline: The same rows as the baseline scored them.
        segments: Segment columns.
    """

    rows: NDArray[np.intp]
    local_time: pd.DatetimeIndex
    candidate: ScoredRows
    baseline: ScoredRows
    segments: Mapping[str, pd.Categorical]

    @property
    def n_days(self) -> int:
        """Days from the first to the last row, both counted."""
        day = self.local_time.tz_localize(None).normalize()
        return int((day.max() - day.min()).days) + 1


def scored_windows(
    block_kind: str,
    dataset: Dataset,
    split: Split,
    values: RowValues,
    trial: Trial,
    test_score: NDArray[np.float64],
) -> tuple[ScoredWindow, ScoredWindow]:
    """The validation and the test window of a trial.

    Args:
        block_kind: Resampling unit: day, week or entity.
        dataset: All rows.
        split: The windows.
        values: Worth per row of the whole dataset.
        trial: Models, thresholds and validation scores.
        test_score: The candidate's scores of the test window, shape (n_test_rows,).

    Raises:
        ConfigError: If blocks by entity are asked for and there is no entity column.
    """
    baseline = trial.baseline
    test = _window(
        block_kind,
        dataset,
        split.test,
        values,
        (test_score, test_score >= trial.threshold.value),
        (baseline.test, baseline.test_alert),
    )
    return validation_window(block_kind, dataset, split, values, trial), test


def validation_window(
    block_kind: str, dataset: Dataset, split: Split, values: RowValues, trial: Trial
) -> ScoredWindow:
    """The validation window of a trial; arguments as `scored_windows`."""
    return _window(
        block_kind,
        dataset,
        split.validation,
        values,
        (trial.validation, trial.validation >= trial.threshold.value),
        (trial.baseline.validation, trial.baseline.validation_alert),
    )


def judged_rows(*windows: ScoredWindow) -> tuple[ScoredRows, pd.DatetimeIndex]:
    """The candidate's rows of several windows together, and their prediction times."""
    parts = [window.candidate for window in windows]
    first, *others = (window.local_time for window in windows)
    time = pd.DatetimeIndex(first.append(others))
    return ScoredRows(
        score=np.concatenate([p.score for p in parts]),
        alert=np.concatenate([p.alert for p in parts]),
        label=np.concatenate([p.label for p in parts]),
        value_if_alert=np.concatenate([p.value_if_alert for p in parts]),
        value_if_silent=np.concatenate([p.value_if_silent for p in parts]),
        blocks=blocks_of("day", time, None),
    ), time


def points(rows: ScoredRows) -> dict[str, float]:
    """Point value of every row metric by name; nan where undefined."""
    return {metric.name: metric.point(rows) for metric in row_metrics()}


def _window(
    block_kind: str,
    dataset: Dataset,
    rows: NDArray[np.intp],
    values: RowValues,
    candidate: tuple[NDArray[np.float64], NDArray[np.bool_]],
    baseline: tuple[NDArray[np.float64], NDArray[np.bool_]],
) -> ScoredWindow:
    if block_kind == "entity" and dataset.entity is None:
        raise ConfigError("criteria.blocks: entity needs dataset.entity to name a column")
    local = dataset.local_time()[rows]
    entity = dataset.entity[rows] if dataset.entity is not None else None
    blocks = blocks_of(block_kind, local, entity)
    worth = values.take(rows)
    label = dataset.label[rows]

    def scored(score: NDArray[np.float64], alert: NDArray[np.bool_]) -> ScoredRows:
        return ScoredRows(
            score=score,
            alert=alert,
            label=label,
            value_if_alert=worth.if_alert,
            value_if_silent=worth.if_silent,
            blocks=blocks,
        )

    return ScoredWindow(
        rows=rows,
        local_time=local,
        candidate=scored(*candidate),
        baseline=scored(*baseline),
        segments={name: _segment(dataset.frame[name], rows) for name in dataset.roles.segments},
    )


def _segment(column: pd.Series, rows: NDArray[np.intp]) -> pd.Categorical:
    return pd.Categorical(column.iloc[rows]).remove_unused_categories()
