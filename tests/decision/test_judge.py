from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.decision import Criterion, Judged, criteria_of, decide, judge
from harness.decision.decide import Minimums
from harness.decision.judge import verdict_on
from harness.decision.sentence import Wording
from harness.errors import EvidenceError
from harness.evidence import (
    Estimate,
    Interval,
    ScoredRows,
    design_effect,
    estimate_contrast,
    find_metric,
)
from harness.evidence.estimate import PROBLEMS
from harness.rules import rule_names
from harness.settings import CriteriaSettings, Guardrail
from tests.evidence.test_estimate import silent, vars_of
from tests.evidence.test_metrics import scored


def judged(*, seed: int = 0, n_blocks: int = 30, **changes) -> Judged:
    rows = scored(6000, seed=seed, n_blocks=n_blocks)
    parts = {
        "candidate": rows,
        "baseline": silent(rows),
        "segments": {"side": pd.Categorical(np.where(np.arange(6000) % 2, "left", "right"))},
        "samples": {"latency_ms": np.random.default_rng(0).exponential(size=400)},
        "alpha": 0.05,
        "wording": Wording(blocks="days"),
    }
    return Judged(**{**parts, **changes})


def criterion(metric: str, rule: str, amount: float, **more) -> Criterion:
    return Criterion(name=more.pop("name", metric), metric=metric, rule=rule, amount=amount, **more)


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        (criterion("value_per_1000", "must_improve_by", 10), "PASS"),
        (criterion("value_per_1000", "must_improve_by", 1e5), "FAIL"),
        (criterion("roc_auc", "must_not_decrease", 0.01), "PASS"),
        (criterion("brier", "must_improve_by", 0.0), "FAIL"),
        (criterion("brier", "must_not_increase", 0.2), "PASS"),
        (criterion("alert_rate", "must_be_below", 0.4), "PASS"),
        (criterion("alert_rate", "must_be_below", 0.2), "FAIL"),
        (criterion("roc_auc", "must_be_above", 0.6), "PASS"),
        (criterion("p99_latency_ms", "must_be_below", 200), "PASS"),
        (criterion("p99_latency_ms", "must_be_below", 0.01), "FAIL"),
        (criterion("p99_latency_ms", "must_not_increase", 1), "UNRESOLVED"),
        (criterion("precision", "must_not_decrease", 0.02), "UNRESOLVED"),  # baseline never alerts
    ],
    ids=lambda value: f"{value.metric}-{value.rule}" if isinstance(value, Criterion) else value,
)
def test_each_rule_on_a_model_that_beats_a_silent_baseline(asked, verdict):
    (found,) = judge(asked, judged())
    assert found.verdict == verdict, found.sentence
    assert found.sentence.endswith(".")
    assert (found.settles is None) == (verdict != "UNRESOLVED")


def test_a_verdict_keeps_every_figure_it_was_made_from():
    evidence = judged()
    ours, theirs = evidence.candidate, evidence.baseline
    metric = find_metric("value_per_1000")
    asked = criterion("value_per_1000", "must_improve_by", 10, name="worth", is_primary=True)
    (found,) = judge(asked, evidence)
    figure = estimate_contrast(metric, ours, theirs, 0.05)
    assert (found.name, found.metric, found.rule) == ("worth", "value_per_1000", "must_improve_by")
    assert (found.estimate, found.candidate, found.baseline) == (
        figure.value, metric.point(ours), metric.point(theirs),
    )  # fmt: skip
    assert (found.lower, found.upper) == (figure.interval.lower, figure.interval.upper)
    assert (found.n_rows, found.n_blocks, found.lag1) == (6000, 30, figure.lag1)
    assert found.design_effect == design_effect(metric, ours, theirs)
    assert (found.unit, found.segment, found.code) == (metric.unit, None, None)
    assert found.sentence.startswith("Value per 1,000 rows differs from the baseline by +")
    close = criterion("value_per_1000", "must_improve_by", figure.value - 1)
    (open_,) = judge(close, evidence)
    assert (open_.verdict, open_.code) == ("UNRESOLVED", "STRADDLES")
    assert open_.sentence.endswith(": the data allows both.")
    assert open_.settles.endswith(" more days like these, if the estimate stays where it is")
    guard = criterion("value_per_1000", "must_improve_by", figure.value, evidence="not_disproven")
    (held,) = judge(guard, evidence)
    assert (held.verdict, held.design_effect, held.evidence) == ("PASS", None, "not_disproven")
    (side, _) = judge(criterion("p99_latency_ms", "must_be_below", 200, segment="side"), evidence)
    assert (side.name, side.segment, side.n_rows) == ("p99_latency_ms[side=left]", "side=left", 400)
    assert side.candidate == pytest.approx(
        np.quantile(evidence.samples["latency_ms"], 0.99), rel=0.1
    )
    (unmeasured,) = judge(criterion("p99_latency_ms", "must_be_below", 200), judged(samples={}))
    assert (unmeasured.verdict, unmeasured.candidate, unmeasured.n_rows) == ("UNRESOLVED", None, 0)
    assert "cannot be judged" in unmeasured.sentence


