"""Figures: every metric of candidate and baseline, overall, by segment and by week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.engine import Engine, LocalEngine
from harness.evaluation.window import points
from harness.evidence import (
    Estimate,
    RowMetric,
    ScoredRows,
    estimate_contrast,
    estimate_level,
    row_metrics,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFigure:
    """One metric on the test window.

    Attributes:
        name: Metric name.
        title: For readers.
        unit: Unit of all values.
        higher_is_better: Direction; None where there is none.
        candidate: Candidate's value with its interval.
        baseline: Baseline's point value.
        difference: Candidate minus baseline with its interval.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool | None
    candidate: Estimate
    baseline: float
    difference: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFigure:
    """One segment of the test window; values by metric name."""

    segment: str
    value: str
    n_rows: int
    n_positives: int
    candidate: dict[str, float]
    baseline: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigure:
    """One week of the test window; values by metric name."""

    start: str
    n_rows: int
    n_positives: int
    mean_score: float
    candidate: dict[str, float]
    baseline: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockSeries:
    """What each block says about a paired difference.

    Attributes:
        metric: Metric name.
        names: Blocks in order, length n_blocks.
        values: Jackknife pseudo-values, whose mean is near the estimate, (n_blocks,).
    """

    metric: str
    names: tuple[str, ...]
    values: NDArray[np.float64]


def block_series(metric: RowMetric, candidate: ScoredRows, baseline: ScoredRows) -> BlockSeries:
    """Pseudo-values of candidate minus baseline, block by block.

    Source: Tukey (1958), "Bias and confidence in not quite large samples": n times the
    estimate less (n - 1) times the estimate without the block.
    """
    ours, theirs = metric.sums(candidate), metric.sums(baseline)
    without = metric.value(ours.sum(axis=0) - ours) - metric.value(theirs.sum(axis=0) - theirs)
    n_blocks = len(without)
    whole = metric.point(candidate) - metric.point(baseline)
    return BlockSeries(
        metric=metric.name,
        names=candidate.blocks.names,
        values=n_blocks * whole - (n_blocks - 1) * without,
    )


def metric_figures(
    candidate: ScoredRows, baseline: ScoredRows, alpha: float, engine: Engine | None = None
) -> tuple[MetricFigure, ...]:
    """All row metrics, with intervals where the blocks allow them.

    Args:
        candidate: Test rows as the candidate scored them.
        baseline: The same rows as the baseline scored them.
        alpha: Error probability of each one-sided bound.
        engine: What works the metrics out; null for this process.
    """
    shared = (candidate, baseline, alpha)
    return tuple((engine or LocalEngine()).map(_figure, row_metrics(), shared))


def _figure(metric: RowMetric, shared: tuple[ScoredRows, ScoredRows, float]) -> MetricFigure:
    candidate, baseline, alpha = shared
    return MetricFigure(
        name=metric.name,
        title=metric.title,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        candidate=estimate_level(metric, candidate, alpha),
        baseline=metric.point(baseline),
        difference=estimate_contrast(metric, candidate, baseline, alpha),
    )


def segment_figures(
    candidate: ScoredRows, baseline: ScoredRows, segments: Mapping[str, pd.Categorical]
) -> tuple[SegmentFigure, ...]:
    """All row metrics for every value of every segment column, most rows first."""
    figures = []
    for name, column in segments.items():
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.categories))
        for code in np.argsort(-counts, kind="stable"):
            if counts[code] == 0:
                continue
            mask = column.codes == code
            ours, theirs = candidate.subset(mask), baseline.subset(mask)
            figures.append(
                SegmentFigure(
                    segment=name,
                    value=str(column.categories[code]),
                    n_rows=len(ours),
                    n_positives=int(ours.label.sum()),
                    candidate=points(ours),
                    baseline=points(theirs),
                )
            )
    return tuple(figures)


def period_figures(
    candidate: ScoredRows, baseline: ScoredRows, local_time: pd.DatetimeIndex
) -> tuple[PeriodFigure, ...]:
    """All row metrics week by week, in time order."""
    day = local_time.tz_localize(None).normalize()
    monday = day - pd.to_timedelta(day.day_of_week, unit="D")
    figures = []
    for start in np.unique(monday):
        mask = np.asarray(monday == start)
        ours = candidate.subset(mask)
        figures.append(
            PeriodFigure(
                start=str(np.datetime64(start, "D")),
                n_rows=len(ours),
                n_positives=int(ours.label.sum()),
                mean_score=float(ours.score.mean()),
                candidate=points(ours),
                baseline=points(baseline.subset(mask)),
            )
        )
    return tuple(figures)


def class_report(label: NDArray[np.bool_], alert: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each class, and what 'always no' would get."""
    report = {}
    for name, truth, said in (("positive", label, alert), ("negative", ~label, ~alert)):
        right = int((truth & said).sum())
        report[name] = {
            "precision": right / max(int(said.sum()), 1),
            "recall": right / max(int(truth.sum()), 1),
            "f1": 2 * right / max(int(said.sum()) + int(truth.sum()), 1),
            "support": int(truth.sum()),
        }
    report["accuracy"] = {
        "candidate": float((label == alert).mean()),
        "always_no": float((~label).mean()),
    }
    return report
