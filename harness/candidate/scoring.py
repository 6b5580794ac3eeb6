"""Scoring: a fitted pipeline over the rows of a dataset, in memory or part by part."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from harness.candidate.positive_score import pipeline_score
from harness.data import Dataset


def score_rows(pipeline: Pipeline, dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probability-like score of some rows, shape (n_rows,).

    Args:
        pipeline: A fitted pipeline.
        dataset: All rows.
        rows: Which, in any order.
    """
    return dataset.map_rows(_scores, rows, pipeline).astype(np.float64, copy=False)


def _scores(features: pd.DataFrame, pipeline: Pipeline) -> NDArray[np.float64]:
    return pipeline_score(pipeline, features)