def test_lower_is_better_metrics_improve_downwards():
    rows = scored(6000, seed=0, n_blocks=30)
    worse = ScoredRows(**{**vars_of(rows), "score": np.full(6000, 0.9)})
    (found,) = judge(criterion("brier", "must_improve_by", 0.05), judged(baseline=worse))
    assert (found.verdict, found.passes_above, found.line) == ("PASS", False, -0.05)
    relative = criterion("brier", "must_improve_by", 0.5, relative=True)
    (found,) = judge(relative, judged(baseline=worse))
    assert found.estimate == pytest.approx(found.candidate - 0.5 * found.baseline)


def test_relative_margins_count_the_baselines_own_uncertainty():
    rows = scored(6000, seed=0, n_blocks=30)
    half = ScoredRows(**{**vars_of(rows), "alert": rows.alert & (np.arange(6000) % 2 == 0)})
    (found,) = judge(
        criterion("recall", "must_improve_by", 0.5, relative=True), judged(baseline=half)
    )
    assert found.estimate == pytest.approx(found.candidate - 1.5 * found.baseline)
    assert (found.verdict, found.line) == ("PASS", 0.0)
    (kept,) = judge(
        criterion("recall", "must_not_decrease", 0.1, relative=True), judged(baseline=half)
    )
    assert kept.estimate == pytest.approx(kept.candidate - 0.9 * kept.baseline)


def test_segments_are_judged_one_by_one_and_an_empty_one_is_unresolved():
    side = pd.Categorical(["left"] * 6000, categories=["left", "right"])
    asked = criterion("value_per_1000", "must_improve_by", 0, segment="side")
    left, right = judge(asked, judged(segments={"side": side}))
    assert (left.verdict, left.segment) == ("PASS", "side=left")
    assert (right.verdict, right.code, right.n_rows) == ("UNRESOLVED", "UNDEFINED", 0)
    assert (right.estimate, right.lower, right.upper, right.n_blocks) == (None, None, None, 0)
    assert (right.candidate, right.baseline, right.segment) == (None, None, "side=right")
    with pytest.raises(EvidenceError, match="no column 'nope' was read"):
        judge(criterion("roc_auc", "must_improve_by", 0, segment="nope"), judged())


ENOUGH = Minimums(rows=100, days=7, n_rows=6000, n_days=30)


def test_invalid_comes_before_harm_before_doubt_before_ship():
    good = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
    bad = judge(criterion("alert_rate", "must_be_below", 0.2), judged())
    open_ = judge(criterion("precision", "must_not_decrease", 0.02), judged())
    few = Minimums(rows=10_000, days=90, n_rows=6000, n_days=30)

    def outcome(verdicts, minimums=ENOUGH, **more):
        return decide(verdicts, minimums, alpha=0.05, **more).decision

    assert outcome(good) == "SHIP"
    assert outcome(good, few) == "INCONCLUSIVE"
    assert outcome(good + open_) == "INCONCLUSIVE"
    assert outcome(good + open_ + bad) == "NO_SHIP"
    assert outcome(good + bad, few) == "NO_SHIP"  # proven harm may say so early
    assert outcome(good + bad, invalid=["a leak"]) == "INVALID"
    assert outcome([]) == "INCONCLUSIVE"
    assert outcome(bad[:0] + open_[:0]) == "INCONCLUSIVE"
    passed_guardrail = judge(criterion("alert_rate", "must_be_below", 0.4), judged())
    assert outcome(passed_guardrail) == "INCONCLUSIVE"  # a guardrail alone is no success


