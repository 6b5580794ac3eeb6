"""Preprocess: numbers and categories as the model wants them, learned from training only.

A preprocessing config names one of these functions, or a user's own with the same
first two arguments, by `_target_`; it returns an unfitted scikit-learn transformer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from harness.errors import ConfigError


def linear(
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    impute: str = "median",
    add_missing_indicator: bool = True,
    max_categories: int | None = 60,
    min_frequency: int | None = 50,
) -> ColumnTransformer:
    """Impute and scale numbers, one column per frequent category.

    Args:
        numeric: Names of numeric feature columns.
        categorical: Names of categorical feature columns.
        impute: median, mean or constant (zero), learned from training rows.
        add_missing_indicator: Adds a 0/1 column for each number ever missing.
        max_categories: Most columns per category; the rarest share one.
        min_frequency: Categories on fewer training rows share a column.

    Raises:
        ConfigError: If `impute` is unknown.
    """
    if impute not in ("median", "mean", "constant"):
        raise ConfigError(f"preprocess.impute: '{impute}' is unknown; use median, mean or constant")
    numbers = Pipeline(
        [
            (
                "impute",
                SimpleImputer(
                    strategy=impute,
                    fill_value=0.0 if impute == "constant" else None,
                    add_indicator=add_missing_indicator,
                    keep_empty_features=True,
                ),
            ),
            ("scale", StandardScaler()),
        ]
    )
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=max_categories,
        min_frequency=min_frequency,
        sparse_output=False,
        dtype=np.float64,
    )
    return _columns(numeric, numbers, categorical, categories)


def tree(
    numeric: Sequence[str], categorical: Sequence[str], *, min_frequency: int | None = 20
) -> ColumnTransformer:
    """Numbers as they are, nulls kept; categories as codes.

    Args:
        numeric: Names of numeric feature columns.
        categorical: Names of categorical feature columns.
        min_frequency: Categories on fewer training rows share a code.
    """
    categories = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
        min_frequency=min_frequency,
        dtype=np.float64,
    )
    return _columns(numeric, "passthrough", categorical, categories)


def _columns(
    numeric: Sequence[str], numbers: object, categorical: Sequence[str], categories: object
) -> ColumnTransformer:
    parts = [("numeric", numbers, list(numeric)), ("categorical", categories, list(categorical))]
    return ColumnTransformer(
        [part for part in parts if part[2]], sparse_threshold=0.0, verbose_feature_names_out=False
    )
