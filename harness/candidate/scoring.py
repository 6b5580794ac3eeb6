"""Scoring: a fitted pipeline over the rows of a dataset, in memory or part by part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from harness.candidate.positive_score import pipeline_score
from harness.data import Dataset
from harness.data.stream import StreamedDataset
from harness.data.stream.dataset import PartRows, typed_features
from harness.data.stream.parts import TableParts

_Shared = tuple[TableParts, Sequence[str], Sequence[str], Pipeline]


def score_rows(pipeline: Pipeline, dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probability-like score of some rows, shape (n_rows,).

    Args:
        pipeline: A fitted pipeline.
        dataset: All rows.
        rows: Which, in any order.
    """
    if not isinstance(dataset, StreamedDataset):
        return pipeline_score(pipeline, dataset.features.iloc[rows])
    roles, pieces = dataset.roles, dataset.wanted(rows)
    shared = (dataset.table, roles.numeric, roles.categorical, pipeline)
    scores = np.empty(len(rows))
    found = dataset.engine.map(_score_part, pieces, shared)
    for piece, part in zip(pieces, found, strict=True):
        scores[piece.places] = part
    return scores


def _score_part(piece: PartRows, shared: _Shared) -> NDArray[np.float64]:
    table, numeric, categorical, pipeline = shared
    features: pd.DataFrame = typed_features(table, piece, numeric, categorical)
    return pipeline_score(pipeline, features)
