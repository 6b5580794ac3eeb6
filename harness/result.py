"""Result: everything a run found out, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit import Finding
from harness.bundle import Bundle
from harness.candidate import Trial
from harness.data import Dataset, Split
from harness.decision import Decision
from harness.evaluation import BlockSeries, Curves, MetricFigure, PeriodFigure, SegmentFigure
from harness.ledger import Look
from harness.monitor import Reference
from harness.settings import RunSettings
from harness.stages import Stages


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestFigure:
    """One earlier origin of a rolling split: point values by metric name."""

    test_start: str
    test_end: str
    n_rows: int
    candidate: dict[str, float]
    baseline: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """A candidate compared on validation only: point values by metric name, no verdict."""

    protocol_fingerprint: str
    candidate_fingerprint: str
    test_fingerprint: str
    candidate: dict[str, float]
    baseline: dict[str, float]
    stages: Stages


@dataclass(frozen=True, kw_only=True, eq=False)
class RunResult:
    """What `run_experiment` returns; shows itself as HTML in a notebook.

    Attributes:
        settings: The checked config.
        decision: The answer, with reasons and verdicts.
        look: What the holdout ledger says about this look at the test window.
        findings: What the leakage audit saw.
        metrics: All metrics on the test window, with intervals.
        segments: The same by segment.
        periods: The same by week.
        series: What each block says about the success criterion.
        predictions: Validation and test rows with scores, alerts and labels.
        bundle: Pipeline and threshold, ready to score.
        reference: What `harness monitor` will compare new rows with.
        examples: Features of test rows, of which the bundle takes its golden ones.
        backtest: Earlier origins, for a rolling split.
        stages: Seconds by step.
    """

    settings: RunSettings = field(repr=False)
    protocol_fingerprint: str
    candidate_fingerprint: str
    test_fingerprint: str
    decision: Decision
    look: Look
    findings: tuple[Finding, ...] = field(repr=False)
    metrics: tuple[MetricFigure, ...] = field(repr=False)
    segments: tuple[SegmentFigure, ...] = field(repr=False)
    periods: tuple[PeriodFigure, ...] = field(repr=False)
    series: BlockSeries | None = field(repr=False)
    validation_metrics: dict[str, float] = field(repr=False)
    curves: Curves = field(repr=False)
    baseline_curves: Curves = field(repr=False)
    classes: dict[str, dict[str, float]] = field(repr=False)
    predictions: pd.DataFrame = field(repr=False)
    latency_ms: NDArray[np.float64] = field(repr=False)
    bundle: Bundle = field(repr=False)
    reference: Reference = field(repr=False)
    examples: pd.DataFrame = field(repr=False)
    trial: Trial = field(repr=False)
    backtest: tuple[BacktestFigure, ...] = field(repr=False)
    dataset: Dataset = field(repr=False)
    split: Split = field(repr=False)
    stages: Stages = field(repr=False)

    def _repr_html_(self) -> str:
        return self.decision._repr_html_()  # the name notebooks look for