def test_what_is_missing_is_said_in_rows_and_days():
    few = Minimums(rows=10_000, days=90, n_rows=6000, n_days=30)
    good = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
    text = " ".join(decide(good, few, alpha=0.05).reasons)
    assert "4,000 more are needed" in text
    assert "60 more are needed" in text

    assert decide(good, few, alpha=0.05).reasons == (
        "The test window has 6,000 rows; the protocol asks for 10,000: 4,000 more are needed.",
        "The test window spans 30 days; the protocol asks for 90: 60 more are needed.",
    )
    just = Minimums(rows=6000, days=30, n_rows=6000, n_days=30)
    assert just.are_met
    assert not few.are_met
    assert decide(good, just, alpha=0.05).reasons == (good[0].sentence,)
    units = Minimums(rows=9, days=0, n_rows=5, n_days=1, place="log", unit="users")
    (reason,) = decide(good, units, alpha=0.05).reasons
    assert reason == "The log has 5 users; the protocol asks for 9: 4 more are needed."


def test_weaker_evidence_is_named_as_outside_the_guarantee():
    def guarantee(*found):
        return decide(found, ENOUGH, alpha=0.05).guarantee

    (good,) = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
    promise = "If any criterion is truly violated, this procedure says SHIP with probability at most 0.05."
    assert guarantee(good) == promise
    weaker = [replace(good, name=name, evidence=kind) for name, kind in
              (("b", "point"), ("a", "not_disproven"), ("b", "point"))]  # fmt: skip
    assert guarantee(good, *weaker) == (
        f"{promise} Outside this guarantee, by the protocol's own wish: a, b."
    )


def test_what_was_not_judged_or_is_not_known_says_so():
    (good,) = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
    guard = replace(good, is_primary=False)
    alone = decide([guard], ENOUGH, alpha=0.05)
    assert (alone.decision, alone.reasons) == (
        "INCONCLUSIVE",
        ("No success criterion was judged.",),
    )
    later = decide([good, replace(guard, verdict="LIKELY")], ENOUGH, alpha=0.04)
    assert (later.decision, later.alpha, later.minimums) == ("INVALID", 0.04, ENOUGH)
    assert later.criteria == (good, replace(guard, verdict="LIKELY"))
    page = later._repr_html_()
    assert all(words in page for words in ("INVALID", later.reasons[0], "LIKELY"))
    assert later.reasons == ("A criterion has a verdict this version does not know.",)
    open_ = replace(guard, verdict="UNRESOLVED", settles="more days")
    assert decide([good, open_], ENOUGH, alpha=0.05).reasons == (
        f"{guard.sentence} To settle it: more days.",
    )


def test_criteria_keep_the_words_of_the_config():
    settings = CriteriaSettings(
        primary_metric="pr_auc",
        success_threshold=0.02,
        guardrail_metrics={
            "by_side": Guardrail(
                metric="recall", threshold="must_not_decrease", tolerance=0.1, per_segment="side"
            ),
            "alert_rate": Guardrail(threshold="must_be_below", value=0.3, evidence="point"),
        },
    )
    primary, by_side, alerts = criteria_of(settings)
    assert (primary.rule, primary.amount, primary.is_primary) == ("must_improve_by", 0.02, True)
    assert (by_side.metric, by_side.segment, by_side.amount) == ("recall", "side", 0.1)
    assert (alerts.evidence, by_side.evidence) == ("point", "proven")


def damage(rng, rows: ScoredRows) -> ScoredRows:
    """Evidence as broken pipelines deliver it."""
    kind = rng.integers(6)
    parts = vars_of(rows)
    if kind == 0:
        parts["alert"] = np.zeros(len(rows), dtype=bool)
    elif kind == 1:
        parts["label"] = np.zeros(len(rows), dtype=bool)
    elif kind == 2:
        parts["score"] = np.full(len(rows), 0.5)
    elif kind == 3:
        return rows.subset(rows.blocks.code < rng.integers(1, 8))
    elif kind == 4:
        return rows.subset(np.arange(len(rows)) < rng.integers(1, 12))
    else:
        parts["label"] = np.arange(len(rows)) < 3
    return ScoredRows(**parts)


def test_candidate_and_baseline_have_to_be_scored_on_the_same_rows():
    rows = scored(6000, seed=0, n_blocks=30)
    for other in (rows.subset(np.arange(5999)), rows.subset(np.arange(6000)[::-1])):
        with pytest.raises(EvidenceError, match="not scored on the same rows"):
            judged(candidate=rows, baseline=other)
    with pytest.raises(EvidenceError, match="not scored on the same rows"):  # the same, elsewhen
        judged(candidate=rows, baseline=scored(6000, seed=0, n_blocks=15))


