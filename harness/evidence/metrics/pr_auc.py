"""PR-AUC: average precision over all thresholds; what matters when positives are rare."""

from __future__ import annotations

import numpy as np

from harness.evidence.metric import Floats, RowMetric, histograms, n_positives, safe_divide, score
from harness.evidence.rows import ScoredRows


def _value(sums: Floats) -> Floats:
    n_bins = sums.shape[-1] // 2
    positive = sums[..., :n_bins]
    caught = np.cumsum(positive, axis=-1)
    alerts = caught + np.cumsum(sums[..., n_bins:], axis=-1)
    precision = np.where(alerts > 0, caught / np.maximum(alerts, 1.0), 0.0)
    return safe_divide((positive * precision).sum(axis=-1), caught[..., -1])


def _exact(rows: ScoredRows) -> float:
    caught, false_alerts = rows.ranking.exact_counts(rows.label)
    if caught[-1] == 0:
        return float("nan")
    gained = np.diff(caught, prepend=0.0)
    return float((gained * caught / (caught + false_alerts)).sum() / caught[-1])


METRIC = RowMetric(
    name="pr_auc",
    title="PR-AUC",
    unit="",
    higher_is_better=True,
    meaning="Average precision over all thresholds.",
    statistics=histograms,
    value=_value,
    outcome=score,
    size=n_positives,
    exact=_exact,
    is_share=True,
    min_positives_alone=30,
)
