"""Contract of every metric: exact, additive, and equal to an independent implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from harness.evidence import Blocks, ScoredRows, find_metric, row_metrics
from harness.evidence.auc import cell_auc, plain_auc
from harness.evidence.metric import SampleQuantile

METRICS = row_metrics()


def scored(n_rows: int, *, seed: int, n_blocks: int = 12, ties: bool = False, rate: float = 0.3):
    rng = np.random.default_rng(seed)
    label = rng.random(n_rows) < rate
    score = 1 / (1 + np.exp(-(rng.normal(size=n_rows) + label)))
    if ties:
        score = np.round(score, 1)
    alert = score >= np.quantile(score, 0.7)
    names = tuple(f"b{i}" for i in range(n_blocks))
    code = np.sort(rng.integers(0, n_blocks, n_rows))
    return ScoredRows(
        score=score,
        alert=alert,
        label=label,
        value_if_alert=np.where(label, 3.0, -1.0),
        value_if_silent=np.where(label, -0.5, 0.0),
        blocks=Blocks(code=code, names=names, in_time_order=True),
    )


INDEPENDENT = {
    "accuracy": lambda r: sk.accuracy_score(r.label, r.alert),
    "alert_rate": lambda r: np.mean(r.alert),
    "balanced_accuracy": lambda r: sk.balanced_accuracy_score(r.label, r.alert),
    "brier": lambda r: sk.brier_score_loss(r.label, r.score),
    "f1": lambda r: sk.f1_score(r.label, r.alert),
    "log_loss": lambda r: sk.log_loss(r.label, r.score),
    "pr_auc": lambda r: sk.average_precision_score(r.label, r.score),
    "precision": lambda r: sk.precision_score(r.label, r.alert),
    "recall": lambda r: sk.recall_score(r.label, r.alert),
    "roc_auc": lambda r: sk.roc_auc_score(r.label, r.score),
    "value_per_1000": lambda r: (
        1000 * np.mean(np.where(r.alert, np.where(r.label, 3, -1), np.where(r.label, -0.5, 0)))
    ),
    "calibration_error": lambda r: _calibration_error(r.label, r.score),
}


def _calibration_error(label, score):
    edges = np.quantile(score, np.arange(1, 15) / 15)
    total = 0.0
    for k in range(15):
        low = -np.inf if k == 0 else edges[k - 1]
        high = np.inf if k == 14 else edges[k]
        inside = (score >= low) & (score < high)
        if inside.any():
            total += inside.sum() * abs(score[inside].mean() - label[inside].mean())
    return total / len(score)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n_rows", [300, 9000])
def test_point_values_equal_an_independent_implementation(metric, ties, n_rows):
    rows = scored(n_rows, seed=3, ties=ties)
    assert metric.point(rows) == pytest.approx(INDEPENDENT[metric.name](rows), abs=1e-12, rel=1e-12)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_statistics_add_up_over_blocks_and_describe_themselves(metric):
    rows = scored(6000, seed=4)
    sums = metric.statistics(rows)
    assert sums.shape[0] == rows.blocks.n_blocks
    binned = float(metric.value(sums.sum(axis=0)))
    assert binned == pytest.approx(metric.point(rows), abs=5e-4)
    batch = metric.value(np.stack([sums.sum(axis=0), sums[:6].sum(axis=0)]))
    assert batch.shape == (2,)
    assert batch[0] == pytest.approx(binned)
    assert metric.size(rows).sum() > 0
    assert metric.meaning.endswith(".")
    assert find_metric(metric.name) is metric


# The bins of the calibration error are those of all rows, on purpose.
@pytest.mark.parametrize(
    "metric", [m for m in METRICS if m.name != "calibration_error"], ids=lambda m: m.name
)
def test_leaving_a_block_out_equals_computing_without_its_rows(metric):
    rows = scored(1500, seed=5)
    sums = metric.statistics(rows)
    without = metric.value(sums.sum(axis=0) - sums)
    for block in (0, 5, 11):
        rest = rows.subset(rows.blocks.code != block)
        assert without[block] == pytest.approx(metric.point(rest), abs=1e-9)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_undefined_is_nan_never_a_number(metric):
    rows = scored(200, seed=6)
    nobody = ScoredRows(
        score=rows.score,
        alert=np.zeros(200, dtype=bool),
        label=np.zeros(200, dtype=bool),
        value_if_alert=rows.value_if_alert,
        value_if_silent=rows.value_if_silent,
        blocks=rows.blocks,
    )
    undefined = {"precision", "recall", "f1", "roc_auc", "pr_auc", "balanced_accuracy"}
    assert np.isnan(metric.point(nobody)) == (metric.name in undefined)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_rank_metrics_are_exact_under_ties(drawn):
    score = np.array([s for s, _ in drawn]) / 5
    label = np.array([y for _, y in drawn])
    if label.all() or not label.any():
        assert np.isnan(plain_auc(label, score))
        assert np.isnan(cell_auc(label, (score * 5).astype(np.intp), np.arange(6.0)))
        return
    rows = ScoredRows(
        score=score,
        alert=score > 0.5,
        label=label,
        value_if_alert=score,
        value_if_silent=score,
        blocks=Blocks(code=np.zeros(len(score), dtype=np.intp), names=("b",), in_time_order=True),
    )
    expected = sk.roc_auc_score(label, score)
    roc, pr = find_metric("roc_auc"), find_metric("pr_auc")
    assert roc.point(rows) == pytest.approx(expected, abs=1e-12)
    assert plain_auc(label, score) == pytest.approx(expected, abs=1e-12)
    place, cell = np.array([3, 1, 0, 5, 2, 4]), np.rint(score * 5).astype(np.intp)
    by_cell = np.empty(6)
    by_cell[place] = [0.0, 0.2, 0.4, 0.4, 0.8, 1.0]  # cells in any order, two of one score
    tied = np.where(cell == 3, 0.4, score)
    assert cell_auc(label, place[cell], by_cell) == pytest.approx(
        sk.roc_auc_score(label, tied), abs=1e-12
    )
    assert pr.point(rows) == pytest.approx(sk.average_precision_score(label, score), abs=1e-12)
    for metric in (roc, pr):  # few rows: every distinct score has its own bin
        assert metric.value(metric.statistics(rows).sum(axis=0)) == pytest.approx(
            metric.point(rows)
        )


def test_sample_quantiles_are_metrics_too():
    assert isinstance(find_metric("p99_latency_ms"), SampleQuantile)
    assert find_metric("p50_latency_ms").quantile == 0.5


def test_calibration_error_is_that_of_fifteen_bins_of_equal_count():
    drawn = scored(3_000, seed=8)
    # Outcomes as often as the scores say: gaps of either sign, so that the bins matter.
    rows = replace(drawn, label=np.random.default_rng(1).random(3_000) < drawn.score)

    def by_hand(n_bins: int) -> float:
        bins = pd.qcut(rows.score, n_bins, labels=False)
        return float(pd.Series(rows.score - rows.label).groupby(bins).sum().abs().sum() / len(rows))

    found = find_metric("calibration_error").point(rows)
    assert found == pytest.approx(by_hand(15), abs=1e-4)
    assert all(found != pytest.approx(by_hand(n), abs=3e-4) for n in (13, 14, 16, 17))


def test_a_certain_score_that_was_wrong_costs_what_scikit_learn_says():
    rows = scored(400, seed=3)
    certain = replace(
        rows, score=np.where(np.arange(400) < 5, ~rows.label, rows.score).astype(float)
    )
    expected = sk.log_loss(certain.label, certain.score)
    assert find_metric("log_loss").point(certain) == pytest.approx(expected, rel=1e-9)
