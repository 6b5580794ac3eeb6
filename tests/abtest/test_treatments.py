"""Several treatments share alpha; a log that cannot be judged shows nothing and spends nothing."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import harness
from harness.abtest.treatments import overall, share_alpha
from harness.decision import Decision
from harness.decision.decide import Minimums
from harness.settings import CriteriaSettings
from tests.abtest.conftest import ROLES, small_log

ENOUGH = Minimums(rows=0, days=0, n_rows=1, n_days=1)


def shipping_below(p_values: dict[str, float]):
    """A judge that ships a treatment wherever its p-value is below the level asked for."""

    def judge_at(name: str, alpha: float) -> Decision:
        word = "SHIP" if p_values[name] < alpha else "INCONCLUSIVE"
        return Decision(
            decision=word,
            reasons=(word,),
            criteria=(),
            minimums=ENOUGH,
            alpha=alpha,
            guarantee="",
            face_value=word,
        )

    return judge_at


@pytest.mark.parametrize("correction", ["holm", "bonferroni"])
def test_treatments_share_alpha_as_statsmodels_shares_it(correction):
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(0)
    for _ in range(200):
        p = rng.beta(0.3, 3, rng.integers(1, 6)) * 0.2
        names = [f"t{i}" for i in range(len(p))]
        judge_at = shipping_below(dict(zip(names, p, strict=True)))
        found = share_alpha(names, 0.05, correction, judge_at)
        expected = multipletests(p, 0.05, method=correction)[0]
        assert [found[name].decision == "SHIP" for name in names] == list(expected)


def test_no_correction_judges_each_at_the_whole_alpha():
    found = share_alpha(["B", "C"], 0.05, "none", shipping_below({"B": 0.04, "C": 0.06}))
    assert [d.decision for d in found.values()] == ["SHIP", "INCONCLUSIVE"]
    assert {d.alpha for d in found.values()} == {0.05}


def test_one_that_ships_is_enough_and_all_that_harm_are_no_ship():
    found = share_alpha(["B", "C"], 0.05, "holm", shipping_below({"B": 0.001, "C": 0.9}))
    decision = overall(found, CriteriaSettings(), ENOUGH, "holm")
    assert decision.decision == "SHIP"
    assert "Holm" in decision.guarantee
    assert [reason.split(":")[0] for reason in decision.reasons] == ["B", "C"]


def test_each_of_three_variants_is_judged_against_control(revenue, tmp_path):
    log = small_log(6000, arms="ABC", lift=0.0)
    log.loc[log["arm"] == "C", "revenue"] += 2.0
    status, decision, _ = revenue(log, "--gate")
    assert (status, decision["decision"], decision["ship"]) == (0, "SHIP", True)
    told = {t["variant"]: t for t in decision["treatments"]}
    assert told["C"]["decision"] == "SHIP"
    assert told["B"]["decision"] != "SHIP"
    assert (told["C"]["alpha"], told["B"]["alpha"]) == (0.025, 0.05)  # Holm's two steps
    verdicts = {c["name"]: c for c in decision["criteria"]}
    means = log.groupby("arm")["revenue"].mean()
    for name in "BC":
        estimate = verdicts[f"revenue[variant={name}]"]["estimate"]
        assert estimate == pytest.approx(means[name] - means["A"])
    assert {c["variant"] for c in decision["units"]} == {"A", "B", "C"}
    assert decision["n_rows"] == 6000
    folder = next((tmp_path / "outputs").glob("*/*-abtest"))
    page = (folder / "report.html").read_text()
    assert "Should B or C replace A?" in page
    schemas = Path(harness.__file__).parent / "artefacts" / "schemas"
    schema = json.loads((schemas / "decision.schema.json").read_text())
    jsonschema.validate(json.loads((folder / "decision.json").read_text()), schema)


def test_a_treatment_whose_outcome_was_edited_is_refused(revenue, tmp_path, harness):
    log = small_log(6000, arms="ABC", lift=0.0)
    log.loc[log["arm"] == "C", "revenue"] += 2.0
    revenue(log)
    path = next((tmp_path / "outputs").glob("*/*-abtest")) / "decision.json"
    whole = path.read_text("utf-8")
    assert harness("gate", "last")[:2] == (0, "SHIP\n")
    decision = json.loads(whole)
    for treatment in decision["treatments"]:
        said = "INCONCLUSIVE" if treatment["face_value"] == "SHIP" else "SHIP"
        text = json.dumps(
            decision | {"treatments": [
                t | {"face_value": said} if t is treatment else t for t in decision["treatments"]
            ]}
        )  # fmt: skip
        path.write_text(text, "utf-8")
        status, _, err = harness("gate", "last")
        assert (status, f"treatment {treatment['variant']} is {said}" in err) == (2, True), err
    path.write_text(json.dumps(decision | {"notes": ["edited"]}), "utf-8")
    status, _, err = harness("gate", "last")
    assert (status, "decision.json: changed since" in err) == (2, True), err


def test_segments_and_treatments_keep_their_names_apart(revenue):
    log = small_log(6000, arms="ABC").assign(plan=["pro", "free"] * 3000)
    words = (
        "+criteria.guardrail_metrics.by_plan={metric: revenue, threshold: must_not_decrease, "
        "tolerance: 1, per_segment: plan}"
    )
    _, decision, _ = revenue(log, words)
    names = [c["name"] for c in decision["criteria"]]
    assert len(names) == len(set(names)) == 6
    assert "by_plan[variant=C, plan=pro]" in names


def test_one_treatment_of_several_may_be_named(revenue):
    _, decision, _ = revenue(small_log(6000, arms="ABC"), "abtest.treatment=C")
    assert [t["variant"] for t in decision["treatments"]] == ["C"]
    assert decision["criteria"][0]["name"] == "revenue"


def test_choosing_another_treatment_of_the_same_test_is_another_look(revenue):
    log = small_log(6000, arms="ABC")
    revenue(log, "abtest.treatment=B")
    _, decision, _ = revenue(log, "abtest.treatment=C")
    assert decision["holdout"]["status"] == "exploratory"


@pytest.mark.parametrize(
    ("word", "change", "status"),
    [
        ("SHIP", {"lift": 2.0}, 0),
        ("NO_SHIP", {"lift": -2.0}, 1),
        ("INCONCLUSIVE", {"lift": 0.8}, 3),
        ("INVALID", {"lift": 2.0}, 4),
    ],
)
def test_gate_gives_the_status_of_the_decision(revenue, harness, word, change, status):
    log = small_log(2000, **change)
    if word == "INVALID":
        log = log[(log["arm"] == "A") | (np.arange(2000) % 3 > 0)]
    found, decision, _ = revenue(log, "--gate")
    assert (found, decision["decision"]) == (status, word)
    assert harness("gate", "last")[0] == status
    assert revenue(log)[0] == 0  # without it, an answer is an answer


def uneven(n: int = 4000, lift: float = 2.0):
    log = small_log(n, lift=0.0)
    log["arm"] = np.where(np.arange(n) % 10 == 0, "B", "A")
    return log.assign(revenue=log["revenue"] + lift * (log["arm"] == "B"))


def test_an_uneven_split_names_the_key_of_its_design_and_shows_no_figure(revenue, tmp_path):
    _, decision, _ = revenue(uneven())
    assert decision["decision"] == "INVALID"
    assert "abtest.share=" in decision["reasons"][0]
    assert decision["criteria"] == decision["units"] == []
    page = next((tmp_path / "outputs").glob("*/*-abtest/report.html")).read_text()
    assert "Revenue by day" not in page
    assert "<h2>Criteria</h2>" not in page


def test_correcting_the_share_after_an_invalid_look_may_still_ship(revenue):
    log = uneven()
    assert revenue(log)[1]["decision"] == "INVALID"
    _, decision, _ = revenue(log, "abtest.share=0.1")
    assert (decision["decision"], decision["holdout"]["status"]) == ("SHIP", "confirmatory")
    assert decision["holdout"]["looks_used"] == 1
    _, again, _ = revenue(log, "abtest.share=0.101")  # now figures were seen
    assert again["decision"] == "INCONCLUSIVE"


def test_correcting_a_role_after_an_invalid_look_may_still_ship(revenue):
    log = small_log(lift=2.0)
    rng = np.random.default_rng(1)
    log["cohort"] = np.where(rng.random(3000) < 0.7, "A", "B")
    roles = tuple(word.replace("=arm", "=cohort") for word in ROLES)
    assert revenue(log, roles=roles)[1]["decision"] == "INVALID"
    assert revenue(log)[1]["decision"] == "SHIP"


def test_changing_the_criteria_after_an_invalid_look_confirms_nothing(revenue):
    log = uneven()
    revenue(log)
    _, decision, _ = revenue(log, "abtest.share=0.1", "criteria.success_threshold=0.5")
    assert (decision["decision"], decision["face_value"]) == ("INCONCLUSIVE", "SHIP")
    assert "changed after" in decision["reasons"][0]


def test_planned_shares_of_several_variants_are_checked_one_by_one(revenue):
    rng = np.random.default_rng(0)
    log = small_log(6000, lift=0.0)
    log["arm"] = rng.choice(["A", "B", "C"], 6000, p=[0.8, 0.15, 0.05])
    _, decision, _ = revenue(log)
    assert decision["decision"] == "INVALID"
    assert "+abtest.shares={A: ..., B: ..., C: ...}" in decision["reasons"][0]
    _, decision, _ = revenue(log, "+abtest.shares={A: 0.8, B: 0.15, C: 0.05}")
    assert decision["decision"] != "INVALID"


def test_variants_called_by_numbers_have_planned_shares(revenue):
    log = uneven()
    log["arm"] = (log["arm"] == "B").astype(int)
    roles = (*ROLES[:2], "abtest.control=0", ROLES[3])
    _, decision, err = revenue(log, "+abtest.shares={0: 0.9, 1: 0.1}", roles=roles)
    assert decision["decision"] == "SHIP", err


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("+abtest.shares={A: 0.8, B: 0.3}", "abtest.shares: add up to 1.1"),
        ("+abtest.shares={A: 0.8, Z: 0.2}", "the variants are A, B"),
        ("+abtest.shares={A: 1.8, B: 0.3}", "abtest.shares.A"),
        ("abtest.correction=hochberg", "abtest.correction: 'hochberg' is unknown"),
    ],
)
def test_shares_and_corrections_that_are_invalid_are_one_sentence(revenue, words, key):
    status, _, err = revenue(small_log(500), words)
    assert (status, key in err, "\n" in err) == (2, True, False)
