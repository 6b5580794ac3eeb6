"""How much wider bounds become where neighbouring blocks resemble each other."""

from __future__ import annotations

import numpy as np
import pytest

from harness.evidence.bounds import autoregressive_inflation, lag1_correlation, n_cosine_terms


@pytest.mark.parametrize(("lag1", "n_blocks"), [(0.3, 60), (0.5, 200)])
def test_the_inflation_is_that_of_an_autoregression(lag1, n_blocks):
    """Against the exact variance of a mean of n values whose correlation is r to the power of the lag."""
    r = lag1 + 1.5 / n_blocks  # the estimate's own bias, mended (Kendall 1954)
    lags = np.arange(1, 20_000)
    exact = np.sqrt(1 + 2 * (r**lags).sum())
    assert autoregressive_inflation(lag1, n_blocks) == pytest.approx(exact)


def test_days_that_alternate_are_taken_for_independent_and_trends_for_no_more_than_threefold():
    assert autoregressive_inflation(np.array([-0.5, 0.0]), 30).tolist() == [1.0, 1.0]
    assert autoregressive_inflation(np.array([0.9, 0.999]), 30) == pytest.approx([3.0, 3.0])


@pytest.mark.parametrize(
    ("n_blocks", "lag1", "terms"),
    [(5, 0.0, 2), (19, 0.0, 3), (60, 0.0, 12), (400, 0.0, 12), (14, 0.9, 2), (39, 0.9, 3), (90, 0.9, 6)],
)  # fmt: skip
def test_cosine_terms_are_whole_few_and_fewer_where_days_correlate(n_blocks, lag1, terms):
    found = n_cosine_terms(n_blocks, lag1)
    assert (found, type(found)) == (terms, int)


def test_blocks_that_do_not_vary_do_not_correlate():
    assert lag1_correlation(np.full(12, 0.4)) == 0.0
