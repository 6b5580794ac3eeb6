"""One row: a dict to a score without building a DataFrame.

Categories are looked up in tables made by asking the fitted transformer about every
category it knows, through its public `transform`; numbers are filled and scaled with the
arrays it learned. Where a pipeline is of another make, `compile_one_row` returns None
and the pipeline itself is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from harness.bundle.input_schema import InputSchema
from harness.bundle.one_tree import compile_ensemble
from harness.candidate.positive_score import model_score

Floats = NDArray[np.float64]
OneRow = Callable[[Mapping[str, Any]], float]


def compile_one_row(pipeline: Pipeline, schema: InputSchema) -> OneRow | None:
    """A fast scorer of single rows, or None where this pipeline has none."""
    transformer = pipeline.named_steps["preprocess"]
    if not isinstance(transformer, ColumnTransformer):
        return None
    numbers: Callable[[Floats], Floats] | None = None
    categories: Callable[[list[str | None]], Floats] | None = None
    for name, part, columns in transformer.transformers_:
        if name == "numeric" and tuple(columns) == schema.numeric:
            numbers = _numbers(part)
        elif name == "categorical" and tuple(columns) == schema.categorical:
            categories = _categories(part, schema.categorical)
        elif len(columns):
            return None
    if (schema.numeric and numbers is None) or (schema.categorical and categories is None):
        return None
    predict = _predictor(pipeline.named_steps["model"])

    def score(row: Mapping[str, Any]) -> float:
        parts = []
        if numbers is not None:
            parts.append(numbers(np.array(schema.numbers_of(row))))
        if categories is not None:
            parts.append(categories(schema.texts_of(row)))
        return predict(np.concatenate(parts)[None, :])

    return score


def _numbers(part: Any) -> Callable[[Floats], Floats] | None:
    # A fitted ColumnTransformer holds "passthrough" as a FunctionTransformer without a function.
    if part == "passthrough" or getattr(part, "func", part) is None:
        return lambda values: values
    if not isinstance(part, Pipeline):
        return None
    imputer, scaler = part.named_steps.get("impute"), part.named_steps.get("scale")
    if not isinstance(imputer, SimpleImputer) or not isinstance(scaler, StandardScaler):
        return None
    filling = np.asarray(imputer.statistics_, dtype=np.float64)
    indicator = imputer.indicator_
    watched = indicator.features_ if indicator is not None else np.empty(0, dtype=np.intp)

    def fill_and_scale(values: Floats) -> Floats:
        absent = np.isnan(values)
        filled = np.concatenate([np.where(absent, filling, values), absent[watched]])
        scaled: Floats = (filled - scaler.mean_) / scaler.scale_
        return scaled

    return fill_and_scale


def _categories(part: Any, names: tuple[str, ...]) -> Callable[[list[str | None]], Floats] | None:
    if not isinstance(part, (OneHotEncoder, OrdinalEncoder)):
        return None
    unknown = "\x00never seen"
    base = _ask(part, names, pd.DataFrame({name: [unknown] for name in names}))[0]
    tables: list[dict[str | None, Floats]] = []
    places: list[NDArray[np.intp]] = []
    for position, name in enumerate(names):
        known = [c for c in part.categories_[position] if isinstance(c, str)]
        values: list[str | None] = [*known, None]
        question = pd.DataFrame({n: [unknown] * len(values) for n in names}, dtype=object)
        question[name] = pd.Series(values, dtype=object)
        answers = _ask(part, names, question)
        place = np.flatnonzero((answers != base).any(axis=0))
        places.append(place)
        tables.append(dict(zip(values, answers[:, place], strict=True)))

    def look_up(values: list[str | None]) -> Floats:
        row: Floats = base.copy()
        for table, place, value in zip(tables, places, values, strict=True):
            answer = table.get(value)
            if answer is not None:
                row[place] = answer
        return row

    return look_up


def _ask(part: Any, names: tuple[str, ...], question: pd.DataFrame) -> Floats:
    # The same types as in training: categoricals of text.
    typed = pd.DataFrame({name: pd.Categorical(question[name]) for name in names})
    return np.asarray(part.transform(typed), dtype=np.float64)


def _predictor(model: Any) -> Callable[[Floats], float]:
    if type(model).__module__.startswith("xgboost.") and hasattr(model, "get_booster"):
        # A copy of its own: threads that wait for each other cost a single row milliseconds.
        booster = model.get_booster().copy()
        booster.set_param({"nthread": 1})
        best = getattr(model, "best_iteration", None) if model.early_stopping_rounds else None
        rounds = (0, 0 if best is None else best + 1)

        def predict(row: Floats) -> float:
            return float(booster.inplace_predict(row, iteration_range=rounds)[0])

        return predict
    return compile_ensemble(model) or (lambda row: float(model_score(model, row)[0]))
