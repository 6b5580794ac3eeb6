"""Pyfunc: how plain MLflow loads an exported bundle; named in its MLmodel file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.bundle.load import load_bundle


class BundleModel:
    """A bundle behind MLflow's `predict`.

    Args:
        folder: The bundle's folder inside the MLflow model.
    """

    def __init__(self, folder: str) -> None:
        self._bundle = load_bundle(folder)

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Columns `score` and `alert` for each row of a table."""
        scores = self._bundle.score(pd.DataFrame(model_input))
        return pd.DataFrame(
            {"score": scores, "alert": np.asarray(scores >= self._bundle.threshold)}
        )


def _load_pyfunc(data_path: str) -> BundleModel:
    """What MLflow calls with the place of the bundle."""
    return BundleModel(data_path)
