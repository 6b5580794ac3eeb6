"""ROC-AUC: the chance that a positive outranks a negative."""

from __future__ import annotations

import numpy as np

from harness.evidence.metric import Floats, RowMetric, histograms, n_positives, safe_divide, score
from harness.evidence.rows import ScoredRows


def _value(sums: Floats) -> Floats:
    n_bins = sums.shape[-1] // 2
    positive, negative = sums[..., :n_bins], sums[..., n_bins:]
    n_negative = negative.sum(axis=-1)
    # Negatives ranked below each bin, and half of those in it.
    below = n_negative[..., None] - np.cumsum(negative, axis=-1) + negative / 2
    return safe_divide((positive * below).sum(axis=-1), positive.sum(axis=-1) * n_negative)


def _exact(rows: ScoredRows) -> float:
    positives, negatives = rows.ranking.exact_counts(rows.label)
    if positives[-1] == 0 or negatives[-1] == 0:
        return float("nan")
    area = np.trapezoid(np.append(0.0, positives), np.append(0.0, negatives))
    return float(area / (positives[-1] * negatives[-1]))


METRIC = RowMetric(
    name="roc_auc",
    title="ROC-AUC",
    unit="",
    higher_is_better=True,
    meaning="Chance that a random positive scores above a random negative.",
    statistics=histograms,
    value=_value,
    outcome=score,
    size=n_positives,
    exact=_exact,
    is_share=True,
)
