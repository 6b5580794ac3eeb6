"""One tree at a time: a random forest asked for a single row, all trees stepped down together.

scikit-learn checks its input and starts a task for each tree, which takes milliseconds for
one row. Here the fitted trees' public arrays are laid end to end, and a row walks down all
of them at once; votes are added in the forest's own order, so the result is the same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

Floats = NDArray[np.float64]

_TRIALS = 64


def compile_forest(model: RandomForestClassifier) -> Callable[[Floats], float] | None:
    """A fast scorer of single rows of a matrix, shape (1, n_columns).

    Returns:
        The scorer; None where it does not give the forest's own bits on trial rows.
    """
    trees = [tree.tree_ for tree in model.estimators_]
    starts = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    left, right = (
        np.concatenate([np.where(c < 0, -1, c + s) for c, s in zip(children, starts, strict=True)])
        for children in ([t.children_left for t in trees], [t.children_right for t in trees])
    )
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    null_left = np.concatenate([tree.missing_go_to_left for tree in trees]).astype(bool)
    vote = np.concatenate([tree.value[:, 0, 1] for tree in trees])
    depth = max(tree.max_depth for tree in trees)
    is_leaf = left < 0
    feature = np.where(is_leaf, 0, feature)

    def score(row: Floats) -> float:
        values = row[0].astype(np.float32)  # as the trees were grown
        node = starts.copy()
        for _ in range(depth):
            value = values[feature[node]]
            goes_left = np.where(np.isnan(value), null_left[node], value <= threshold[node])
            below = np.where(goes_left, left[node], right[node])
            node = np.where(is_leaf[node], node, below)
        # One after the other, as the forest adds them up; numpy's sum would pair them.
        return float(np.add.accumulate(vote[node])[-1] / len(trees))

    return score if _agrees(model, score, threshold[~is_leaf]) else None


def _agrees(
    model: RandomForestClassifier, score: Callable[[Floats], float], thresholds: Floats
) -> bool:
    """Whether rows around the trees' own thresholds, nulls included, score the same."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(thresholds, (_TRIALS, model.n_features_in_)) if len(thresholds) else 0.0
    rows = drawn * rng.choice([0.5, 1.0, 1.0 + 1e-7, 2.0], (_TRIALS, model.n_features_in_))
    rows = np.where(rng.random(rows.shape) < 0.05, np.nan, rows)
    try:
        expected = model.predict_proba(rows)[:, 1]
    except ValueError:  # refuses nulls, and has to go on doing so
        return False
    return bool((expected == [score(row[None, :]) for row in rows]).all())
