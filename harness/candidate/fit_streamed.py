"""Fit streamed: boosted trees learned from rows that are read a part at a time.

xgboost reads them through its external-memory iterator, keeps them in bins (a byte for most
values) in pages on disk, and needs no more memory for more rows than for some. Preprocessing is
fitted on the sampled rows of the training window, which are all of them where it has no more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import clear_frames
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.candidate.worded import worded
from harness.data.stream import StreamedDataset
from harness.engine.memory import give_back
from harness.errors import FitError

Rows = NDArray[np.intp]
Batches = Callable[[], Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]]


def fit_booster(
    model: Any,
    transformer: Any,
    dataset: StreamedDataset,
    learn: Rows,
    held_back: Rows,
) -> None:
    """Fit an xgboost classifier from parts; it is then as if fitted by its own `fit`.

    Args:
        model: Unfitted classifier; its parameters are used, its callbacks too.
        transformer: Unfitted preprocessing; fitted on the sampled rows of `learn`.
        dataset: The rows.
        learn: Rows to learn from.
        held_back: Rows that tell when to stop; none where the model does not stop early.

    Raises:
        FitError: If the model is not xgboost's, or there is no room for the pages.
    """
    _needs_xgboost(model)
    import xgboost

    with worded("preprocess: it"):
        transformer.fit(dataset.take(dataset.sampled_of(learn)))
    parameters = model.get_xgb_params()
    early = model.get_params().get("early_stopping_rounds")
    callbacks = list(model.get_params().get("callbacks") or [])
    if early and len(held_back):
        callbacks.append(xgboost.callback.EarlyStopping(rounds=early))

    def batches(rows: Rows) -> Batches:
        def read() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
            for places, features in dataset.batches(rows):
                x = np.asarray(transformer.transform(features), dtype=np.float32)
                yield x, dataset.label[rows[places]]

        return read

    with tempfile.TemporaryDirectory(prefix="harness-pages-") as folder:
        pages = _pages(xgboost, batches(learn), Path(folder) / "learn", model)
        watched = []
        if early and len(held_back):
            place = Path(folder) / "held"
            watched = [(_pages(xgboost, batches(held_back), place, model, like=pages), "held_back")]
        try:
            booster = xgboost.train(
                {name: value for name, value in parameters.items() if name != "n_estimators"},
                pages,
                num_boost_round=model.get_num_boosting_rounds(),
                evals=watched,
                callbacks=callbacks or None,
                verbose_eval=False,
            )
        except Exception as error:
            clear_frames(error.__traceback__)  # they hold the pages, whose folder goes now
            raise
        finally:
            del pages, watched
    give_back()
    model.load_model(bytearray(booster.save_raw("ubj")))


def _pages(xgboost: Any, batches: Batches, place: Path, model: Any, like: Any = None) -> Any:
    """Binned rows in pages on disk."""

    class Rows(xgboost.DataIter):  # type: ignore[misc]  # xgboost has no types
        def __init__(self) -> None:
            self._left = batches()
            super().__init__(cache_prefix=str(place))

        def next(self, input_data: Any) -> bool:
            for x, label in self._left:
                input_data(data=x, label=label.astype(np.float32))
                return True
            return False

        def reset(self) -> None:
            self._left = batches()

    parameters = model.get_params()
    try:
        return xgboost.ExtMemQuantileDMatrix(
            Rows(),
            missing=np.nan,
            nthread=parameters.get("n_jobs"),
            max_bin=parameters.get("max_bin") or 256,
            ref=like,
        )
    except OSError as error:
        raise FitError(
            f"model: no room for the binned rows ({error}); set TMPDIR to a folder with space"
        ) from error


def _needs_xgboost(model: Any) -> None:
    if not type(model).__module__.startswith("xgboost"):
        raise FitError(
            f"dataset.stream: {type(model).__name__} needs all rows in memory; use model=xgboost, or "
            "dataset.stream=false with fewer rows"
        )
