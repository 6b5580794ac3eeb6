"""Figures of A/B metrics against scipy, statsmodels, tea-tasting and spotify-confidence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tea_tasting as tt
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import proportion as sm_proportion
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from harness.abtest.bounds import Looks, sequential_quantile
from harness.abtest.figures import Arm, arms_of, contrast, level
from harness.abtest.metric import LogMetric
from harness.abtest.quantile import quantile_contrast, quantile_level

ONE_LOOK = Looks(is_sequential=False, n_units=2400, n_planned=2400)
# Without skewness, so that published formulas apply digit for digit.
SYMMETRIC = np.concatenate([np.arange(50.0), -np.arange(50.0)])


def metric(kind: str, **more) -> LogMetric:
    parts = {"name": "m", "title": "M", "unit": "", "higher_is_better": True, "column": "y"}
    return LogMetric(kind=kind, **{**parts, **more})


def binary(n: int, k: int) -> Arm:
    return Arm(value=np.repeat([1.0, 0.0], [k, n - k]))


def test_means_have_welchs_interval():
    control, treatment = Arm(value=SYMMETRIC + 3), Arm(value=2 * SYMMETRIC + 10)
    ours = contrast(metric("mean"), control, treatment, ONE_LOOK, 0.05, 1.0).interval
    theirs = stats.ttest_ind(treatment.value, control.value, equal_var=False)
    low, high = theirs.confidence_interval(0.9)
    assert (ours.lower, ours.upper) == pytest.approx((low, high), rel=1e-10)
    also = CompareMeans(DescrStatsW(treatment.value), DescrStatsW(control.value))
    assert also.tconfint_diff(0.1, usevar="unequal") == pytest.approx((low, high), rel=1e-10)


def test_proportions_agree_with_spotify_confidence():
    # spotify-confidence 4.1.0, StudentsTTest, 612 and 660 of 1,200, interval_size 0.9.
    ours = contrast(metric("proportion"), binary(1200, 612), binary(1200, 660), ONE_LOOK, 0.05, 1.0)
    assert ours.value == pytest.approx(0.040000000000000036, abs=1e-12)
    low, high = 0.006499033554272657, 0.07350096644572741
    # Its variance divides by n, ours by n - 1; the skewness of either side is next to nothing.
    by_n = np.sqrt(1199 / 1200)
    bounds = [0.04 + (bound - 0.04) * by_n for bound in (ours.interval.lower, ours.interval.upper)]
    assert bounds == pytest.approx([low, high], abs=5e-5)
    assert bounds[1] == pytest.approx(high, rel=1e-7)


def test_means_agree_with_spotify_confidence_and_tea_tasting():
    y0, y1 = (np.arange(50) * 37 % 101) / 10, (np.arange(60) * 53 % 97) / 9
    ours = contrast(metric("mean"), Arm(value=y0), Arm(value=y1), ONE_LOOK, 0.05, 1.0)
    # spotify-confidence 4.1.0, StudentsTTest, interval_size 0.9.
    low, high = -0.9244114689058656, 1.0204114689058656
    # Ours widens the side of the longer tail, here the upper one, and leaves the other.
    assert ours.interval.lower == pytest.approx(low, rel=1e-10)
    assert high < ours.interval.upper <= high + 5e-3
    frame = pd.DataFrame({"variant": [0] * 50 + [1] * 60, "y": np.r_[y0, y1]})
    theirs = tt.Experiment(m=tt.Mean("y", confidence_level=0.9)).analyze(frame, control=0)["m"]
    assert theirs.effect_size_ci_lower == pytest.approx(low, rel=1e-10)


def test_cuped_and_ratios_are_tea_tastings_own():
    rng = np.random.default_rng(0)
    n = 4000
    frame = pd.DataFrame(
        {
            "variant": rng.integers(0, 2, n),
            "y": rng.normal(size=n),
            "n": rng.integers(1, 9, n).astype(float),
            "x": rng.normal(size=n),
        }
    )
    frame["y"] += 0.8 * frame["x"]
    side = frame["variant"].to_numpy() == 1
    for ours, theirs in (
        (metric("mean", covariate="x"), tt.Mean("y", "x", confidence_level=0.9)),
        (metric("ratio", per="n"), tt.RatioOfMeans("y", "n", confidence_level=0.9)),
    ):
        found = contrast(ours, *arms_of(ours, frame, side), ONE_LOOK, 0.05, 1.0)
        expected = tt.Experiment(m=theirs).analyze(frame, control=0)["m"]
        assert found.value == pytest.approx(expected.effect_size, rel=1e-10)
        width = expected.effect_size_ci_upper - expected.effect_size_ci_lower
        assert found.interval.upper - found.interval.lower == pytest.approx(width, rel=0.01)
    plain = metric("mean")
    wide = contrast(plain, *arms_of(plain, frame, side), ONE_LOOK, 0.05, 1.0).interval
    narrow_metric = metric("mean", covariate="x")
    narrow = contrast(
        narrow_metric, *arms_of(narrow_metric, frame, side), ONE_LOOK, 0.05, 1.0
    ).interval
    assert narrow.upper - narrow.lower < 0.85 * (wide.upper - wide.lower)


def test_a_share_alone_has_clopper_and_pearsons_interval():
    found = level(metric("proportion"), binary(500, 40), ONE_LOOK, 0.05)
    expected = sm_proportion.proportion_confint(40, 500, alpha=0.1, method="beta")
    assert (found.interval.lower, found.interval.upper) == pytest.approx(expected, rel=1e-10)


def test_a_mean_alone_has_students_interval():
    found = level(metric("mean"), Arm(value=SYMMETRIC), ONE_LOOK, 0.05)
    expected = DescrStatsW(SYMMETRIC).tconfint_mean(0.1)
    assert (found.interval.lower, found.interval.upper) == pytest.approx(expected, rel=1e-10)


def test_a_relative_margin_multiplies_the_control():
    control, treatment = binary(1000, 200), binary(1000, 260)
    found = contrast(metric("proportion"), control, treatment, ONE_LOOK, 0.05, 1.1)
    assert found.value == pytest.approx(0.26 - 1.1 * 0.2)
    variance = 0.26 * 0.74 / 999 + 1.1**2 * 0.2 * 0.8 / 999
    reach = stats.norm.ppf(0.95) * np.sqrt(variance)
    assert found.value - found.interval.lower == pytest.approx(reach, rel=0.02)


def test_skewed_values_widen_the_side_of_their_tail():
    rng = np.random.default_rng(0)
    tail = Arm(value=rng.lognormal(0, 2, 300))
    flat = Arm(value=rng.normal(size=300))
    found = contrast(metric("mean"), flat, tail, ONE_LOOK, 0.05, 1.0)
    assert found.interval.upper - found.value > 1.2 * (found.value - found.interval.lower)


@pytest.mark.parametrize(
    ("control", "treatment", "problem"),
    [
        (Arm(value=np.empty(0)), binary(1000, 300), "UNDEFINED"),
        (Arm(value=np.ones(1)), binary(1000, 300), "FEW_BLOCKS"),
    ],
)
def test_what_says_nothing_about_chance_has_no_interval(control, treatment, problem):
    found = contrast(metric("proportion"), control, treatment, ONE_LOOK, 0.05, 1.0)
    assert (found.interval, found.problem) == (None, problem)


def test_rare_events_are_bounded_exactly_at_one_look_and_not_at_many():
    often = Looks(is_sequential=True, n_units=40_000, n_planned=40_000)
    rare, never = binary(20_000, 3), binary(20_000, 0)
    found = contrast(metric("proportion"), never, rare, ONE_LOOK, 0.05, 1.0).interval
    assert stats.fisher_exact([[3, 19_997], [0, 20_000]], alternative="greater").pvalue > 0.05
    assert -0.0002 < found.lower < 0 < found.upper < 0.0005
    assert contrast(metric("proportion"), never, never, ONE_LOOK, 0.05, 1.0).interval.upper < 0.0002
    for figure in (
        contrast(metric("proportion"), never, rare, often, 0.05, 1.0),
        level(metric("proportion"), rare, often, 0.05),
    ):
        assert (figure.interval, figure.problem) == (None, "FEW_POSITIVES")


def test_means_that_never_vary_have_no_interval():
    same = Arm(value=np.ones(100))
    assert contrast(metric("mean"), same, same, ONE_LOOK, 0.05, 1.0).problem == "NO_VARIATION"
    assert level(metric("mean"), same, ONE_LOOK, 0.05).problem == "NO_VARIATION"


def test_a_quantile_of_single_values_is_bounded_by_order_statistics():
    values = np.random.default_rng(0).exponential(size=20_000)
    found = quantile_level(values, np.arange(20_000), 0.99, ONE_LOOK, 0.05)
    exact = stats.quantile_test(values, q=0, p=0.99).confidence_interval(0.9)
    assert found.value == np.quantile(values, 0.99)
    assert (found.interval.lower, found.interval.upper) == pytest.approx(tuple(exact), rel=0.01)


def test_values_of_one_unit_do_not_count_as_many():
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(400), 50)
    values = np.exp(rng.normal(size=400)[unit] + 0.1 * rng.normal(size=20_000))
    clustered = quantile_level(values, unit, 0.9, ONE_LOOK, 0.05).interval
    alone = quantile_level(values, np.arange(20_000), 0.9, ONE_LOOK, 0.05).interval
    assert clustered.upper - clustered.lower > 3 * (alone.upper - alone.lower)


def test_quantiles_without_enough_behind_them_have_no_interval():
    few = quantile_level(np.arange(50.0), np.arange(50), 0.99, ONE_LOOK, 0.05)
    assert few.problem == "FEW_MEASUREMENTS"
    assert quantile_level(np.empty(0), np.empty(0, int), 0.9, ONE_LOOK, 0.05).problem == "UNDEFINED"
    one = quantile_level(np.arange(50.0), np.zeros(50, int), 0.5, ONE_LOOK, 0.05)
    assert one.problem == "FEW_BLOCKS"
    assert quantile_contrast(few, one, 1.0).problem == "FEW_BLOCKS"


@given(st.floats(0.001, 0.2), st.integers(10, 10**7), st.integers(10, 10**7))
def test_bounds_for_all_looks_are_wider_than_those_for_one(alpha, n, planned):
    assert sequential_quantile(alpha, n, planned) > stats.norm.ppf(1 - alpha)


def test_bounds_for_all_looks_are_tightest_where_planned():
    grid = [2000, 5000, 10_000, 20_000, 50_000]
    width = [sequential_quantile(0.05, n, 10_000) / np.sqrt(n) for n in grid]
    assert width == sorted(width, reverse=True)
    at_plan = [sequential_quantile(0.05, 10_000, planned) for planned in (1000, 10_000, 100_000)]
    assert min(at_plan) == at_plan[1]
