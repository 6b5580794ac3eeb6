"""Positive score: what a pipeline says of each row, the same bits however many rows are asked.

Matrix products add up in an order that depends on the number of rows, so a linear model's
scores would differ by a rounding between a batch and a single row. Theirs are summed row by
row here; trees do not add across rows and are asked as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]


def pipeline_score(pipeline: Pipeline, features: pd.DataFrame) -> Floats:
    """Score of each row of a table, shape (n_rows,).

    Args:
        pipeline: Fitted, with the steps `preprocess` and `model`.
        features: Typed features.
    """
    matrix = pipeline.named_steps["preprocess"].transform(features)
    return model_score(pipeline.named_steps["model"], matrix)


def model_score(model: Any, matrix: Any) -> Floats:
    """The positive class's probability for each row of a matrix, shape (n_rows,).

    Args:
        model: A fitted classifier.
        matrix: What preprocessing made of the rows, (n_rows, n_columns).
    """
    if type(model) is LogisticRegression:
        return np.asarray(special.expit(_linear(model, matrix)), dtype=np.float64)
    inner = _calibrated_linear(model)
    if inner is not None:
        calibrator = model.calibrated_classifiers_[0].calibrators[0]
        return np.asarray(calibrator.predict(_linear(inner, matrix)), dtype=np.float64)
    return np.asarray(model.predict_proba(matrix)[:, 1], dtype=np.float64)


def _calibrated_linear(model: Any) -> LogisticRegression | None:
    """The logistic regression inside a calibration, where there is one."""
    if not isinstance(model, CalibratedClassifierCV):
        return None
    frozen = model.estimator
    inner = frozen.estimator if isinstance(frozen, FrozenEstimator) else None
    return inner if type(inner) is LogisticRegression else None


def _linear(model: LogisticRegression, matrix: Any) -> Floats:
    """Intercept and weighted sum of each row, each row summed by itself."""
    rows = np.ascontiguousarray(matrix, dtype=np.float64)
    total: Floats = (rows * model.coef_[0]).sum(axis=1) + model.intercept_[0]
    return total
