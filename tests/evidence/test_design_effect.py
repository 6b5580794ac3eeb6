from __future__ import annotations

import numpy as np
import pytest

from harness.evidence import Blocks, blocks_of, design_effect, find_metric
from harness.evidence.blocks import random_blocks
from tests.evidence.test_estimate import silent, vars_of
from tests.evidence.test_metrics import scored


def test_independent_rows_have_a_design_effect_of_about_one():
    metric = find_metric("value_per_1000")
    effects = []
    for seed in range(20):
        rows = scored(8000, seed=seed, n_blocks=60)
        effects.append(design_effect(metric, rows, silent(rows)))
    assert np.mean(effects) == pytest.approx(1.0, abs=0.15)


def test_rows_that_share_their_days_fate_have_a_large_one():
    rng = np.random.default_rng(0)
    rows = scored(8000, seed=0, n_blocks=60)
    bad_day = rng.random(60) < 0.3
    label = rows.label | (bad_day[rows.blocks.code] & (rng.random(8000) < 0.5))
    clustered = type(rows)(
        **{**vars_of(rows), "label": label, "value_if_alert": np.where(label, 3.0, -1.0)}
    )
    metric = find_metric("value_per_1000")
    assert design_effect(metric, clustered, silent(clustered)) > 2


def test_equal_models_have_none():
    rows = scored(500, seed=0)
    assert design_effect(find_metric("roc_auc"), rows, rows) is None


def test_random_blocks_are_even_and_the_same_each_time():
    first, again = random_blocks(10_001), random_blocks(10_001)
    assert (first.code == again.code).all()
    counts = np.bincount(first.code)
    assert counts.max() - counts.min() <= 1
    assert isinstance(first, Blocks)
    assert not first.in_time_order
    import pandas as pd

    time = pd.date_range("2024-01-01", periods=500, tz="UTC")
    assert blocks_of("row", time, None).n_blocks == 400


def test_the_series_of_a_mean_is_what_each_block_says():
    from harness.evaluation import block_series
    from tests.evidence.test_estimate import silent as never

    rows = scored(4000, seed=1, n_blocks=20)
    metric = find_metric("value_per_1000")
    series = block_series(metric, rows, never(rows))
    assert series.names == rows.blocks.names
    assert series.values.mean() == pytest.approx(
        metric.point(rows) - metric.point(never(rows)), rel=0.02
    )


def test_it_is_the_ratio_of_two_jackknives_taken_one_block_at_a_time():
    metric = find_metric("value_per_1000")
    rows = scored(3000, seed=2, n_blocks=20)
    base = silent(rows)

    def variance(blocks):
        without = np.array(
            [
                metric.point(rows.subset(blocks.code != block))
                - metric.point(base.subset(blocks.code != block))
                for block in range(blocks.n_blocks)
            ]
        )
        n = blocks.n_blocks
        return (n - 1) / n * ((without - without.mean()) ** 2).sum()

    expected = variance(rows.blocks) / variance(random_blocks(3000))
    assert design_effect(metric, rows, base) == pytest.approx(expected, rel=1e-9)
