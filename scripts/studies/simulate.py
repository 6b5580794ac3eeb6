"""Simulated test windows with a known truth: two models, day blocks, correlated days.

A day has an effect on the base rate and one on each model's quality; the effects follow
an AR(1) process over days, plus a weekly cycle or a trend where asked for. Days are of
unequal size. The truth is the metric over many windows of the same process put together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.evidence import Blocks, RowMetric, ScoredRows, find_metric
from harness.evidence.metric import histograms

_GRID = 8192

METRICS = (
    "roc_auc",
    "pr_auc",
    "precision",
    "recall",
    "f1",
    "alert_rate",
    "value_per_1000",
    "brier",
)


@dataclass(frozen=True, slots=True)
class Process:
    """What a test window is drawn from.

    Attributes:
        base_rate: Share of positives.
        n_blocks: Days.
        rho: Correlation of neighbouring days' effects.
        pattern: none, weekly or trend.
        spread: Standard deviation of day effects, logits; 0 makes rows independent.
        rows_per_day: Mean rows of a day.
        second: Quality of the second model; the first has 1.4.
    """

    base_rate: float
    n_blocks: int
    rho: float = 0.0
    pattern: str = "none"
    spread: float = 0.3
    rows_per_day: int = 300
    second: float = 1.2


def row_metrics() -> list[RowMetric]:
    """The metrics studied."""
    return [m for m in map(find_metric, METRICS) if isinstance(m, RowMetric)]


def draw(process: Process, rng: np.random.Generator) -> tuple[ScoredRows, ScoredRows]:
    """One test window, as both models score it."""
    n = process.n_blocks
    sizes = np.maximum(1, rng.poisson(process.rows_per_day * rng.uniform(0.5, 1.5, n)))
    day = np.repeat(np.arange(n), sizes)
    rate_effect, first_effect, second_effect = (_effects(process, rng) for _ in range(3))
    logit = np.log(process.base_rate / (1 - process.base_rate)) + rate_effect[day]
    label = rng.random(len(day)) < 1 / (1 + np.exp(-logit))
    shared = rng.normal(size=len(day)) * 0.8
    blocks = Blocks(code=day, names=tuple(f"d{i}" for i in range(n)), in_time_order=True)
    worth = np.where(label, 3.0, -1.0)

    def scored(quality: float, effect: np.ndarray) -> ScoredRows:
        own = rng.normal(size=len(day)) * 0.6
        signal = shared + own + label * (quality + effect[day])
        score = 1 / (1 + np.exp(-(signal + np.log(process.base_rate / (1 - process.base_rate)))))
        cut = 1.0 + np.log(process.base_rate / (1 - process.base_rate))
        return ScoredRows(
            score=score,
            alert=score >= 1 / (1 + np.exp(-cut)),
            label=label,
            value_if_alert=worth,
            value_if_silent=np.zeros(len(day)),
            blocks=blocks,
        )

    return scored(1.4, first_effect), scored(process.second, second_effect)


def truths(process: Process, *, seed: int, n_windows: int = 800) -> dict[str, tuple[float, float]]:
    """Each metric of both models over many windows put together.

    Windows are added up as sums, the scores on a fixed grid of 8,192 bins, so that the truth
    is known to 1 / sqrt(n_windows) of the error of a single window.
    """
    rng = np.random.default_rng(seed)
    totals: dict[tuple[str, int], np.ndarray] = {}
    for _ in range(n_windows):
        for side, rows in enumerate(draw(process, rng)):
            for metric in row_metrics():
                on_grid = metric.statistics is histograms
                sums = _grid(rows) if on_grid else metric.sums(rows).sum(axis=0)
                key = (metric.name, side)
                totals[key] = totals.get(key, 0) + sums
    return {
        m.name: (float(m.value(totals[m.name, 0])), float(m.value(totals[m.name, 1])))
        for m in row_metrics()
    }


def _grid(rows: ScoredRows) -> np.ndarray:
    """Positives, then negatives, by score on a fixed grid, the highest first."""
    logit = np.log(rows.score / (1 - rows.score))
    bin_ = np.clip(((12 - logit) / 24 * _GRID).astype(np.intp), 0, _GRID - 1)
    return np.bincount(bin_ + _GRID * (~rows.label), minlength=2 * _GRID).astype(np.float64)


def _effects(process: Process, rng: np.random.Generator) -> np.ndarray:
    n, rho = process.n_blocks, process.rho
    steps = rng.normal(size=n)
    effects = np.empty(n)
    effects[0] = steps[0]
    for i in range(1, n):
        effects[i] = rho * effects[i - 1] + np.sqrt(1 - rho**2) * steps[i]
    if process.pattern == "weekly":
        effects += np.sqrt(2) * np.cos(2 * np.pi * np.arange(n) / 7)
    if process.pattern == "trend":
        effects += np.linspace(-1.5, 1.5, n)
    return process.spread * effects
