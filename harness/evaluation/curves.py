"""Curves: ROC, precision-recall, calibration and score distribution, thinned for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evidence import ScoredRows

Floats = NDArray[np.float64]
_N_POINTS = 200
_N_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """Points of one model's curves on the test window.

    Attributes:
        false_positive_rate: Abscissa of the ROC curve, (n_points,).
        recall: Ordinate of the ROC curve and abscissa of the PR curve.
        precision: Ordinate of the PR curve.
        mean_score: Mean score of each calibration bin, (n_bins,).
        observed_rate: Share of positives in each calibration bin.
        score_edges: Edges of the score histogram, (n_cells + 1,).
        positives: Positives per histogram cell.
        negatives: Negatives per histogram cell.
    """

    false_positive_rate: Floats
    recall: Floats
    precision: Floats
    mean_score: Floats
    observed_rate: Floats
    score_edges: Floats
    positives: Floats
    negatives: Floats


def curves_of(rows: ScoredRows) -> Curves:
    """All curves of scored rows."""
    caught, false_alerts = rows.ranking.exact_counts(rows.label)
    keep = np.unique(
        np.concatenate(
            [
                np.linspace(0, len(caught) - 1, _N_POINTS),
                np.geomspace(1, len(caught), _N_POINTS // 4) - 1,
            ]
        ).astype(np.intp)
    )
    edges = np.quantile(rows.score, np.linspace(0, 1, _N_BINS + 1)[1:-1])
    code = np.searchsorted(edges, rows.score, side="right")
    count = np.bincount(code, minlength=_N_BINS).astype(np.float64)
    used = count > 0
    cells = np.linspace(min(0.0, rows.score.min()), max(1.0, rows.score.max()), 41)
    n_positive, n_negative = max(caught[-1], 1.0), max(false_alerts[-1], 1.0)
    return Curves(
        false_positive_rate=false_alerts[keep] / n_negative,
        recall=caught[keep] / n_positive,
        precision=caught[keep] / (caught[keep] + false_alerts[keep]),
        mean_score=(np.bincount(code, rows.score, _N_BINS)[used] / count[used]),
        observed_rate=(np.bincount(code, rows.label, _N_BINS)[used] / count[used]),
        score_edges=cells,
        positives=np.histogram(rows.score[rows.label], cells)[0].astype(np.float64),
        negatives=np.histogram(rows.score[~rows.label], cells)[0].astype(np.float64),
    )
