from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.errors import EvidenceError
from harness.evidence import (
    Blocks,
    Interval,
    ScoredRows,
    blocks_of,
    estimate_contrast,
    estimate_level,
    estimate_sample,
    find_metric,
)
from harness.evidence.bounds import (
    autoregressive_bounds,
    cosine_bounds,
    effective_blocks,
    jackknife_bounds,
    lag1_correlation,
    skewed_bounds,
)
from tests.evidence.test_metrics import scored


def silent(rows: ScoredRows) -> ScoredRows:
    return ScoredRows(
        score=np.full(len(rows), 0.3),
        alert=np.zeros(len(rows), dtype=bool),
        label=rows.label,
        value_if_alert=rows.value_if_alert,
        value_if_silent=rows.value_if_silent,
        blocks=rows.blocks,
    )


def test_jackknife_of_a_mean_is_the_textbook_t_interval():
    values = np.random.default_rng(0).normal(size=20)
    without = (values.sum() - values) / 19
    bounds = jackknife_bounds(values.mean(), without, 20, 0.05)
    t = stats.t.ppf(0.95, 19)
    error = values.std(ddof=1) / np.sqrt(20)
    assert bounds.standard_error == pytest.approx(error, rel=1e-12)
    skew = ((values - values.mean()) ** 3).sum() / ((values - values.mean()) ** 2).sum() ** 1.5
    shift = skew * (2 * t**2 + 1) / 6
    assert bounds.lower == pytest.approx(values.mean() - (t + max(0, -shift)) * error, rel=1e-12)
    assert bounds.upper == pytest.approx(values.mean() + (t + max(0, shift)) * error, rel=1e-12)


def test_cosine_bound_equals_a_literal_sum():
    values = np.random.default_rng(1).normal(size=30)
    without = (values.sum() - values) / 29
    d = without.mean() - without
    assert lag1_correlation(without) < 0.15
    terms = []
    for j in range(1, 7):
        terms.append(np.sqrt(2) * sum(d[b] * np.cos(np.pi * j * (b + 0.5) / 30) for b in range(30)))
    error = np.sqrt(29 / 30 * np.mean(np.square(terms)))
    bounds = cosine_bounds(values.mean(), without, 30, 0.05)
    assert bounds.standard_error == pytest.approx(error, rel=1e-12)
    assert bounds.lower <= values.mean() - stats.t.ppf(0.95, 6) * error + 1e-12


def test_neighbouring_days_that_resemble_each_other_widen_the_interval():
    rng = np.random.default_rng(2)
    steps = rng.normal(size=60)
    smooth = np.array([steps[max(0, i - 6) : i + 1].mean() for i in range(60)])
    without = (smooth.sum() - smooth) / 59
    plain = jackknife_bounds(smooth.mean(), without, 60, 0.05)
    careful = cosine_bounds(smooth.mean(), without, 60, 0.05)
    assert lag1_correlation(without) > 0.5
    assert careful.standard_error > 1.3 * plain.standard_error


def test_an_autoregression_widens_by_its_textbook_factor():
    rng = np.random.default_rng(3)
    days = np.empty(90)
    days[0] = rng.normal()
    for i in range(1, 90):
        days[i] = 0.5 * days[i - 1] + np.sqrt(0.75) * rng.normal()
    without = (days.sum() - days) / 89
    plain = jackknife_bounds(days.mean(), without, 90, 0.05)
    widened = autoregressive_bounds(days.mean(), without, 90, 0.05)
    r = lag1_correlation(without) + 1.5 / 90
    expected = np.sqrt((1 + r) / (1 - r))
    assert widened.standard_error / plain.standard_error == pytest.approx(expected)
    opposite = np.tile([1.0, -1.0], 20)
    without = (opposite.sum() - opposite) / 39
    assert autoregressive_bounds(0.0, without, 40, 0.05).lower == pytest.approx(
        jackknife_bounds(0.0, without, 40, 0.05).lower
    )


