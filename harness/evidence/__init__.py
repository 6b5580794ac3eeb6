"""Evidence: what the test rows say about a metric, and how far the truth may lie."""

from __future__ import annotations

from harness.evidence.blocks import Blocks, blocks_of
from harness.evidence.design_effect import MAX_FOR_ROWS, design_effect
from harness.evidence.estimate import Estimate, estimate_contrast, estimate_level, estimate_sample
from harness.evidence.interval import Interval
from harness.evidence.metric import Metric, RowMetric, SampleQuantile
from harness.evidence.metrics import find_metric, row_metrics
from harness.evidence.rows import ScoredRows

__all__ = [
    "MAX_FOR_ROWS",
    "Blocks",
    "Estimate",
    "Interval",
    "Metric",
    "RowMetric",
    "SampleQuantile",
    "ScoredRows",
    "blocks_of",
    "design_effect",
    "estimate_contrast",
    "estimate_level",
    "estimate_sample",
    "find_metric",
    "row_metrics",
]
