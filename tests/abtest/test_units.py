"""Units behind a figure: what is left out is counted, said, and never only on one side."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from harness.abtest.bounds import Looks
from harness.abtest.figures import Arm, contrast
from harness.abtest.metric import LogMetric
from harness.abtest.tails import HEAVY, cap_share, top_share
from tests.abtest.conftest import small_log

COVARIATE = "+abtest.metrics={revenue: {covariate: before}}"


def by_variant(decision, criterion="revenue"):
    return {c["variant"]: c for c in decision["units"] if c["criterion"] == criterion}


def with_new_users(n: int = 4000) -> pd.DataFrame:
    """New users, half of all, lose 3 by the treatment; the others gain 1.5."""
    rng = np.random.default_rng(11)
    log, new = small_log(n), rng.random(n) < 0.5
    before, treated = rng.gamma(2, 10, n), (log["arm"] == "B").to_numpy()
    old = 0.8 * before + rng.gamma(2, 2, n) + 1.5 * treated
    log["revenue"] = np.where(new, rng.gamma(2, 5, n) - 3.0 * treated, old)
    return log.assign(before=np.where(new, np.nan, before))


def test_units_without_a_covariate_turn_no_harm_into_a_gain(revenue, harness):
    log = with_new_users()
    _, decision, _ = revenue(log, COVARIATE)
    verdict = decision["criteria"][0]
    assert decision["decision"] == "NO_SHIP"
    assert verdict["estimate"] == pytest.approx(-0.75, abs=0.35)
    assert verdict["n_rows"] == len(log)
    counts = by_variant(decision)
    assert sum(c["n_used"] for c in counts.values()) == len(log)
    assert sum(c["n_without_covariate"] for c in counts.values()) == log["before"].isna().sum()
    _, plain, _ = revenue(log.assign(user="w" + log["user"]))
    wide, narrow = (d["criteria"][0] for d in (plain, decision))
    assert narrow["upper"] - narrow["lower"] < 0.8 * (wide["upper"] - wide["lower"])
    assert f"{log['before'].isna().sum():,} of 4,000 units have no before" in decision["notes"][0]


def test_a_covariate_that_the_treatment_made_is_not_adjusted_for(revenue):
    log = with_new_users()
    gone = (log["arm"] == "B") & (np.arange(len(log)) % 4 == 0)
    _, decision, _ = revenue(log.assign(before=log["before"].mask(gone)), COVARIATE)
    verdict = decision["criteria"][0]
    assert (verdict["verdict"], verdict["code"]) == ("UNRESOLVED", "COVARIATE_UNEQUALLY")


def test_units_without_a_value_are_counted_in_json_table_and_page(revenue, harness, tmp_path):
    log = small_log()
    log.loc[::10, "revenue"] = np.nan
    _, decision, _ = revenue(log)
    for variant, counts in by_variant(decision).items():
        side = log["arm"] == variant
        assert counts["n_units"] == side.sum()
        assert counts["n_used"] == (side & log["revenue"].notna()).sum()
        assert counts["n_missing"] == counts["n_units"] - counts["n_used"]
    assert "300 of 3,000 units have no value" in decision["notes"][0]
    assert "abtest.metrics.revenue.missing=zero" in decision["notes"][0]
    page = next((tmp_path / "outputs").glob("*/*-abtest/report.html")).read_text()
    status, out, _ = harness(
        "abtest", "log.parquet", "--config-dir", "own", "criteria=rev", "abtest.unit=user",
        "abtest.variant=arm", "abtest.control=A", "abtest.enrolled=joined",
    )  # fmt: skip
    assert status == 0
    for text in (page, out):
        assert f"{by_variant(decision)['A']['n_used']:,}" in text
        assert "have no value" in " ".join(text.split())


def test_no_value_counts_as_zero_where_it_means_none(revenue):
    log = small_log()
    log.loc[::3, "revenue"] = np.nan
    zero = "+abtest.metrics={revenue: {missing: zero}}"
    _, decision, _ = revenue(log, zero)
    filled = log["revenue"].fillna(0.0)
    means = filled.groupby(log["arm"]).mean()
    verdict = decision["criteria"][0]
    assert verdict["estimate"] == pytest.approx(means["B"] - means["A"])
    assert {c["n_missing"] for c in decision["units"]} == {0}


def test_a_ratio_counts_units_without_either_part(revenue):
    log = small_log().assign(sessions=lambda d: np.arange(len(d)) % 5.0)
    log.loc[::20, "sessions"] = np.nan
    log.loc[1::20, "revenue"] = np.nan
    _, decision, _ = revenue(log, "+abtest.metrics={revenue: {kind: ratio, per: sessions}}")
    assert sum(c["n_missing"] for c in decision["units"]) == 300
    known = log.dropna()  # zero sessions are no reason to be left out
    sums = known.groupby("arm")[["revenue", "sessions"]].sum()
    ratios = sums["revenue"] / sums["sessions"]
    assert decision["criteria"][0]["estimate"] == pytest.approx(ratios["B"] - ratios["A"])


def test_measurements_missing_more_often_in_one_variant_are_not_judged(revenue):
    log = small_log().assign(latency_ms=np.random.default_rng(0).gamma(9, 8, 3000))
    timed_out = (log["arm"] == "B") & (log["latency_ms"] > 110)
    guardrail = (
        "+criteria.guardrail_metrics.p90_latency_ms={threshold: must_not_increase, tolerance: 5}"
    )
    _, decision, _ = revenue(log.assign(latency_ms=log["latency_ms"].mask(timed_out)), guardrail)
    verdict = next(c for c in decision["criteria"] if c["metric"] == "p90_latency_ms")
    assert (verdict["verdict"], verdict["code"]) == ("UNRESOLVED", "MISSING_UNEQUALLY")
    counts = by_variant(decision, "p90_latency_ms")
    assert counts["B"]["n_measurements_missing"] == timed_out.sum()
    assert counts["A"]["n_measurements_missing"] == 0


def test_rows_without_a_cluster_belong_to_their_unit(revenue):
    log = small_log().assign(latency_ms=np.random.default_rng(0).gamma(9, 8, 3000))
    log["office"] = [None if i % 7 == 0 else f"o{i % 90}" for i in range(3000)]
    guardrail = "+criteria.guardrail_metrics.p90_latency_ms={threshold: must_be_below, value: 200}"
    status, decision, _ = revenue(
        log, guardrail, "+abtest.metrics={p90_latency_ms: {cluster: office}}"
    )
    assert status == 0
    assert (
        by_variant(decision, "p90_latency_ms")["B"]["n_measurements"] == (log["arm"] == "B").sum()
    )


def test_units_of_no_segment_are_said(revenue):
    log = small_log().assign(plan=["pro", "free", None] * 1000)
    words = (
        "+criteria.guardrail_metrics.by_plan={metric: revenue, threshold: must_not_decrease, "
        "tolerance: 1, per_segment: plan}"
    )
    _, decision, _ = revenue(log, words)
    assert any("1,000 units have no plan" in note for note in decision["notes"])
    parts = [c for c in decision["units"] if c["criterion"].startswith("by_plan[")]
    assert sum(c["n_used"] for c in parts) == 2000


def test_heavy_tails_are_said_with_a_metric_that_has_none(revenue):
    log = small_log()
    log["revenue"] = np.exp(2.5 * np.random.default_rng(2).normal(size=3000))
    _, decision, _ = revenue(log)
    note = next(n for n in decision["notes"] if "Heavy tails" in n)
    assert "3 of 3,000 units" in note
    assert "abtest.metrics.revenue.winsorise=0.99" in note
    assert "p95_revenue" in note
    _, light, _ = revenue(small_log(seed=1))
    assert not any("Heavy tails" in n for n in light["notes"])


def test_a_winsorised_mean_has_one_cap_for_all_variants(revenue):
    log = small_log()
    log["revenue"] = np.exp(2.5 * np.random.default_rng(2).normal(size=3000))
    _, decision, _ = revenue(log, "+abtest.metrics={revenue: {winsorise: 0.95}}")
    capped = log["revenue"].clip(*np.quantile(log["revenue"], (0.05, 0.95)))
    means = capped.groupby(log["arm"]).mean()
    assert decision["criteria"][0]["estimate"] == pytest.approx(means["B"] - means["A"])
    assert not any("Heavy tails" in n for n in decision["notes"])


@pytest.mark.parametrize(
    ("words", "change", "key"),
    [
        ("winsorise: 0.4", {}, "abtest.metrics.revenue.winsorise"),
        ("winsorise: 0.99, kind: quantile, quantile: 0.9", {}, "revenue.winsorise: only a mean"),
        ("winsorise: 0.9", {"revenue": lambda d: (d.index % 20 == 0) * 5.0}, "nearer to 1"),
        ("winsorise: 0.9", {"revenue": lambda d: d.index % 2}, "no tails"),
        ("missing: zero, kind: quantile, quantile: 0.9", {}, "revenue.missing"),
        ("missing: drop", {}, "'drop' is unknown; valid: exclude, zero"),
    ],
)
def test_caps_and_zeros_that_are_invalid_are_one_sentence(revenue, words, change, key):
    status, _, err = revenue(
        small_log(1000).assign(**change), f"+abtest.metrics={{revenue: {{{words}}}}}"
    )
    assert (status, key in err, "\n" in err) == (2, True, False)


def test_few_among_many_zeros_are_not_all_capped():
    values = np.zeros(10_000)
    values[:200] = np.exp(np.random.default_rng(0).normal(size=200))
    assert cap_share(values) == 0.9998
    assert cap_share(np.arange(1000.0)) == 0.99


def test_the_top_share_grows_with_the_tail():
    z = np.random.default_rng(0).normal(size=10_000)
    shares = [top_share(v) for v in (z, np.exp(z), np.exp(2.5 * z))]
    assert shares == sorted(shares)
    assert shares[0] < 0.03 < HEAVY < shares[2]


def test_bounds_hold_where_few_of_skewed_values_are_treated():
    metric = LogMetric(name="y", title="Y", unit="", higher_is_better=True, kind="mean", column="y")
    looks = Looks(is_sequential=False, n_units=2000, n_planned=2000)
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(400):
        values = np.exp(2 * rng.normal(size=2000))
        found = contrast(metric, Arm(value=values[200:]), Arm(value=values[:200]), looks, 0.05, 1.0)
        wrong += found.interval.upper < 0
    assert wrong / 400 < 0.05  # Welch's alone: 16 %


def canary_log(fallbacks_of_b: float) -> pd.DataFrame:
    """A canary's table with outcomes, some of whose challenger's rows the champion answered."""
    log = small_log(3000, lift=0.0)
    fallen = np.where(log["arm"] == "B", np.round(100 * fallbacks_of_b), 0).astype(int)
    return log.assign(rows=100, fallback_rows=fallen)


def test_rows_that_the_champion_answered_for_the_challenger_are_said(revenue):
    status, told, err = revenue(canary_log(0.03))
    assert status == 0, err
    assert told["decision"] != "INVALID"
    notes = json.dumps(told)
    n_treated = int((canary_log(0)["arm"] == "B").sum())
    assert f"answered {3 * n_treated:,} of {100 * n_treated:,} rows of B" in notes
    assert "intention to treat" in notes
    assert "intention to treat" not in json.dumps(revenue(canary_log(0.0))[1])


def test_a_challenger_that_mostly_did_not_answer_is_not_compared(revenue):
    _, told, _ = revenue(canary_log(0.5))
    assert told["decision"] == "INVALID"
    [reason] = [r for r in told["reasons"] if "in its place" in r]
    assert "of the rows of B were answered by the champion" in reason
    assert "start again" in reason


def test_columns_of_these_names_that_count_nothing_are_a_logs_own(revenue):
    log = small_log(3000).assign(rows="many", fallback_rows="few")
    assert revenue(log)[1]["decision"] != "INVALID"