def test_effective_blocks_counts_equal_ones_fully_and_tiny_ones_hardly():
    assert effective_blocks(np.full(12, 5.0)) == pytest.approx(12)
    assert effective_blocks(np.array([100.0, 1, 1, 1])) < 1.1
    assert effective_blocks(np.zeros(3)) == 0


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "brier", "precision", "value_per_1000"])
def test_the_truth_lies_in_the_interval_about_as_often_as_said(name):
    """Independent blocks: one-sided errors of levels and differences stay below 7 %."""
    metric = find_metric(name)
    big = scored(400_000, seed=99, n_blocks=40)
    truth = metric.point(big)
    misses = 0
    for seed in range(60):
        figure = estimate_level(metric, scored(3000, seed=seed, n_blocks=30), 0.05)
        assert figure.interval is not None
        misses += not figure.interval.lower <= truth <= figure.interval.upper
    assert misses <= 12  # at most 10 % two-sided is claimed; 6 expected, 12 is + 2.5 sd


def test_a_contrast_is_candidate_minus_factor_times_baseline():
    rows = scored(3000, seed=1, n_blocks=20)
    metric = find_metric("value_per_1000")
    ours, theirs = metric.point(rows), metric.point(silent(rows))
    assert estimate_contrast(metric, rows, silent(rows), 0.05).value == pytest.approx(ours - theirs)
    relative = estimate_contrast(metric, rows, silent(rows), 0.05, baseline_factor=1.1)
    assert relative.value == pytest.approx(ours - 1.1 * theirs)


PROBLEMS = {
    "FEW_BLOCKS": scored(1000, seed=1, n_blocks=9),
    "FEW_POSITIVES": scored(2000, seed=1, rate=0.004, n_blocks=20),
    "UNEQUAL_BLOCKS": scored(1000, seed=1, n_blocks=12),
}


def test_too_few_blocks_positives_or_sizes_leave_a_figure_without_interval():
    metric = find_metric("roc_auc")
    for problem, rows in PROBLEMS.items():
        if problem == "UNEQUAL_BLOCKS":
            code = np.where(np.arange(1000) < 980, 0, np.arange(1000) % 12)
            blocks = Blocks(code=code, names=rows.blocks.names, in_time_order=True)
            rows = ScoredRows(**{**vars_of(rows), "blocks": blocks})
        figure = estimate_level(metric, rows, 0.05)
        assert figure.problem == problem
        assert figure.interval is None
        assert np.isfinite(figure.value)


def vars_of(rows: ScoredRows) -> dict:
    return {name: getattr(rows, name) for name in ScoredRows.__dataclass_fields__}


def test_a_block_without_which_the_figure_is_undefined_leaves_it_without_interval():
    rows = scored(1000, seed=1, n_blocks=12)
    label = rows.label & (rows.blocks.code == 3)
    figure = estimate_level(
        find_metric("recall"), ScoredRows(**{**vars_of(rows), "label": label}), 0.05
    )
    assert figure.problem == "UNDEFINED"


def test_two_equal_models_differ_by_nothing_that_could_be_tested():
    rows = scored(1000, seed=1, n_blocks=12)
    figure = estimate_contrast(find_metric("roc_auc"), rows, rows, 0.05)
    assert (figure.value, figure.problem) == (0.0, "FEW_DIFFERENCES")
    assert (figure.interval, figure.n_different) == (None, 0)


def test_shares_never_leave_zero_to_one():
    rows = scored(600, seed=8, n_blocks=12, rate=0.5)
    always = ScoredRows(**{**vars_of(rows), "alert": np.arange(600) > 3})
    interval = estimate_level(find_metric("alert_rate"), always, 0.05).interval
    assert interval is None or (interval.lower >= 0 and interval.upper <= 1)


@pytest.mark.parametrize(("n", "q"), [(400, 0.99), (400, 0.5), (60, 0.5), (299, 0.99)])
def test_quantile_bounds_hold_their_level(n, q):
    rng = np.random.default_rng(0)
    metric = find_metric("p99_latency_ms" if q == 0.99 else "p50_latency_ms")
    truth = stats.expon.ppf(q)
    above = below = 0
    for _ in range(1500):
        interval = estimate_sample(metric, rng.exponential(size=n), 0.05).interval
        assert interval is not None
        above += truth > interval.upper
        below += truth < interval.lower
    assert above / 1500 <= 0.065
    assert below / 1500 <= 0.065


