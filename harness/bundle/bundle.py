"""Bundle: a fitted pipeline with its threshold, ready to score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from harness.bundle.input_schema import InputSchema, rows_of
from harness.bundle.one_row import OneRow, compile_one_row
from harness.candidate.positive_score import pipeline_score
from harness.errors import BundleError

Floats = NDArray[np.float64]
# Rows searched for sensitive ones, and how many of these are kept.
_SEARCHED, _SENSITIVE = 20_000, 4
Rows: TypeAlias = "pd.DataFrame | pa.Table | Sequence[Mapping[str, Any]] | Mapping[str, Any]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """What ships: pipeline and threshold, byte for byte as judged.

    Attributes:
        pipeline: Fitted scikit-learn pipeline, steps `preprocess` and `model`.
        schema: Columns to score.
        threshold: Alert when score >= threshold.
        manifest: What bundle/manifest.json says; empty before it is written.
        example: A golden row; empty before it is written.
        golden: Golden rows as typed features, and their scores; empty before it is written.
        notes: What differs here from where it was written, without changing a score.
    """

    pipeline: Pipeline = field(repr=False)
    schema: InputSchema = field(repr=False)
    threshold: float
    manifest: dict[str, Any] = field(default_factory=dict, repr=False)
    example: Mapping[str, Any] = field(default_factory=dict, repr=False)
    golden: tuple[pd.DataFrame, Floats] = field(
        default_factory=lambda: (pd.DataFrame(), np.empty(0)), repr=False
    )
    notes: tuple[str, ...] = ()

    def score(self, rows: Rows) -> Floats:
        """Scores of a DataFrame, an Arrow table, a list of dicts or one dict, shape (n_rows,).

        Null and unseen categories are scored as in training; extra columns are ignored.

        Raises:
            BundleError: If a column is missing or a value is no finite number.
        """
        if isinstance(rows, Mapping):
            return np.array([self.score_one(rows)])
        table = _table(rows, self.schema)
        if len(table) == 0:
            return np.empty(0)
        return self._through_pipeline(table)

    def score_one(self, row: Mapping[str, Any]) -> float:
        """Score of one row, by the compiled path where the pipeline has one."""
        if self.one_row is None:
            return float(self._through_pipeline(pd.DataFrame([dict(row)], dtype=object))[0])
        try:
            return self.one_row(row)
        except ValueError as error:
            raise _refused(error) from error

    def alert(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether each row's score reaches the threshold, shape (n_rows,)."""
        return self.score(rows) >= self.threshold

    def _through_pipeline(self, table: pd.DataFrame) -> Floats:
        return self.score_features(self.schema.frame(table))

    def score_features(self, features: pd.DataFrame) -> Floats:
        """Scores of rows that have the types of training already, shape (n_rows,).

        Raises:
            BundleError: If the model refuses them.
        """
        try:
            return pipeline_score(self.pipeline, features)
        except ValueError as error:
            raise _refused(error) from error

    @cached_property
    def one_row(self) -> OneRow | None:
        """The compiled single-row path; None where the pipeline itself is asked."""
        return compile_one_row(self.pipeline, self.schema)


def golden_rows(bundle: Bundle, features: pd.DataFrame, n_rows: int = 24) -> list[dict[str, Any]]:
    """Rows to replay at load: spread over the table, sensitive ones, and one without any value.

    Sensitive rows are those whose score changes when their numbers pass through 32 bits: they
    show a detour that others would hide. The empty row is left out where the model refuses
    nulls.

    Args:
        bundle: The bundle that will score them.
        features: Typed features, shape (n_rows, n_features).
        n_rows: How many to take from the table.
    """
    places = np.linspace(0, len(features) - 1, n_rows).astype(np.intp)
    places = np.unique(np.concatenate([places, _sensitive(bundle, features)]))
    rows = rows_of(features.iloc[places])
    empty = dict.fromkeys(rows[0])
    try:
        bundle.score([empty])
    except BundleError:
        return rows
    return [*rows, empty]


def _sensitive(bundle: Bundle, features: pd.DataFrame) -> NDArray[np.intp]:
    """Places of a few rows that score otherwise in single precision."""
    part = features.iloc[:_SEARCHED]
    single = part.copy()
    with np.errstate(over="ignore"):
        for name in bundle.schema.numeric:
            single[name] = single[name].astype(np.float32).astype(np.float64)
    try:
        differs = bundle.score(part) != bundle.score(single)
    except BundleError:  # a number too large for 32 bits, or nulls the model refuses
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero(differs)[:_SENSITIVE]


def _table(
    rows: pd.DataFrame | pa.Table | Sequence[Mapping[str, Any]], schema: InputSchema
) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows
    if isinstance(rows, pa.Table):
        return pd.DataFrame(rows.to_pandas())
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise BundleError(f"row {i}: expected a mapping of columns to values, got {row!r:.60}")
        for name in schema.columns:
            if name not in row:
                raise BundleError(
                    f"column '{name}' is missing from row {i}; pass null if not known"
                )
    return pd.DataFrame(list(rows), dtype=object)


def _refused(error: ValueError) -> BundleError:
    first = str(error).splitlines()[0]
    return BundleError(f"the model refuses these rows ({first}); preprocess=linear fills nulls")
