"""Bundle: a fitted pipeline with its threshold, ready to score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from harness.bundle.input_schema import InputSchema, rows_of
from harness.bundle.one_row import OneRow, compile_one_row

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """What ships: pipeline and threshold, byte for byte as judged.

    Attributes:
        pipeline: Fitted scikit-learn pipeline, steps `preprocess` and `model`.
        schema: Columns to score.
        threshold: Alert when score >= threshold.
        manifest: What bundle/manifest.json says; empty before it is written.
    """

    pipeline: Pipeline = field(repr=False)
    schema: InputSchema = field(repr=False)
    threshold: float
    manifest: dict[str, Any] = field(default_factory=dict, repr=False)

    def score(self, rows: pd.DataFrame | Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> Floats:
        """Scores of a table, a list of dicts or one dict, shape (n_rows,).

        Null and unseen categories are scored as in training; extra columns are ignored.

        Raises:
            BundleError: If a column is missing or a value is no finite number.
        """
        if isinstance(rows, Mapping):
            return np.array([self.score_one(rows)])
        table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)
        if len(table) == 0:
            return np.empty(0)
        features = self.schema.frame(table)
        return np.asarray(self.pipeline.predict_proba(features)[:, 1], dtype=np.float64)

    def score_one(self, row: Mapping[str, Any]) -> float:
        """Score of one row, by the compiled path where the pipeline has one."""
        if self.one_row is not None:
            return self.one_row(row)
        table = pd.DataFrame([dict(row)], dtype=object)
        return float(self.pipeline.predict_proba(self.schema.frame(table))[0, 1])

    def alert(
        self, rows: pd.DataFrame | Sequence[Mapping[str, Any]] | Mapping[str, Any]
    ) -> NDArray[np.bool_]:
        """Whether each row's score reaches the threshold, shape (n_rows,)."""
        return self.score(rows) >= self.threshold

    @cached_property
    def one_row(self) -> OneRow | None:
        """The compiled single-row path; None where the pipeline itself is asked."""
        return compile_one_row(self.pipeline, self.schema)


def golden_rows(features: pd.DataFrame, n_rows: int = 24) -> list[dict[str, Any]]:
    """Rows to replay at load: spread over the table, then one without any value.

    Args:
        features: Typed features, shape (n_rows, n_features).
        n_rows: How many to take from the table.
    """
    places = np.unique(np.linspace(0, len(features) - 1, n_rows).astype(np.intp))
    rows = rows_of(features.iloc[places])
    return [*rows, dict.fromkeys(rows[0])]