@pytest.mark.parametrize(("n", "alpha"), [(400, 0.05), (1000, 0.01)])
def test_a_quantile_is_bounded_by_ranks_counted_out_one_by_one(n, alpha):
    found = estimate_sample(find_metric("p99_latency_ms"), np.arange(1.0, n + 1), alpha)
    chance = [math.comb(n, k) * 0.99**k * 0.01 ** (n - k) for k in range(n + 1)]
    below = np.cumsum([0.0, *chance])  # below[r]: fewer than r of n lie below the quantile
    assert found.interval.lower == max(r for r in range(1, n + 1) if below[r] < alpha)
    assert found.interval.upper == min(r for r in range(1, n + 1) if below[r] >= 1 - alpha)
    assert (found.interval.alpha, found.interval.n_blocks) == (alpha, n)
    assert (found.problem, found.n_blocks, found.n_effective) == (None, n, float(n))


def test_too_few_measurements_bound_no_high_quantile():
    metric = find_metric("p99_latency_ms")
    few = estimate_sample(metric, np.arange(100.0), 0.05)
    assert (few.problem, few.interval, few.n_blocks, few.n_effective) == (
        "FEW_MEASUREMENTS", None, 100, 100.0,
    )  # fmt: skip
    none = estimate_sample(metric, np.empty(0), 0.05)
    assert (none.problem, none.n_blocks, none.n_effective) == ("UNDEFINED", 0, 0.0)
    assert math.isnan(none.value)


@pytest.mark.parametrize("skewness", [0.6, -0.6, 0.0])
def test_bounds_are_widened_on_the_side_of_the_skewness_alone(skewness):
    found = skewed_bounds(10.0, 2.0, 1.7, skewness=skewness, at=1.5)
    shift = abs(skewness) * (2 * 1.5**2 + 1) / 6
    above, below = (shift, 0.0) if skewness > 0 else (0.0, shift)
    assert found.upper == pytest.approx(10 + 2 * (1.7 + above))
    assert found.lower == pytest.approx(10 - 2 * (1.7 + below))
    assert found.standard_error == 2.0


def test_ten_blocks_and_ten_positives_are_just_enough():
    rows = scored(6000, seed=0, n_blocks=30)
    metric = find_metric("precision")

    def problem(n_blocks, n_positives=None):
        part = rows.subset(rows.blocks.code < n_blocks)
        if n_positives is not None:
            caught = np.flatnonzero(part.label & part.alert)
            places = np.linspace(0, len(caught) - 1, n_positives).astype(int)
            label = np.isin(np.arange(len(part)), caught[places])
            part = ScoredRows(**{**vars_of(part), "label": label})
        return estimate_level(metric, part, 0.05).problem

    assert [problem(9), problem(10)] == ["FEW_BLOCKS", None]
    assert [problem(10, 9), problem(10, 10)] == ["FEW_POSITIVES", None]


def test_an_estimate_says_what_it_rests_on():
    metric = find_metric("precision")
    rows = scored(6000, seed=0, n_blocks=30)
    found = estimate_level(metric, rows, 0.03)
    sums = metric.sums(rows)
    without = metric.value(sums.sum(axis=0) - sums)
    assert (found.interval.alpha, found.interval.n_blocks, found.n_blocks) == (0.03, 30, 30)
    assert found.n_effective == effective_blocks(metric.size(rows))
    assert found.lag1 == lag1_correlation(without)
    shuffled = ScoredRows(**{**vars_of(rows), "blocks": replace(rows.blocks, in_time_order=False)})
    assert estimate_level(metric, shuffled, 0.03).lag1 is None
    few = estimate_level(metric, rows.subset(rows.blocks.code < 5), 0.03)
    assert (few.problem, few.interval, few.n_blocks) == ("FEW_BLOCKS", None, 5)
    assert few.value == metric.point(rows.subset(rows.blocks.code < 5))


