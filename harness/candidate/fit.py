"""Fit: preprocessing, weights, model and calibration, on training rows only."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from harness.candidate.fit_streamed import fit_booster
from harness.candidate.positive_score import pipeline_score
from harness.candidate.rounds import OnRound, watched
from harness.candidate.targets import build, transformer_for
from harness.candidate.weighting import apply_weight, positive_weight
from harness.candidate.worded import worded
from harness.data import Dataset
from harness.data.stream import StreamedDataset
from harness.errors import ConfigError, FitError
from harness.settings import (
    CandidateSettings,
    IsotonicCalibration,
    NoCalibration,
    SigmoidCalibration,
)

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedModel:
    """A fitted pipeline and how it came about.

    Attributes:
        pipeline: Steps `preprocess` and `model`; takes a DataFrame of features.
        weight_form: How class weights reached the model.
        n_trained: Rows the model learned from.
        n_held_back: Rows at the end of training kept for early stopping or calibration.
        n_rounds: Boosting rounds used, where the model boosts.
        notes: Sentences for the report.
    """

    pipeline: Pipeline
    weight_form: str
    n_trained: int
    n_held_back: int
    n_rounds: int | None
    notes: tuple[str, ...]

    def score(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Probability-like score of each row, shape (n_rows,)."""
        return pipeline_score(self.pipeline, features)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preprocessed:
    """Rows as a model sees them.

    Attributes:
        transformer: Fitted on the rows learned from.
        learn: Those rows, shape (n_learn, n_columns).
        held_back: Rows kept for early stopping or calibration; None without any.
    """

    transformer: Any
    learn: Features
    held_back: Features | None


# Takes a kind, a key and a way to make something; makes it, or remembers it.
Once = Callable[[str, str, Callable[[], Any]], Any]


def _always(kind: str, key: str, build: Callable[[], Any]) -> Any:
    return build()


def fit_model(
    settings: CandidateSettings,
    dataset: Dataset,
    train: NDArray[np.intp],
    *,
    n_jobs: int | None,
    once: Once = _always,
    on_round: OnRound | None = None,
) -> FittedModel:
    """Fit a candidate on the training window.

    Args:
        settings: The candidate.
        dataset: All rows; only those in `train` are looked at.
        train: Training rows in time order, shape (n_train_rows,).
        n_jobs: Threads, where the model takes them; None for all cores.
        once: Remembers preprocessed rows from one candidate to the next.
        on_round: Hears of the loss on held-back rows while a model boosts, and may end it.

    Raises:
        FitError: If the model cannot be built, fitted or asked for probabilities.
    """
    model = build("model", settings.model, n_jobs=n_jobs, seed=settings.seed)
    transformer = transformer_for(settings.preprocess, dataset.roles)
    calibrator = calibration_method(settings.calibration)
    stops_early = _stops_early(model)
    share = settings.held_back_share if (stops_early or calibrator) else 0.0
    if calibrator and share == 0:
        raise ConfigError("held_back_share: calibration needs rows to fit on; choose 0.15 or so")
    learn, held_back = _hold_back(dataset, train, share)
    label = dataset.label[learn]
    _need_both_classes("training", label)

    notes: list[str] = []
    x_held: Features | None
    weight = positive_weight(settings.weighting, label)
    applied = apply_weight(model, weight, label)
    with warnings.catch_warnings(record=True) as caught, watched(model, on_round):
        warnings.simplefilter("always", ConvergenceWarning)
        if isinstance(dataset, StreamedDataset):
            with worded(f"model: {type(model).__name__}"):
                fit_booster(model, transformer, dataset, learn, held_back)
            held_back = dataset.sampled_of(held_back)
            x_held = _matrix(transformer.transform(dataset.take(held_back)))
        else:
            rows: Preprocessed = once(
                "preprocess",
                f"{settings.preprocess} {share}",
                lambda: _preprocess(transformer, dataset, learn, held_back),
            )
            transformer, x_held = rows.transformer, rows.held_back
            arguments = dict(applied.fit_arguments)
            if stops_early:
                arguments |= _early_stopping(model, x_held, dataset.label[held_back])
            with worded(f"model: {type(model).__name__}"):
                model.fit(rows.learn, label.astype(np.int64), **arguments)
    if any(issubclass(w.category, ConvergenceWarning) for w in caught):
        notes.append("the model stopped before it converged; give it more iterations")
    if not hasattr(model, "predict_proba") and calibrator is None:
        raise FitError(
            f"model: {type(model).__name__} gives no probabilities; add calibration=sigmoid"
        )
    final = model
    if calibrator is not None:
        assert x_held is not None
        _need_both_classes("the held-back end of training", dataset.label[held_back])
        final = CalibratedClassifierCV(FrozenEstimator(model), method=calibrator)
        final.fit(x_held, dataset.label[held_back].astype(np.int64))
    elif weight is not None and weight != 1:
        notes.append(
            f"a positive weighed {weight:.3g} times a negative in training, so scores are not "
            "probabilities; calibration=isotonic makes them so"
        )
    if hasattr(model, "estimators_") and "n_jobs" in model.get_params():
        model.set_params(n_jobs=1)  # threads add up trees' votes in any order: scores would vary
    return FittedModel(
        pipeline=Pipeline([("preprocess", transformer), ("model", final)]),
        weight_form=applied.form,
        n_trained=len(learn),
        n_held_back=len(held_back),
        n_rounds=_rounds(model),
        notes=tuple(notes),
    )


