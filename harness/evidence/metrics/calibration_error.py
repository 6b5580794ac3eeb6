"""Calibration error: is a score of 0.3 right three times in ten?"""

from __future__ import annotations

import numpy as np

from harness.evidence.metric import Floats, RowMetric, n_rows, safe_divide, score
from harness.evidence.rows import ScoredRows

_N_BINS = 15


def _statistics(rows: ScoredRows) -> Floats:
    """Score less outcome by bin of equal count, and rows, (n_blocks, n_bins + 1)."""
    edges = np.quantile(rows.score, np.linspace(0, 1, _N_BINS + 1)[1:-1])
    column = np.searchsorted(edges, rows.score, side="right")
    n_blocks = rows.blocks.n_blocks
    gap = np.bincount(
        rows.blocks.code * _N_BINS + column,
        weights=rows.score - rows.label,
        minlength=n_blocks * _N_BINS,
    )
    return np.column_stack([gap.reshape(n_blocks, _N_BINS), n_rows(rows)])


def _value(sums: Floats) -> Floats:
    return safe_divide(np.abs(sums[..., :-1]).sum(axis=-1), sums[..., -1])


# Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using
# Bayesian binning": expected calibration error, here over bins of equal count.
METRIC = RowMetric(
    name="calibration_error",
    title="Calibration error",
    unit="",
    higher_is_better=False,
    meaning="Mean distance between scores and observed rates over 15 bins of equal count.",
    statistics=_statistics,
    value=_value,
    outcome=score,
    size=n_rows,
)
