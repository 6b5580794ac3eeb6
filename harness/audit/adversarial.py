"""Adversarial validation: a small model that tells training rows from test rows.

It separates a change of the population from a leak: where it finds nothing, a fall of
performance is not explained by other rows. Labels are not looked at.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import NOTE, Finding
from harness.audit.view import View
from harness.evidence.auc import plain_auc

_ROWS = 4_000
_CLOSE_TO_CHANCE = 0.6
_SHOWN = 5
# Columns the model sees: those whose distributions lie furthest apart.
_MODELLED = 100


def check_population(view: View) -> list[Finding]:
    """L11: which columns give away that a row is from the test window."""
    rng = np.random.default_rng(0)
    train, test = (
        np.sort(rng.permutation(rows)[:_ROWS]) for rows in (view.split.train, view.split.test)
    )
    if min(len(train), len(test)) < 100:
        return []
    features = _numbers(view.dataset.features.iloc[np.concatenate([train, test])])
    is_test = np.repeat([False, True], [len(train), len(test)])
    names = view.dataset.roles.features
    ranked = _movers(features, is_test, names)
    features = features[:, [names.index(name) for name in ranked[:_MODELLED]]]
    learn = rng.random(len(is_test)) < 0.5
    model = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, random_state=0)
    model.fit(features[learn], is_test[learn])
    asked, truth = features[~learn], is_test[~learn]
    auc = plain_auc(truth, model.predict_proba(asked)[:, 1])
    if not np.isfinite(auc):
        return []
    movers = ranked[:_SHOWN] if auc >= _CLOSE_TO_CHANCE else []
    told = (
        f"Training and test rows can be told apart with an AUC of {auc:.3f}, most by "
        f"{', '.join(movers)}: the population changed."
        if movers
        else f"Training and test rows cannot be told apart (AUC {auc:.3f}): the population is the same."
    )
    return [
        Finding(
            check="L11",
            title="population of training and test",
            severity=NOTE,
            columns=tuple(movers),
            sentence=told,
            evidence={"auc": round(float(auc), 4)},
            advice="Seasons and growth do this; columns that only count time should go."
            if movers
            else "Nothing to do.",
        )
    ]


def _numbers(features: pd.DataFrame) -> np.ndarray:
    """Features as numbers, categories by code, shape (n_rows, n_features)."""
    columns = [
        column.cat.codes.to_numpy(dtype=np.float64)
        if isinstance(column.dtype, pd.CategoricalDtype)
        else column.to_numpy(dtype=np.float64)
        for _, column in features.items()
    ]
    return np.stack(columns, axis=1)


def _movers(features: np.ndarray, is_test: np.ndarray, names: tuple[str, ...]) -> list[str]:
    """Columns by how far their distributions in training and test lie apart."""
    distances = []
    for i, name in enumerate(names):
        known = np.isfinite(features[:, i])
        before = np.sort(features[known & ~is_test, i])
        after = np.sort(features[known & is_test, i])
        if not len(before) or not len(after):
            continue
        at = np.concatenate([before, after])
        gap = np.searchsorted(before, at, "right") / len(before)
        gap -= np.searchsorted(after, at, "right") / len(after)
        distances.append((float(np.abs(gap).max()), name))
    return [name for _, name in sorted(distances, reverse=True)]


CHECKS: dict[str, ColumnCheck] = {"L11": lambda view, settings: check_population(view)}