def test_an_interval_must_enclose_its_estimate():
    with pytest.raises(ValueError, match="do not enclose"):
        Interval(estimate=1.0, lower=2.0, upper=3.0, alpha=0.05, n_blocks=10)
    with pytest.raises(ValueError, match="do not enclose"):
        Interval(estimate=float("nan"), lower=0.0, upper=3.0, alpha=0.05, n_blocks=10)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers_cannot_be_judged(bad):
    rows = scored(50, seed=0)
    score = rows.score.copy()
    score[7] = bad
    with pytest.raises(
        EvidenceError, match=r"1 scores are nan or infinite \(first in test row 7\)"
    ):
        ScoredRows(**{**vars_of(rows), "score": score})


def test_rows_that_do_not_match_cannot_be_judged():
    rows = scored(50, seed=0)
    with pytest.raises(EvidenceError, match="^no rows to judge by$"):
        rows.subset(np.zeros(50, dtype=bool))
    with pytest.raises(EvidenceError, match="differ in length"):
        ScoredRows(**{**vars_of(rows), "label": rows.label[:-1]})


def test_blocks_follow_local_days_and_weeks():
    import pandas as pd

    time = pd.DatetimeIndex(["2013-11-02 23:30", "2013-11-03 00:30", "2013-11-04"]).tz_localize(
        "America/New_York"
    )
    days = blocks_of("day", time, None)
    assert (days.names, days.code.tolist()) == (
        ("2013-11-02", "2013-11-03", "2013-11-04"),
        [0, 1, 2],
    )
    weeks = blocks_of("week", time, None)
    assert (weeks.names, weeks.code.tolist()) == (("2013-10-28", "2013-11-04"), [0, 0, 1])
    people = blocks_of("entity", time, np.array(["b", "a", "b"], dtype=object))
    assert (people.names, people.in_time_order) == (("a", "b"), False)


def test_auc_left_without_each_row_gives_delongs_standard_errors():
    """DeLong, DeLong and Clarke-Pearson (1988) is the jackknife within either class.

    Expected figures: MLstatkit 0.1.91 (PyPI), Delong_test, on the very same rows.
    """
    i = np.arange(120)
    label = i * 7 % 5 < 2
    each = Blocks(code=i, names=tuple(map(str, i)), in_time_order=False)
    parts = {**vars_of(scored(120, seed=0, n_blocks=12)), "label": label, "blocks": each}
    metric = find_metric("roc_auc")

    def standard_error(without):
        classes = (without[label], without[~label])
        return np.sqrt(sum((len(p) - 1) * p.var() for p in classes))

    found = []
    for score in (i * 37 % 101 / 101 + 0.35 * label, i * 53 % 97 / 97 + 0.2 * label):
        rows = ScoredRows(**{**parts, "score": np.round(score, 2)})
        sums = metric.sums(rows)
        found.append((metric.point(rows), metric.value(sums.sum(axis=0) - sums)))
    (first, without_first), (second, without_second) = found
    assert (first, second) == pytest.approx((0.8087384259259259, 0.6830150462962964), rel=1e-12)
    assert standard_error(without_first) == pytest.approx(0.03875073097023517, rel=1e-10)
    assert standard_error(without_second) == pytest.approx(0.04889889279094304, rel=1e-10)
    difference = standard_error(without_first - without_second)
    assert difference == pytest.approx(np.sqrt(0.0035595056597280345), rel=1e-10)


def test_a_rate_over_single_rows_has_the_textbook_interval():
    """Block sums of rows, one each, against scipy's interval of a mean."""
    rows = scored(400, seed=3, n_blocks=10)
    i = np.arange(400)
    each = Blocks(code=i, names=tuple(map(str, i)), in_time_order=False)
    found = estimate_level(find_metric("alert_rate"), rows.with_blocks(each), 0.05).interval
    expected = stats.ttest_1samp(rows.alert.astype(float), 0).confidence_interval(0.9)
    ends = sorted([abs(found.lower - expected.low), abs(found.upper - expected.high)])
    assert ends[0] < 1e-10  # the side without skewness; the other is widened
    assert ends[1] < 0.002


