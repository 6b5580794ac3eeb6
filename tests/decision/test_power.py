from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.decision import Criterion
from harness.decision.power import block_chance, plan_criterion, unit_chance
from harness.decision.power import blocks_needed as fewest_blocks
from harness.errors import EvidenceError
from harness.evaluation import ScoredWindow
from harness.evidence.bounds import autoregressive_bounds, cosine_bounds, jackknife_bounds
from harness.power_plan import plan_for_window
from tests.evidence.test_metrics import scored


def pass_probability(distance, n_blocks, alpha, lag1):
    return block_chance(distance, n_blocks, alpha=alpha, lag1=lag1)


def blocks_needed(distance, alpha, lag1, power):
    return fewest_blocks(distance, lambda d, n: pass_probability(d, n, alpha, lag1), power)


def test_without_effect_a_pass_is_no_likelier_than_alpha():
    for n_blocks in (10, 30, 90):
        assert pass_probability(0.0, n_blocks, 0.05, 0.0) <= 0.06


@pytest.mark.parametrize(("n_blocks", "distance"), [(14, 0.9), (30, 0.6), (60, 0.4)])
def test_the_planned_probability_is_that_of_the_real_bounds(n_blocks, distance):
    rng = np.random.default_rng(0)
    passes = 0
    for _ in range(800):
        days = rng.normal(size=n_blocks) + distance
        without = (days.sum() - days) / (n_blocks - 1)
        lower = min(
            jackknife_bounds(days.mean(), without, n_blocks, 0.05).lower,
            cosine_bounds(days.mean(), without, n_blocks, 0.05).lower,
            autoregressive_bounds(days.mean(), without, n_blocks, 0.05).lower,
        )
        passes += lower > 0
    assert pass_probability(distance, n_blocks, 0.05, 0.0) == pytest.approx(passes / 800, abs=0.06)


def test_more_power_less_effect_and_correlated_days_need_more_days():
    base = blocks_needed(0.5, 0.05, 0.0, 0.8)
    assert 25 < base < 60
    assert blocks_needed(0.5, 0.05, 0.0, 0.9) > base
    assert blocks_needed(0.25, 0.05, 0.0, 0.8) > 2.5 * base
    assert blocks_needed(0.5, 0.05, 0.4, 0.8) > base
    assert pass_probability(0.5, base, 0.05, 0.0) >= 0.8
    assert pass_probability(0.5, base - 2, 0.05, 0.0) < 0.82


def test_no_number_of_days_proves_what_is_not_so():
    assert blocks_needed(0.0, 0.05, 0.0, 0.8) is None
    assert blocks_needed(-0.3, 0.05, 0.0, 0.8) is None
    assert blocks_needed(1e-4, 0.05, 0.0, 0.8) is None


def test_a_search_looks_as_far_as_it_says():
    seen = []

    def chance(_distance, n):
        seen.append(n)
        return 1.0 if n >= 5_000 else 0.0

    assert fewest_blocks(0.1, chance, 0.8, least=1) == 5_000
    assert max(seen) == 5_120


def test_no_plan_is_shorter_than_the_rows_that_have_to_differ():
    plan = plan_criterion(
        "f1", line=0.0, passes_above=True, assumed=1.0, spread=0.1, lag1=0.0,
        chance=lambda _distance, _n: 1.0, power=0.8, n_now=40, least=75,
    )  # fmt: skip
    assert (plan.n_blocks, plan.power_now) == (75, 0.0)
    never = plan_criterion(
        "f1", line=0.0, passes_above=True, assumed=1.0, spread=0.1, lag1=0.0,
        chance=lambda _distance, _n: 1.0, power=0.8, n_now=40, least=9_000,
    )  # fmt: skip
    assert (never.n_blocks, never.power_now, never.needed) == (None, 0.0, ">5,120")


def window_of(n_different: int) -> ScoredWindow:
    rows = scored(6000, seed=0, n_blocks=30)
    changed = np.zeros(6000, dtype=bool)
    changed[np.linspace(0, 5999, n_different).astype(int)] = True
    other = replace(rows, alert=rows.alert ^ changed)
    return ScoredWindow(
        rows=np.arange(6000),
        local_time=pd.date_range("2024-01-01", periods=6000, freq="h", tz="UTC"),
        candidate=other,
        baseline=rows,
        segments={},
    )


def test_a_plan_waits_until_thirty_rows_differ_and_says_when_none_does():
    asked = [Criterion(name="f1", metric="f1", rule="must_not_decrease", amount=0.5)]
    (plan,) = plan_for_window(asked, window_of(20), 0.05, 0.8, 30, {})
    assert (plan.n_blocks, plan.power_now) == (45, 0.0)  # 20 rows in 30 days: 30 rows in 45
    (plan,) = plan_for_window(asked, window_of(600), 0.05, 0.8, 30, {})
    assert plan.n_blocks == 10
    with pytest.raises(EvidenceError, match="f1: candidate and baseline are alike on every row"):
        plan_for_window(asked, window_of(0), 0.05, 0.8, 30, {})


