import numpy as np
import pytest
from scipy import stats

from harness.monitor.variation import (
    Variation,
    chi_square_p,
    count_p,
    effective_rows,
    kolmogorov_p,
    natural_distance,
    student_p,
)


def days(values, rows=100.0, period_days=1.0):
    values = np.asarray(values, dtype=float)
    return Variation(
        values=values[:, None], weight=np.full(len(values), rows), period_days=period_days
    )


def test_variance_of_independent_days_falls_with_the_length_of_the_window():
    shares = np.random.default_rng(0).binomial(100, 0.3, 5_000) / 100
    variation = days(shares)
    expected = 0.3 * 0.7 / 100
    assert variation.variance(1)[0] == pytest.approx(expected, rel=0.1)
    assert variation.variance(7)[0] == pytest.approx(expected / 7, rel=0.15)


def test_variance_of_days_that_resemble_each_other_is_that_of_their_process():
    rng, rho, n = np.random.default_rng(1), 0.6, 20_000
    effect = np.zeros(n)
    for i in range(1, n):
        effect[i] = rho * effect[i - 1] + np.sqrt(1 - rho**2) * rng.normal()
    lags = np.arange(1, 7)
    true = (1 + 2 * ((1 - lags / 7) * rho**lags).sum()) / 7
    assert days(effect).variance(7)[0] == pytest.approx(true, rel=0.15)


def test_independent_rows_count_one_by_one():
    rng = np.random.default_rng(2)
    shares = np.stack([rng.binomial(500, q, 2_000) / 500 for q in (0.2, 0.5, 0.8)], axis=1)
    variation = Variation(values=shares, weight=np.full(2_000, 500.0), period_days=1.0)
    assert effective_rows(variation, 7, 3_500, 1_000_000) == pytest.approx(3_500, rel=0.15)
    assert effective_rows(variation, 7, 200, 1_000_000) == pytest.approx(200, rel=0.15)


def test_a_thin_window_may_lie_further_away():
    variation = days(np.random.default_rng(3).binomial(100, 0.3, 200) / 100)
    how = lambda d: np.abs(d).max(axis=1)
    assert natural_distance(variation, 7, 700, how) < natural_distance(variation, 7, 70, how)


def test_natural_distance_never_exceeds_what_was_seen():
    season = days(np.repeat([0.0, 1.0], 50))
    assert natural_distance(season, 7, 700, lambda d: np.abs(d).max(axis=1)) <= 0.5 + 1e-9


def test_p_values_with_many_degrees_are_those_of_the_textbook():
    for distance, n in ((0.03, 2_000), (0.06, 2_000), (0.1, 500)):
        ours = kolmogorov_p(distance, n, 1e7)
        assert ours == pytest.approx(stats.kstwobign.sf(distance * np.sqrt(n)), rel=0.02)
    now, then = np.array([0.3, 0.7]), np.array([0.5, 0.5])
    pooled = (now + then) / 2
    statistic = 100 * ((now - then) ** 2 / pooled).sum()
    assert chi_square_p(now, then, 100, 1e9) == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-3)
    assert student_p(2.0, 1.0, 10) == pytest.approx(2 * stats.t.sf(2, 10))


@pytest.mark.parametrize(
    "p_of", [lambda k: kolmogorov_p(0.1, 500, k), lambda k: student_p(3.0, 1.0, k)]
)
def test_few_degrees_make_certainty_dearer(p_of):
    assert p_of(3) > p_of(10) > p_of(60)


def test_nothing_to_measure_by_proves_nothing():
    assert student_p(float("nan"), 1.0, 5) == 1.0
    assert student_p(0.0, 0.0, 5) == 1.0


def test_short_references_are_taken_as_they_are():
    assert not days([0.1, 0.2, 0.3]).is_known
    assert effective_rows(days([0.1, 0.2]), 1, 100, 200) == pytest.approx(1 / (1 / 100 + 1 / 200))


def test_counts_with_a_fixed_share_are_judged_as_a_binomial():
    for k in (0, 3, 60, 95, 140):
        exact = 2 * min(stats.binom.cdf(k, 300, 0.3), stats.binom.sf(k - 1, 300, 0.3))
        ours = count_p(k, 300, float(np.log(0.3 / 0.7)), 0.0, 30)
        assert ours == pytest.approx(min(1.0, exact), rel=1e-6, abs=1e-300)
    assert count_p(0, 0, 0.0, 0.1, 30) == 1.0


def test_counts_whose_share_varies_are_judged_at_their_rate():
    rng = np.random.default_rng(0)
    shares = 1 / (1 + np.exp(-(-2 + 0.5 * rng.standard_t(30, 4_000))))
    p = [count_p(k, 200, -2.0, 0.25, 30) for k in rng.binomial(200, shares)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.045, abs=0.015)
