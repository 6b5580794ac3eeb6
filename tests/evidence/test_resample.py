from __future__ import annotations

import numpy as np
import pytest

from harness.evidence import find_metric, row_metrics
from harness.evidence.resample import multiplier_weights, resampled_differences
from tests.evidence.test_estimate import silent
from tests.evidence.test_metrics import scored


def test_equal_weights_give_the_plain_difference():
    rows = scored(3000, seed=2, n_blocks=15)
    found = resampled_differences(row_metrics(), rows, silent(rows), np.ones((3, 15)))
    for metric in row_metrics():
        expected = metric.point(rows) - metric.point(silent(rows))
        np.testing.assert_allclose(found[metric.name], expected, atol=1e-3)


def test_a_weight_of_zero_leaves_a_block_out():
    rows = scored(3000, seed=2, n_blocks=15)
    weights = 1.0 - np.eye(15)
    metric = find_metric("value_per_1000")
    found = resampled_differences([metric], rows, silent(rows), weights)["value_per_1000"]
    for block in (0, 7, 14):
        rest = rows.blocks.code != block
        expected = metric.point(rows.subset(rest)) - metric.point(silent(rows).subset(rest))
        assert found[block] == pytest.approx(expected)


def test_weights_draw_as_many_blocks_as_there_are_and_repeat_with_their_seed():
    weights = multiplier_weights(500, 20, seed=4)
    assert (weights.sum(axis=1) == 20).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(20), abs=0.2)
    assert (weights == multiplier_weights(500, 20, seed=4)).all()


def test_more_resamples_than_are_worked_out_at_once_are_all_there():
    from harness.evidence.resample import _AT_ONCE

    rows, metric = scored(300, seed=2), find_metric("recall")
    weights = multiplier_weights(_AT_ONCE + 7, rows.blocks.n_blocks, seed=3)
    found = resampled_differences([metric], rows, silent(rows), weights)["recall"]
    assert found.shape == (_AT_ONCE + 7,)
    last = metric.value((weights[-1] @ metric.sums(rows))[None])[0]
    nothing = metric.value((weights[-1] @ metric.sums(silent(rows)))[None])[0]
    assert found[-1] == pytest.approx(last - nothing)
    assert weights.dtype == np.float64
