"""Importance: whether the model stands on one column, and what it is worth without it.

Strong honest columns look the same, so this is evidence to look at and never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.finding import NOTE, WARN, Finding
from harness.audit.view import View
from harness.evidence.auc import plain_auc
from harness.settings import AuditSettings

Floats = NDArray[np.float64]
# Scores a table of features.
Score = Callable[[pd.DataFrame], Floats]
# Fits the candidate without some columns, and gives its AUC on validation.
Refit = Callable[[Sequence[str]], float]

_ROWS = 3_000
_ALIKE = 0.9
_MOST_COLUMNS = 200
_TITLE = "model stands on one column"


def check_importance(
    view: View, score: Score, refit: Refit, settings: AuditSettings
) -> list[Finding]:
    """L10: how much of what the model knows is lost when a column is shuffled.

    Columns that resemble each other are shuffled together, because a model can take one
    for the other (Hooker, Mentch and Zhou 2021, "Unrestricted permutation forces
    extrapolation").
    """
    rows = view.later[:: max(1, len(view.later) // _ROWS)]
    label = view.dataset.label[rows]
    features = view.dataset.features.iloc[rows].reset_index(drop=True)
    whole = plain_auc(label, score(features))
    if not np.isfinite(whole) or whole <= 0.55:
        return []
    losses = []
    for group in groups_of_alike(features[_followed(features, score(features))]):
        shuffled = features.copy()
        order = np.random.default_rng(0).permutation(len(rows))
        for name in group:
            shuffled[name] = features[name].take(order).set_axis(features.index)
        losses.append((whole - plain_auc(label, score(shuffled)), group))
    losses.sort(key=lambda pair: -pair[0])
    known = sum(max(loss, 0.0) for loss, _ in losses)
    loss, group = losses[0]
    share = loss / known if known > 0 else 0.0
    names = " and ".join(group[:4]) + (" ..." if len(group) > 4 else "")
    evidence: dict[str, float | int | str] = {
        "auc": round(float(whole), 4),
        "auc_shuffled": round(float(whole - loss), 4),
        "share_of_losses": round(float(share), 4),
    }
    sentence = (
        f"Shuffling {names} takes the AUC on validation from {whole:.3f} to {whole - loss:.3f}, "
        f"{share:.0%} of what shuffling any column takes."
    )
    is_dominant = whole - 0.5 > 0 and loss / (whole - 0.5) >= settings.dominant_loss
    if is_dominant and share >= settings.dominant_share and len(group) < features.shape[1]:
        without = refit(group)
        evidence["auc_without"] = round(float(without), 4)
        sentence += f" Fitted without it the model reaches {without:.3f}."
        is_dominant = whole - without >= settings.dominant_drop
    else:
        is_dominant = False
    return [
        Finding(
            check="L10",
            title=_TITLE,
            severity=WARN if is_dominant else NOTE,
            columns=tuple(group),
            sentence=sentence,
            evidence=evidence,
            advice="Find out when its value is written; a model that stands on one column falls with it."
            if is_dominant
            else "Nothing to do.",
        )
    ]


def _followed(features: pd.DataFrame, scores: Floats) -> list[str]:
    """The columns whose ranks go most with the scores: in a wide table not all are shuffled."""
    names = [str(name) for name in features]
    if len(names) <= _MOST_COLUMNS:
        return names
    ranks = _ranks(features)
    target = pd.Series(scores).rank().to_numpy()
    target = target - target.mean()
    centred = ranks - ranks.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    strength = np.abs(target @ centred) / np.where(scale > 0, scale, 1.0)
    return [names[i] for i in np.argsort(-strength)[:_MOST_COLUMNS]]


def _ranks(features: pd.DataFrame) -> Floats:
    """Ranks of each column, nulls in the middle, (n_rows, n_columns)."""
    codes = {
        name: column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column
        for name, column in features.items()
    }
    ranks = pd.DataFrame(codes).rank().to_numpy(dtype=np.float64)
    return np.where(np.isnan(ranks), (len(ranks) + 1) / 2, ranks)


def groups_of_alike(features: pd.DataFrame) -> list[list[str]]:
    """Columns joined where their ranks correlate by 0.9 or more, each column in one group."""
    names = [str(name) for name in features]
    ranks = _ranks(features)
    centred = ranks - ranks.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(scale > 0, scale, 1.0)
    alike = np.abs(unit.T @ unit) >= _ALIKE
    waiting, groups = list(range(len(names))), []
    while waiting:
        group, edge = [], [waiting[0]]
        while edge:
            i = edge.pop()
            if i in waiting:
                waiting.remove(i)
                group.append(names[i])
                edge += [int(j) for j in np.flatnonzero(alike[i]) if int(j) in waiting]
        groups.append(group)
    return groups
