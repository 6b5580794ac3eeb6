from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from harness.evidence.step_down import shared_level, step_down

ALPHA = 0.05


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(0, 1000))
def test_the_level_is_never_below_bonferroni_nor_above_alpha(k, seed):
    psi = np.random.default_rng(seed).normal(size=(k, 40))
    assert ALPHA / k <= shared_level(psi, ALPHA) <= ALPHA


def test_independent_candidates_get_sidaks_level_and_alike_ones_nearly_alpha():
    rng = np.random.default_rng(0)
    apart = shared_level(np.eye(10), ALPHA)
    assert apart == pytest.approx(1 - (1 - ALPHA) ** (1 / 10), rel=0.08)
    shared = rng.normal(size=60)
    alike = shared_level(shared + 0.1 * rng.normal(size=(10, 60)), ALPHA)
    assert alike > 4 * apart


def test_the_family_errs_no_more_often_than_alpha():
    """Blocks of correlated candidates, none better; t-tests at the shared level."""
    from scipy import stats

    rng = np.random.default_rng(1)
    n, k, errors, families = 40, 8, 0, 250
    for _ in range(families):
        blocks = 0.8 * rng.normal(size=n) + 0.6 * rng.normal(size=(k, n))
        p = stats.ttest_1samp(blocks, 0, axis=1, alternative="greater").pvalue
        centred = (blocks - blocks.mean(axis=1, keepdims=True)) / n
        errors += bool(step_down(centred, ALPHA, lambda i, level, p=p: p[i] <= level))
    assert errors / families <= ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / families)


def test_proven_candidates_leave_and_the_rest_is_tested_at_a_higher_level():
    psi = np.eye(4)
    p = np.array([0.001, 0.002, 0.02, 0.9])
    proven = step_down(psi, ALPHA, lambda i, level: p[i] <= level)
    assert sorted(proven) == [0, 1, 2]
    assert proven[2] > proven[0]


@pytest.mark.parametrize("alpha", [0.05, 0.01, 3e-5])
def test_the_level_is_the_order_statistic_that_the_formula_names(alpha):
    """Worked out anew from the same draws, with scipy's normal and a plain sort."""
    influences = np.random.default_rng(5).normal(size=(4, 30))
    influences[1] = 0.7 * influences[0] + 0.3 * influences[1]
    unit = influences / np.linalg.norm(influences, axis=1)[:, None]
    draws = np.random.default_rng(0).normal(size=(20_000, 30)) @ unit.T
    smallest = np.sort(norm.sf(draws).min(axis=1))
    order = math.floor(alpha * 20_000 - 2 * math.sqrt(20_000 * alpha * (1 - alpha)))
    expected = min(max(smallest[max(order, 1) - 1], alpha / 4), alpha)
    assert shared_level(influences, alpha) == pytest.approx(expected, rel=1e-9)
    if alpha == 0.05:  # elsewhere Bonferroni's level, which no draw changes, may be the higher one
        assert shared_level(influences, alpha, seed=1) != shared_level(influences, alpha)


def test_a_candidate_whose_blocks_say_nothing_changes_no_level():
    influences = np.random.default_rng(5).normal(size=(2, 30))
    influences[1] = 0.9 * influences[0] + 0.1 * influences[1]  # alike: far above Bonferroni's level
    with_nothing = np.vstack([influences, np.zeros(30)])
    # Its p-value is a half in every draw, so it is never the smallest that counts.
    assert shared_level(with_nothing, 0.05) == pytest.approx(shared_level(influences, 0.05))
