"""Evaluation: figures and curves of a judged run, for tables and pictures."""

from __future__ import annotations

from harness.evaluation.curves import Curves, curves_of
from harness.evaluation.figures import (
    BlockSeries,
    MetricFigure,
    PeriodFigure,
    SegmentFigure,
    block_series,
    class_report,
    metric_figures,
    period_figures,
    segment_figures,
)
from harness.evaluation.predictions import predictions_frame, read_window
from harness.evaluation.window import (
    ScoredWindow,
    judged_rows,
    points,
    scored_windows,
    validation_window,
)

__all__ = [
    "BlockSeries",
    "Curves",
    "MetricFigure",
    "PeriodFigure",
    "ScoredWindow",
    "SegmentFigure",
    "block_series",
    "class_report",
    "curves_of",
    "judged_rows",
    "metric_figures",
    "period_figures",
    "points",
    "predictions_frame",
    "read_window",
    "scored_windows",
    "segment_figures",
    "validation_window",
]