def test_ten_thousand_random_criteria_over_damaged_figures_and_not_one_ship():
    """Whatever the rule and line, one figure without an interval keeps the whole from shipping."""
    rng = np.random.default_rng(1)
    metrics = [find_metric(name) for name in ("roc_auc", "recall", "brier", "alert_rate")]
    for _ in range(10_000):
        n = int(rng.integers(1, 6))
        broken = int(rng.integers(n))
        verdicts = []
        for i in range(n):
            metric = metrics[rng.integers(len(metrics))]
            asked = criterion(
                metric.name,
                str(rng.choice(rule_names())),
                float(rng.exponential()),
                is_primary=i == 0,
                evidence=str(rng.choice(["proven", "not_disproven"])),
                relative=bool(rng.integers(2)),
            )
            value = float(rng.choice([rng.normal() * 10.0 ** rng.integers(-3, 4), np.nan, np.inf]))
            problem = str(rng.choice(list(PROBLEMS)))
            figure = Estimate(
                value=value, interval=None, problem=problem, n_blocks=0, n_effective=0
            )
            if i != broken:
                interval = Interval(estimate=0.0, lower=-1e-9, upper=1e-9, alpha=0.05, n_blocks=30)
                figure = Estimate(
                    value=0.0, interval=interval, problem=None, n_blocks=30, n_effective=30
                )
            verdicts.append(
                verdict_on(
                    asked,
                    metric,
                    figure,
                    candidate=value,
                    baseline=value,
                    n_rows=0,
                    wording=Wording(),
                )
            )
        assert verdicts[broken].verdict == "UNRESOLVED"
        assert not decide(verdicts, ENOUGH, alpha=0.05).ship


def test_ten_thousand_criteria_over_damaged_rows_and_not_one_ship():
    rng = np.random.default_rng(0)
    rows = scored(400, seed=0, n_blocks=14)
    paired = ["value_per_1000", "roc_auc", "pr_auc", "recall", "precision", "f1"]
    shipped = 0
    for _ in range(2500):
        ours = damage(rng, rows)
        evidence = judged(candidate=ours, baseline=ours, segments={}, samples={})
        names = [str(name) for name in rng.choice(paired, size=2)]
        asked = [
            criterion(names[0], "must_improve_by", float(rng.random()), is_primary=True),
            criterion(names[1], "must_not_decrease", float(rng.random()) + 0.01),
            criterion("p99_latency_ms", "must_be_below", 200),
            criterion("recall", "must_be_above", float(rng.random())),
        ]
        verdicts = [v for one in asked for v in judge(one, evidence)]
        shipped += decide(verdicts, ENOUGH, alpha=0.05).ship
    assert shipped == 0


def test_an_exploratory_look_never_ships_and_shows_its_face_value():
    good = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
    bad = judge(criterion("alert_rate", "must_be_below", 0.2), judged())
    seen = "The days were seen."
    capped = decide(good, ENOUGH, alpha=0.05, exploratory=seen)
    assert (capped.decision, capped.face_value, capped.ship) == ("INCONCLUSIVE", "SHIP", False)
    assert capped.reasons[:2] == (seen, "At face value every criterion passes.")
    harmed = decide(good + bad, ENOUGH, alpha=0.05, exploratory=seen)
    assert (harmed.decision, harmed.reasons) == ("NO_SHIP", (bad[0].sentence, seen))
    doubt = decide([], ENOUGH, alpha=0.05, exploratory=seen)
    assert doubt.reasons == (seen, "No success criterion was judged.")
    assert (
        decide(good, ENOUGH, alpha=0.05, exploratory=seen, invalid=["a leak"]).decision == "INVALID"
    )


