"""Baseline: what the candidate has to beat, scored on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.candidate.fit import fit_model
from harness.candidate.scoring import score_rows
from harness.candidate.threshold import Threshold, choose_threshold
from harness.data import Dataset, Split
from harness.data.outcome_values import RowValues
from harness.data.stream import StreamedDataset
from harness.errors import ConfigError
from harness.settings import (
    CandidateSettings,
    LogisticBaseline,
    NoCalibration,
    NoWeighting,
    PriorBaseline,
    RuleBaseline,
    ThresholdPolicy,
)

# Numeric rule columns with more distinct values than this are cut into as many parts.
_MAX_CELLS_PER_COLUMN = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineScores:
    """A baseline's scores and alerts, in the order of the split's windows.

    Attributes:
        kind: prior, rule, logistic or champion.
        meaning: One sentence for readers.
        validation: Validation scores, shape (n_validation_rows,).
        validation_alert: Whether each validation row is alerted.
        test: Test scores, shape (n_test_rows,).
        test_alert: Whether each test row is alerted, shape (n_test_rows,).
        threshold: How alerts were chosen; None when the baseline never alerts.
    """

    kind: str
    meaning: str
    validation: NDArray[np.float64]
    validation_alert: NDArray[np.bool_]
    test: NDArray[np.float64]
    test_alert: NDArray[np.bool_]
    threshold: Threshold | None


@singledispatch
def fit_baseline(
    settings: object, dataset: Dataset, split: Split, values: RowValues, *, n_jobs: int | None
) -> BaselineScores:
    """Fit a baseline on training and score validation and test.

    Args:
        settings: One of the baseline settings.
        dataset: All rows.
        split: The judged windows.
        values: Worth per row of the whole dataset, for the threshold policy.
        n_jobs: Threads; None for all cores.
    """
    raise ConfigError(f"baseline: {type(settings).__name__} is no baseline this harness knows")


@fit_baseline.register
def _(
    settings: PriorBaseline,
    dataset: Dataset,
    split: Split,
    values: RowValues,
    *,
    n_jobs: int | None,
) -> BaselineScores:
    rate = float(dataset.label[split.train].mean())
    return _silent("prior", "the overall rate of the training window, never an alert", rate, split)


@fit_baseline.register
def _(
    settings: RuleBaseline, dataset: Dataset, split: Split, values: RowValues, *, n_jobs: int | None
) -> BaselineScores:
    rate = float(dataset.label[split.train].mean())
    if not settings.columns:
        meaning = (
            "the overall rate of the training window, never an alert "
            "(name dataset.rule_columns for a rule that is harder to beat)"
        )
        return _silent("rule", meaning, rate, split)
    cells = np.zeros(len(dataset), dtype=np.int64)
    for name in settings.columns:
        codes, n_codes = _cells(dataset.frame[name], split.train)
        cells = cells * n_codes + codes
    cells = pd.factorize(cells)[0]
    n_cells = int(cells.max()) + 1
    seen = np.bincount(cells[split.train], minlength=n_cells)
    positive = np.bincount(cells[split.train], dataset.label[split.train], minlength=n_cells)
    weight = settings.smoothing_rows
    rates = (positive + weight * rate) / (seen + weight)
    names = " x ".join(settings.columns)
    return _alerting(
        "rule",
        f"the historic rate by {names}",
        rates[cells],
        settings.threshold,
        dataset,
        split,
        values,
    )


@fit_baseline.register
def _(
    settings: LogisticBaseline,
    dataset: Dataset,
    split: Split,
    values: RowValues,
    *,
    n_jobs: int | None,
) -> BaselineScores:
    if isinstance(dataset, StreamedDataset):
        raise ConfigError(
            "baseline=logistic: needs all rows in memory; with dataset.stream=true choose baseline=rule, "
            "prior or champion"
        )
    candidate = CandidateSettings(
        preprocess={"_target_": "harness.candidate.preprocess.linear"},
        model={
            "_target_": "sklearn.linear_model.LogisticRegression",
            "C": settings.c,
            "max_iter": 300,
        },
        weighting=NoWeighting(),
        calibration=NoCalibration(),
        threshold=settings.threshold,
        held_back_share=0.0,
        seed=0,
    )
    fitted = fit_model(candidate, dataset, split.train, n_jobs=n_jobs)
    score = np.full(len(dataset), np.nan)
    for rows in (split.validation, split.test):
        score[rows] = score_rows(fitted.pipeline, dataset, rows)
    meaning = "a plain logistic regression on the same features"
    return _alerting("logistic", meaning, score, settings.threshold, dataset, split, values)


def _cells(column: pd.Series, train: NDArray[np.intp]) -> tuple[NDArray[np.int64], int]:
    """Cell of each row by one column; quantile parts of training for many numbers."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        distinct = np.unique(numbers[train][~np.isnan(numbers[train])])
        if len(distinct) > _MAX_CELLS_PER_COLUMN:
            quantiles = np.linspace(0, 1, _MAX_CELLS_PER_COLUMN + 1)[1:-1]
            distinct = np.unique(np.nanquantile(numbers[train], quantiles))
        codes = np.searchsorted(distinct, numbers, side="right")
        codes[np.isnan(numbers)] = len(distinct) + 1
        return codes.astype(np.int64), len(distinct) + 2
    codes, names = pd.factorize(column)
    return codes.astype(np.int64) + 1, len(names) + 1


def _silent(kind: str, meaning: str, rate: float, split: Split) -> BaselineScores:
    return BaselineScores(
        kind=kind,
        meaning=meaning,
        validation=np.full(len(split.validation), rate),
        validation_alert=np.zeros(len(split.validation), dtype=bool),
        test=np.full(len(split.test), rate),
        test_alert=np.zeros(len(split.test), dtype=bool),
        threshold=None,
    )


def _alerting(
    kind: str,
    meaning: str,
    score: NDArray[np.float64],
    policy: ThresholdPolicy,
    dataset: Dataset,
    split: Split,
    values: RowValues,
) -> BaselineScores:
    validation = split.validation
    threshold = choose_threshold(
        policy, score[validation], dataset.label[validation], values.take(validation)
    )
    return BaselineScores(
        kind=kind,
        meaning=meaning,
        validation=score[validation],
        validation_alert=score[validation] >= threshold.value,
        test=score[split.test],
        test_alert=score[split.test] >= threshold.value,
        threshold=threshold,
    )