def test_the_command_plans_from_validation_and_names_the_bottleneck(harness, small_run):
    status, out, _ = harness("power", str(small_run), "--format", "json")
    plan = json.loads(out)
    assert status == 0
    names = [one["name"] for one in plan["plans"]]
    assert names == [
        "value_per_1000",
        "alert_rate",
        "precision",
        *(f"value_per_1000_by_airport[origin={name}]" for name in ("EWR", "JFK", "LGA")),
    ]
    assert plan["plans"][2]["assumed"] == 0.0  # a guardrail is planned for no harm
    assert plan["n_blocks_now"] == 14


def test_never_is_said_of_what_is_not_so_and_of_nothing_else(harness, small_run):
    """Near its line a figure takes years; beyond it, no amount of data proves it."""
    words = ("power", str(small_run), "--assume", "alert_rate=0.1")
    status, out, err = harness(*words, "--assume", "value_per_1000=20.001")
    assert status == 0
    assert ">5,120" in out
    assert "never" not in out
    assert err == "The bottleneck is value_per_1000, which needs >5,120 days.\n"
    status, out, err = harness(*words, "--assume", "value_per_1000=19.999", "--html", "p.html")
    assert status == 0
    assert "never" in out
    assert "The bottleneck is value_per_1000, which cannot be met as assumed.\n" in err
    assert "no amount of data proves what is not so" in Path("p.html").read_text()


AB = ("--rate", "7_day_retention_lift=0.3", "criteria=retention_ab")


def test_a_plan_from_rates_agrees_with_statsmodels(harness):
    from statsmodels.stats.power import NormalIndPower

    words = (*AB, "--assume", "7_day_retention_lift=0.05", "--per-day", "500", "--format", "json")
    plan = json.loads(harness("power", *words)[1])["plans"][0]
    variance = (0.35 * 0.65 + 0.3 * 0.7) / 2
    effect = 0.03 / np.sqrt(variance)
    per_arm = NormalIndPower().solve_power(effect, alpha=0.05, power=0.8, alternative="larger")
    assert plan["n_blocks"] == np.ceil(2 * per_arm / 500)


def test_criteria_of_ones_own_are_planned_before_there_is_a_run(harness, tmp_path):
    (tmp_path / "own" / "criteria").mkdir(parents=True)
    (tmp_path / "own" / "criteria" / "mine.yaml").write_text(
        "defaults: [ranking]\nguardrail_metrics:\n"
        "  alert_rate: {threshold: must_be_below, value: 0.2}\n"
    )
    words = ("--rate", "alert_rate=0.1", "criteria=mine", "--config-dir", "own")
    status, out, err = harness("power", *words, "--format", "json")
    assert status == 0, err
    assert json.loads(out)["plans"][0]["line"] == 0.2


def test_a_plan_draws_its_curves(harness, tmp_path, small_run):
    status, out, _ = harness("power", str(small_run), "--html", "plan.html")
    assert status == 0
    assert "█" in out
    page = (tmp_path / "plan.html").read_text()
    assert "<svg" in page
    assert "value_per_1000" in page


def test_units_of_a_log_have_a_normal_bound():
    assert unit_chance(0.0, 10, quantile=1.6448536) == pytest.approx(0.05)
    assert unit_chance(0.5, 20, quantile=1.6448536) == pytest.approx(0.723, abs=0.01)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (AB, "--assume 7_day_retention_lift=...: say by how much it truly improves"),
        (("--rate", "precision=0.4"), "--alert-rate: not set; precision is a share"),
        (("--rate", "precision=1.4"), "1.4 is no share"),
        (("--rate", "precison=0.4"), "did you mean 'precision'"),
        ((), "--rate: name the baseline's share of at least one criterion"),
        (("last", "--rate", "precision=0.4"), "not from both"),
        (("a", "b"), "one run at a time"),
        ((*AB, "--per-day", "nan"), "--per-day: nan must be above 0"),
        ((*AB, "--design-effect", "inf"), "--design-effect: inf must be at least 1"),
        ((*AB, "--positive-rate", "0"), "--positive-rate: 0 must be above 0 and below 1"),
        ((*AB, "--assume", "7_day_retention_lift=0.7"), "a share of 1 cannot be"),
    ],
)
def test_rates_that_cannot_be_meant_say_why(harness, words, sentence):
    status, _, err = harness("power", *words)
    assert status == 2
    assert sentence in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--assume", "value_per_100=3"), "no such criterion; did you mean 'value_per_1000'"),
        (("--assume", "precision"), "write CRITERION=FIGURE"),
        (("--assume", "precision=nan"), "write CRITERION=FIGURE"),
        (("--power", "1.5"), "--power: 1.5 must be at least 0.5 and below 1"),
    ],
)
def test_a_plan_that_cannot_be_meant_says_why(harness, small_run, words, sentence):
    status, _, err = harness("power", str(small_run), *words)
    assert status == 2
    assert sentence in err