def test_of_several_success_criteria_one_suffices_at_a_shared_level():
    from harness.decision import judge_any

    strong = criterion("value_per_1000", "must_improve_by", 10, is_primary=True)
    weak = criterion("brier", "must_improve_by", 0.0, is_primary=True)  # worse than the baseline

    def at(criterion, alpha):
        return judge(criterion, judged(alpha=alpha))[0]

    verdicts = judge_any([strong, weak], 0.05, at)
    assert [v.verdict for v in verdicts] == ["PASS", "FAIL"]
    alone = judge(strong, judged())[0]
    assert verdicts[0].lower < alone.lower  # tested at alpha / 2
    assert verdicts[1].upper == judge(weak, judged())[0].upper  # then at alpha
    assert decide(verdicts, ENOUGH, alpha=0.05).decision == "SHIP"
    both_bad = judge_any(
        [weak, criterion("brier", "must_improve_by", 0.1, name="b2", is_primary=True)], 0.05, at
    )
    assert decide(both_bad, ENOUGH, alpha=0.05).decision == "NO_SHIP"
    open_ = judge_any(
        [weak, criterion("precision", "must_improve_by", 0.0, is_primary=True)], 0.05, at
    )
    assert [v.verdict for v in open_] == ["FAIL", "UNRESOLVED"]
    assert decide(open_, ENOUGH, alpha=0.05).decision == "INCONCLUSIVE"


def test_a_relative_tolerance_is_a_share_of_the_baseline():
    rows = scored(6000, seed=0, n_blocks=30)
    missed = np.flatnonzero(~rows.label)[:40]  # alike in every positive, and so in recall
    other = replace(rows, alert=np.where(np.isin(np.arange(6000), missed), ~rows.alert, rows.alert))
    base = judged(candidate=other, baseline=rows)
    for rule in ("must_not_increase", "must_not_decrease"):
        (verdict,) = judge(criterion("recall", rule, 0.2, relative=True), base)
        assert verdict.verdict == "PASS", rule
        sign = -1 if rule == "must_not_increase" else 1
        assert verdict.estimate == pytest.approx(sign * 0.2 * verdict.baseline)


def test_a_guardrail_on_two_models_that_act_alike_is_unresolved_and_says_so():
    rows = scored(6000, seed=0, n_blocks=30)
    for relative in (False, True):
        (verdict,) = judge(
            criterion("recall", "must_not_decrease", 0.2, relative=relative),
            judged(candidate=rows, baseline=rows),
        )
        assert (verdict.verdict, verdict.code) == ("UNRESOLVED", "FEW_DIFFERENCES")
        assert "fewer than 30 rows" in verdict.sentence
        assert "alike on every row" in verdict.settles
        good = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
        assert decide((*good, verdict), ENOUGH, alpha=0.05).decision == "INCONCLUSIVE"


def test_each_segment_needs_rows_that_differ_in_it():
    rows = scored(6000, seed=0, n_blocks=30)
    side = pd.Categorical.from_codes(np.arange(6000) % 2, ["few", "many"])
    flipped = np.concatenate(
        [np.arange(0, 24, 2), np.arange(1, 1201, 2)]
    )  # 12 of one, 600 of the other
    other = replace(
        rows, alert=np.where(np.isin(np.arange(6000), flipped), ~rows.alert, rows.alert)
    )
    few, many = judge(
        criterion("alert_rate", "must_not_increase", 0.5, segment="side"),
        judged(candidate=other, baseline=rows, segments={"side": side}),
    )
    assert (few.name, few.verdict, few.code) == (
        "alert_rate[side=few]",
        "UNRESOLVED",
        "FEW_DIFFERENCES",
    )
    assert "2.5 times" in few.settles
    assert "12 here" in few.settles
    assert (many.verdict, many.code) == ("PASS", None)


def test_harm_on_few_rows_is_no_proof_of_harm_either():
    rows = scored(6000, seed=0, n_blocks=30)
    caught = np.flatnonzero(rows.label & rows.alert)[::20][:29]
    worse = replace(rows, alert=np.where(np.isin(np.arange(6000), caught), False, rows.alert))
    (verdict,) = judge(
        criterion("recall", "must_not_decrease", 0.0001), judged(candidate=worse, baseline=rows)
    )
    assert (verdict.verdict, verdict.code) == ("UNRESOLVED", "FEW_DIFFERENCES")


def test_a_segment_column_without_a_value_is_unresolved_and_not_passed_over():
    empty = pd.Categorical([None] * 6000, categories=[])
    (verdict,) = judge(
        criterion("recall", "must_not_decrease", 0.1, segment="side"),
        judged(segments={"side": empty}),
    )
    assert (verdict.verdict, verdict.name) == ("UNRESOLVED", "recall[side=none]")
    good = judge(criterion("value_per_1000", "must_improve_by", 10, is_primary=True), judged())
    assert decide((*good, verdict), ENOUGH, alpha=0.05).decision == "INCONCLUSIVE"
