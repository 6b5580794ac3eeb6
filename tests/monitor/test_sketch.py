import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from harness.monitor.sketch import ks_distance, merge, sketch, stability_index, wasserstein

floats = st.floats(-1e6, 1e6, allow_nan=False)
columns = hnp.arrays(np.float64, st.integers(1, 400), elements=floats | st.just(np.nan))


@given(columns, columns)
@settings(max_examples=150, deadline=None)
def test_distance_of_small_columns_is_scipys(a, b):
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if not len(a) or not len(b):
        assert np.isnan(ks_distance(sketch(a), sketch(b)))
        return
    with np.errstate(all="ignore"):  # of the p, which is not asked for
        expected = stats.ks_2samp(a, b, method="asymp").statistic
    assert ks_distance(sketch(a), sketch(b)) == pytest.approx(expected, abs=1e-12)
    assert wasserstein(sketch(a), sketch(b)) == pytest.approx(
        stats.wasserstein_distance(a, b), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("shape", ["normal", "lognormal", "rounded", "mostly one value"])
def test_distance_of_large_columns_is_scipys_within_the_stated_error(shape):
    rng = np.random.default_rng(0)
    draw = {
        "normal": lambda n: rng.normal(size=n),
        "lognormal": lambda n: rng.lognormal(size=n),
        "rounded": lambda n: rng.normal(scale=300, size=n).round(),
        "mostly one value": lambda n: np.where(rng.random(n) < 0.9, 0.0, rng.normal(size=n)),
    }[shape]
    a, b = draw(200_000), 1.02 * draw(70_000)
    ours, theirs = sketch(a), sketch(b)
    assert ours.error <= 0.001
    gap = abs(ks_distance(ours, theirs) - stats.ks_2samp(a, b).statistic)
    assert gap <= ours.error + theirs.error


def test_merged_parts_are_the_whole_within_the_stated_error():
    rng = np.random.default_rng(1)
    parts = [rng.normal(loc, 1, size) for loc, size in ((0, 5_000), (2, 20_000), (-1, 300))]
    whole, merged = np.concatenate(parts), merge([sketch(part) for part in parts])
    assert merged.n == len(whole)
    assert merged.mean == pytest.approx(whole.mean())
    assert merged.sd == pytest.approx(whole.std(ddof=1))
    at = np.quantile(whole, np.linspace(0.01, 0.99, 99))
    exact = np.searchsorted(np.sort(whole), at, side="right") / len(whole)
    assert np.abs(merged.cdf(at)[1] - exact).max() <= 0.002


def test_merging_exact_parts_stays_exact():
    a, b = np.array([1.0, 2, 2, 5]), np.array([2.0, 3])
    merged, whole = merge([sketch(a), sketch(b)]), sketch(np.concatenate([a, b]))
    assert (merged.values == whole.values).all()
    assert (merged.below == whole.below).all()
    assert (merged.upto == whole.upto).all()


def test_stability_index_counts_what_left_each_decile():
    then, now = np.arange(1000.0), np.arange(1000.0) + 100
    shares_then = np.full(10, 0.1)
    shares_now = np.array([0.0005, *[0.1] * 8, 0.2])  # an empty bin holds half a row
    expected = ((shares_now - shares_then) * np.log(shares_now / shares_then)).sum()
    assert stability_index(sketch(then), sketch(now)) == pytest.approx(expected, rel=0.02)


def test_an_empty_column_has_no_distribution():
    empty = sketch(np.array([np.nan, np.nan]))
    assert empty.n == 0
    assert np.isnan(empty.quantile(0.5))
    assert np.isnan(ks_distance(empty, sketch(np.ones(3))))
    assert merge([empty, empty]).n == 0
