"""Intervals for ten metrics of a million rows, against scikit-learn's ten point values.

One process: 1,000,000 rows in 90 day blocks, two models. Ours: exact point values, interval
bounds of each model and of the paired difference, and 2,000 paired resamples, for ten
metrics. Theirs: the same ten point values, once per model. Prints the memory needed above
the input and, last, the ratio of the times (medians of three).

    python scripts/bench/intervals.py
"""

from __future__ import annotations

import resource
import statistics
import time

import numpy as np
from sklearn import metrics as sk

from harness.evidence import (
    Blocks,
    RowMetric,
    ScoredRows,
    estimate_contrast,
    estimate_level,
    find_metric,
)
from harness.evidence.resample import multiplier_weights, resampled_differences

N_ROWS, N_BLOCKS, N_RESAMPLES = 1_000_000, 90, 2_000
NAMES = ("roc_auc", "pr_auc", "brier", "log_loss", "precision", "recall", "f1")
NAMES += ("balanced_accuracy", "alert_rate", "value_per_1000")


def model(label: np.ndarray, blocks: Blocks, strength: float, seed: int) -> ScoredRows:
    """Scores of one model."""
    rng = np.random.default_rng(seed)
    score = 1 / (1 + np.exp(-(rng.normal(size=N_ROWS) + strength * label - 2)))
    return ScoredRows(
        score=score,
        alert=score > 0.3,
        label=label,
        value_if_alert=np.where(label, 3.0, -1.0),
        value_if_silent=np.zeros(N_ROWS),
        blocks=blocks,
    )


def ours(pair: tuple[ScoredRows, ScoredRows], weights: np.ndarray) -> float:
    """Everything the harness computes; returns a figure so that nothing is skipped."""
    found = [find_metric(name) for name in NAMES]
    metrics = [metric for metric in found if isinstance(metric, RowMetric)]
    total = 0.0
    for metric in metrics:
        total += estimate_level(metric, pair[0], 0.05).value
        total += estimate_level(metric, pair[1], 0.05).value
        total += estimate_contrast(metric, *pair, 0.05).value
    return total + sum(v.sum() for v in resampled_differences(metrics, *pair, weights).values())


def theirs(pair: tuple[ScoredRows, ScoredRows]) -> float:
    """The ten point values once for each model."""
    total = 0.0
    for rows in pair:
        y, s, a = rows.label, rows.score, rows.alert
        total += sk.roc_auc_score(y, s) + sk.average_precision_score(y, s)
        total += sk.brier_score_loss(y, s) + sk.log_loss(y, s)
        total += sk.precision_score(y, a) + sk.recall_score(y, a) + sk.f1_score(y, a)
        total += sk.balanced_accuracy_score(y, a) + np.mean(a)
        total += 1000 * np.mean(np.where(a, rows.value_if_alert, rows.value_if_silent))
    return total


def fresh(pair: tuple[ScoredRows, ScoredRows]) -> tuple[ScoredRows, ScoredRows]:
    """The same rows without anything remembered from an earlier round."""
    first, second = (
        ScoredRows(**{name: getattr(rows, name) for name in ScoredRows.__dataclass_fields__})
        for rows in pair
    )
    return first, second


def main() -> None:
    """Time both in turn."""
    rng = np.random.default_rng(0)
    label = rng.random(N_ROWS) < 0.05
    names = tuple(f"day {i}" for i in range(N_BLOCKS))
    blocks = Blocks(code=rng.integers(0, N_BLOCKS, N_ROWS), names=names, in_time_order=True)
    pair = (model(label, blocks, 1.5, 1), model(label, blocks, 1.2, 2))
    weights = multiplier_weights(N_RESAMPLES, N_BLOCKS, seed=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds = []
    for _ in range(3):
        judged = fresh(pair)
        start = time.perf_counter()
        ours(judged, weights)
        middle = time.perf_counter()
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
        theirs(pair)
        rounds.append((middle - start, time.perf_counter() - middle))
        print(f"ours {rounds[-1][0]:.2f} s, point values by scikit-learn {rounds[-1][1]:.2f} s")
    print(f"memory above the input {memory:.0f} MB")
    ratio = statistics.median(a for a, _ in rounds) / statistics.median(b for _, b in rounds)
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