def _preprocess(
    transformer: Any, dataset: Dataset, learn: NDArray[np.intp], held_back: NDArray[np.intp]
) -> Preprocessed:
    with worded("preprocess: it"):
        x_learn = _matrix(transformer.fit_transform(dataset.features.iloc[learn]))
    x_held = None
    if len(held_back):
        x_held = _matrix(transformer.transform(dataset.features.iloc[held_back]))
    return Preprocessed(transformer=transformer, learn=x_learn, held_back=x_held)


@singledispatch
def calibration_method(settings: object) -> str | None:
    """scikit-learn's name for a calibration; None for none."""
    raise ConfigError(
        f"calibration: {type(settings).__name__} is no calibration this harness knows"
    )


@calibration_method.register
def _(settings: NoCalibration) -> str | None:
    return None


@calibration_method.register
def _(settings: SigmoidCalibration) -> str | None:
    return "sigmoid"


@calibration_method.register
def _(settings: IsotonicCalibration) -> str | None:
    return "isotonic"


def _hold_back(
    dataset: Dataset, train: NDArray[np.intp], share: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The last `share` of training in time, and the rows before it with known labels."""
    if share == 0:
        return train, train[:0]
    start = dataset.time[train][int(len(train) * (1 - share))]
    is_late = dataset.time[train] >= start
    learn = train[~is_late & (dataset.label_known[train] < start)]
    if len(learn) == 0:
        raise ConfigError(
            f"held_back_share: {share} leaves no training rows; choose a smaller share"
        )
    return learn, train[is_late]


def _stops_early(model: Any) -> bool:
    parameters: Mapping[str, Any] = model.get_params()
    if "early_stopping_rounds" in parameters:
        return bool(parameters["early_stopping_rounds"])
    by_set = "X_val" in inspect.signature(model.fit).parameters
    return by_set and parameters.get("early_stopping") is True


def _early_stopping(
    model: Any, x_held: Features | None, label: NDArray[np.bool_]
) -> dict[str, Any]:
    """Fit arguments that make the model watch the held-back rows, or stop watching any."""
    by_rounds = "early_stopping_rounds" in model.get_params()
    if x_held is None:
        model.set_params(
            **({"early_stopping_rounds": None} if by_rounds else {"early_stopping": False})
        )
        return {}
    outcome = label.astype(np.int64)
    if by_rounds:
        return {"eval_set": [(x_held, outcome)], "verbose": False}
    return {"X_val": x_held, "y_val": outcome}


def _rounds(model: Any) -> int | None:
    best = getattr(model, "best_iteration", None) if _stops_early(model) else None
    if best is not None:
        return int(best) + 1
    for name in ("n_iter_", "n_estimators"):
        value = getattr(model, name, None)
        if isinstance(value, (int, np.integer)):
            return int(value)
    return None


def _matrix(features: Any) -> Features:
    return np.ascontiguousarray(features, dtype=np.float64)


def _need_both_classes(where: str, label: NDArray[np.bool_]) -> None:
    n_positive = int(label.sum())
    if n_positive in (0, len(label)):
        raise FitError(
            f"split: {where} holds {n_positive} positives among {len(label):,} rows; "
            "a classifier needs both classes, so lengthen the window"
        )