def test_sorted_blocks_are_summed_as_unsorted_ones():
    rng = np.random.default_rng(0)
    code = np.sort(rng.integers(0, 7, 1000))
    names = tuple("abcdefg")
    values = rng.normal(size=1000)
    turned = rng.permutation(1000)
    one = Blocks(code=code, names=names, in_time_order=True).sums(values)
    other = Blocks(code=code[turned], names=names, in_time_order=True).sums(values[turned])
    assert one == pytest.approx(other, abs=1e-12)
    gap = Blocks(code=np.array([0, 0, 2]), names=("a", "b", "c"), in_time_order=True)
    assert gap.sums(np.ones(3)).tolist() == [2, 0, 1]
    assert gap.sizes.tolist() == [2, 0, 1]


def differing(n_different: int, *, seed: int, action: bool = True) -> tuple[ScoredRows, ScoredRows]:
    """Two models, alike but for some rows: one in ten of them loses nine, the others gain one."""
    rng = np.random.default_rng(seed)
    n_rows, n_blocks = 600, 30
    chosen = np.zeros(n_rows, dtype=bool)
    chosen[rng.choice(n_rows, n_different, replace=False)] = True
    shared = {
        "label": rng.random(n_rows) < 0.3,
        "value_if_alert": np.where(rng.random(n_rows) < 0.1, -9.0, 1.0),
        "value_if_silent": np.zeros(n_rows),
        "blocks": Blocks(
            code=np.repeat(np.arange(n_blocks), n_rows // n_blocks),
            names=tuple(map(str, range(n_blocks))),
            in_time_order=True,
        ),
    }
    score, never = rng.random(n_rows), np.zeros(n_rows, dtype=bool)
    ours = ScoredRows(score=score + 0.1 * chosen, alert=chosen if action else never, **shared)
    return ours, ScoredRows(score=score, alert=never, **shared)


ACTION_METRICS = ("accuracy", "alert_rate", "balanced_accuracy", "f1", "recall", "value_per_1000")
SCORE_METRICS = ("brier", "calibration_error", "log_loss", "pr_auc", "roc_auc")


@pytest.mark.parametrize("name", [*ACTION_METRICS, *SCORE_METRICS])
def test_a_difference_rests_on_thirty_rows_that_differ_or_is_not_judged(name):
    metric = find_metric(name)
    below = estimate_contrast(metric, *differing(29, seed=1), 0.05)
    assert (below.problem, below.interval, below.n_different) == ("FEW_DIFFERENCES", None, 29)
    assert np.isfinite(below.value)
    enough = estimate_contrast(metric, *differing(30, seed=1), 0.05)
    assert (enough.problem, enough.n_different) == (None, 30)
    assert estimate_level(metric, differing(3, seed=1)[0], 0.05).problem != "FEW_DIFFERENCES"


@pytest.mark.parametrize("name", SCORE_METRICS)
def test_a_metric_of_scores_counts_scores_and_one_of_actions_does_not(name):
    pair = differing(60, seed=2, action=False)
    assert find_metric(name).n_different(*pair) == 60
    assert find_metric("f1").n_different(*pair) == 0


def test_an_action_that_changes_no_value_is_no_difference_in_value():
    ours, theirs = differing(60, seed=3)
    free = {"value_if_alert": np.zeros(600)}
    pair = [ScoredRows(**{**vars_of(rows), **free}) for rows in (ours, theirs)]
    assert find_metric("value_per_1000").n_different(*pair) == 0
    assert find_metric("alert_rate").n_different(*pair) == 60


@pytest.mark.parametrize("n_different", [12, 29, 30, 60])
def test_rare_large_losses_do_not_ship_more_often_than_promised(n_different):
    """Without the rule twelve such rows ship in 27 % of windows, where the truth is no gain."""
    metric, n_windows = find_metric("value_per_1000"), 300
    figures = [
        estimate_contrast(metric, *differing(n_different, seed=seed), 0.05)
        for seed in range(n_windows)
    ]
    ships = [f.interval is not None and f.interval.lies_above(0.0) for f in figures]
    assert np.mean(ships) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_windows)
