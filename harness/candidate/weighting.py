"""Weighting: class imbalance in training, in whatever form the model takes it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ConfigError, FitError
from harness.settings import BalancedWeighting, NoWeighting, RatioWeighting


@singledispatch
def positive_weight(settings: object, label: NDArray[np.bool_]) -> float | None:
    """How much a positive row weighs against a negative one; None for no weights.

    Args:
        settings: One of the weighting settings.
        label: Training labels, shape (n_rows,).
    """
    raise ConfigError(f"weighting: {type(settings).__name__} is no weighting this harness knows")


@positive_weight.register
def _(settings: NoWeighting, label: NDArray[np.bool_]) -> float | None:
    return None


@positive_weight.register
def _(settings: BalancedWeighting, label: NDArray[np.bool_]) -> float | None:
    n_positive = int(label.sum())
    return (len(label) - n_positive) / max(n_positive, 1)


@positive_weight.register
def _(settings: RatioWeighting, label: NDArray[np.bool_]) -> float | None:
    return settings.positive_weight


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedWeight:
    """How a weight reached the model.

    Attributes:
        form: scale_pos_weight, class_weight, sample_weight or none.
        fit_arguments: What to pass to the model's `fit` beside X and y.
    """

    form: str
    fit_arguments: dict[str, Any]


def apply_weight(model: Any, weight: float | None, label: NDArray[np.bool_]) -> AppliedWeight:
    """Give a model its positive weight in the form it takes.

    Args:
        model: Unfitted estimator; its parameters may be set.
        weight: Weight of a positive row; None changes nothing.
        label: Training labels, shape (n_rows,).

    Raises:
        FitError: If the model takes weights in no form.
    """
    if weight is None:
        return AppliedWeight(form="none", fit_arguments={})
    parameters = model.get_params()
    if "scale_pos_weight" in parameters:
        model.set_params(scale_pos_weight=weight)
        return AppliedWeight(form="scale_pos_weight", fit_arguments={})
    if "class_weight" in parameters:
        model.set_params(class_weight={0: 1.0, 1: weight})
        return AppliedWeight(form="class_weight", fit_arguments={})
    if "sample_weight" in inspect.signature(model.fit).parameters:
        weights = np.where(label, weight, 1.0)
        return AppliedWeight(form="sample_weight", fit_arguments={"sample_weight": weights})
    raise FitError(
        f"weighting: {type(model).__name__} takes no class or sample weights; use weighting=none"
    )
