"""Log loss: surprise at what happened, in nats."""

from __future__ import annotations

import numpy as np

from harness.evidence.metric import Floats, RowMetric, divide, every_row, n_rows, ratio, score
from harness.evidence.rows import ScoredRows

# The clipping of sklearn.metrics.log_loss for float64 scores.
_EPSILON = float(np.finfo(np.float64).eps)


def _surprise(rows: ScoredRows) -> Floats:
    score = np.clip(rows.score, _EPSILON, 1 - _EPSILON)
    return -np.log(np.where(rows.label, score, 1 - score))


METRIC = RowMetric(
    name="log_loss",
    title="Log loss",
    unit="nats",
    higher_is_better=False,
    meaning="Mean negative log of the probability given to what happened.",
    statistics=ratio(_surprise, every_row),
    value=divide,
    outcome=score,
    size=n_rows,
)
