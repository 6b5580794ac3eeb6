from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    n, k, errors = 40, 8, 0
    for _ in range(400):
        blocks = 0.8 * rng.normal(size=n) + 0.6 * rng.normal(size=(k, n))
        p = stats.ttest_1samp(blocks, 0, axis=1, alternative="greater").pvalue
        centred = (blocks - blocks.mean(axis=1, keepdims=True)) / n
        errors += bool(step_down(centred, ALPHA, lambda i, level, p=p: p[i] <= level))
    assert errors / 400 <= ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / 400)


def test_proven_candidates_leave_and_the_rest_is_tested_at_a_higher_level():
    psi = np.eye(4)
    p = np.array([0.001, 0.002, 0.02, 0.9])
    proven = step_down(psi, ALPHA, lambda i, level: p[i] <= level)
    assert sorted(proven) == [0, 1, 2]
    assert proven[2] > proven[0]
