"""One tree at a time: tree ensembles asked for a single row, all trees stepped down together.

scikit-learn checks its input and starts a task for each tree, which takes milliseconds for
one row. Here the fitted trees' arrays are laid end to end, and a row walks down all of them at
once; what the leaves say is added in the ensemble's own order, so the result is the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

Floats = NDArray[np.float64]
OneRowScore = Callable[[Floats], float]

_TRIALS = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trees:
    """All trees' nodes end to end, each array (n_nodes,) but `starts`, (n_trees,)."""

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    is_leaf: NDArray[np.bool_]
    feature: NDArray[np.intp]
    threshold: Floats
    null_left: NDArray[np.bool_]
    value: Floats
    starts: NDArray[np.intp]
    depth: int

    @classmethod
    def of(cls, trees: Sequence[dict[str, Any]], depth: int) -> _Trees:
        starts = np.cumsum([0, *(len(tree["left"]) for tree in trees[:-1])])
        joined = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
        shift = np.repeat(starts, [len(tree["left"]) for tree in trees])
        leaf = joined["is_leaf"].astype(bool)
        return cls(
            left=np.where(leaf, 0, joined["left"].astype(np.intp) + shift),
            right=np.where(leaf, 0, joined["right"].astype(np.intp) + shift),
            is_leaf=leaf,
            feature=np.where(leaf, 0, joined["feature"]).astype(np.intp),
            threshold=joined["threshold"],
            null_left=joined["null_left"].astype(bool),
            value=joined["value"],
            starts=starts,
            depth=depth,
        )

    def leaves(self, values: NDArray[np.floating[Any]]) -> Floats:
        """What each tree says about one row, shape (n_trees,)."""
        node = self.starts.copy()
        for _ in range(self.depth):
            value = values[self.feature[node]]
            goes_left = np.where(
                np.isnan(value), self.null_left[node], value <= self.threshold[node]
            )
            below = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(self.is_leaf[node], node, below)
        said: Floats = self.value[node]
        return said


def compile_ensemble(model: Any) -> OneRowScore | None:
    """A fast scorer of single rows of a matrix, shape (1, n_columns).

    Returns:
        The scorer; None where there is none that gives the ensemble's own bits on trial rows.
    """
    if type(model) is RandomForestClassifier and len(model.classes_) == 2:
        trees, score = _forest(model)
    elif type(model) is HistGradientBoostingClassifier and len(model.classes_) == 2:
        found = _boosting(model)
        if found is None:
            return None
        trees, score = found
    else:
        return None
    return score if _agrees(model, score, trees.threshold[~trees.is_leaf]) else None


def _forest(model: RandomForestClassifier) -> tuple[_Trees, OneRowScore]:
    fitted = [tree.tree_ for tree in model.estimators_]
    trees = _Trees.of(
        [
            {
                "left": tree.children_left,
                "right": tree.children_right,
                "is_leaf": tree.children_left < 0,
                "feature": tree.feature,
                "threshold": tree.threshold,
                "null_left": tree.missing_go_to_left,
                "value": tree.value[:, 0, 1],
            }
            for tree in fitted
        ],
        depth=max(tree.max_depth for tree in fitted),
    )

    def score(row: Floats) -> float:
        votes = trees.leaves(row[0].astype(np.float32))  # as the trees were grown
        # One after the other, as the forest adds them up; numpy's sum would pair them.
        return float(np.add.accumulate(votes)[-1] / len(fitted))

    return trees, score


def _boosting(model: HistGradientBoostingClassifier) -> tuple[_Trees, OneRowScore] | None:
    """Trees of a boosting; None where they cannot be read, or split by category."""
    try:
        nodes = [predictor.nodes for [predictor] in model._predictors]  # noqa: SLF001 - checked below
        base = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001
        if any(tree["is_categorical"].any() for tree in nodes):
            return None
        trees = _Trees.of(
            [
                {
                    "left": tree["left"],
                    "right": tree["right"],
                    "is_leaf": tree["is_leaf"],
                    "feature": tree["feature_idx"],
                    "threshold": tree["num_threshold"],
                    "null_left": tree["missing_go_to_left"],
                    "value": tree["value"],
                }
                for tree in nodes
            ],
            depth=int(max(tree["depth"].max() for tree in nodes)),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None

    def score(row: Floats) -> float:
        raw = np.add.accumulate(np.append(base, trees.leaves(row[0])))[-1]
        return float(special.expit(raw))

    return trees, score


def _agrees(model: Any, score: OneRowScore, thresholds: Floats) -> bool:
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
