"""`harness abtest` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROLES = (
    "abtest.unit=user",
    "abtest.variant=arm",
    "abtest.control=A",
    "abtest.enrolled=joined",
)


def make_log(n: int = 40_000, *, seed: int = 0, lift: float = 0.05) -> pd.DataFrame:
    """Two weeks of users whose retention the treatment raises by `lift`."""
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.5
    before = rng.beta(2, 5, n)
    seconds = np.sort(rng.integers(0, 14 * 86_400, n))
    return pd.DataFrame(
        {
            "user": [f"u{i}" for i in range(n)],
            "arm": np.where(treated, "B", "A"),
            "joined": pd.Timestamp("2026-03-01") + pd.to_timedelta(seconds, unit="s"),
            "7_day_retention": rng.random(n) < 0.3 + 0.4 * (before - 0.285) + lift * treated,
            "complaint": rng.random(n) < 0.0004,
            "latency_ms": rng.lognormal(4.2, 0.35, n).round(1),
            "before": before,
            "country": rng.choice(["DE", "FR"], n),
        }
    )


@pytest.fixture
def judge(harness, tmp_path):
    """Write a log, judge it, and return the decision, or the status and the complaint."""

    def call(log: pd.DataFrame, *words: str, roles=ROLES):
        log.to_parquet(tmp_path / "log.parquet")
        status, out, err = harness("abtest", "log.parquet", *roles, *words, "--format", "json")
        if status == 0:
            return json.loads(out)
        return {"status": status, "complaint": err.strip()}

    return call


def test_a_good_treatment_ships_by_the_criteria_of_the_design(judge):
    decision = judge(make_log())
    assert decision["decision"] == "SHIP"
    by_name = {c["name"]: c for c in decision["criteria"]}
    lift = by_name["7_day_retention_lift"]
    assert (lift["line"], lift["rule"]) == (0.02, "must_improve_by")
    assert lift["lower"] > 0.02
    assert by_name["complaint_rate"]["upper"] < 0.001
    assert by_name["p99_latency_ms"]["upper"] < 200
    assert (decision["n_rows"], decision["n_days"]) == (40_000, 14)


def test_an_improvement_of_less_than_the_margin_does_not_ship(judge):
    assert judge(make_log(lift=0.0))["decision"] == "NO_SHIP"
    close = judge(make_log(seed=2, lift=0.022).assign(user=lambda d: "v" + d["user"]))
    assert close["decision"] == "INCONCLUSIVE"
    assert "more units like these" in close["reasons"][0]


def test_the_result_can_be_gated_compared_and_read(harness, tmp_path, judge):
    judge(make_log())
    assert harness("gate", "last")[0] == 0
    status, out, _ = harness("compare")
    assert status == 0
    assert "SHIP" in out
    status, _, err = harness("decide", "last")
    assert (status, "judge its log again" in err) == (2, True)
    folder = next(Path("outputs").glob("*/*-abtest"))
    page = (folder / "report.html").read_text()
    for words in ("Should B replace A?", "Units assigned by day", "99 % quantile of latency_ms"):
        assert words in page
    assert "src=" not in page
    assert "<link" not in page


def test_written_json_keeps_its_schemas(judge):
    import jsonschema

    import harness

    judge(make_log(2000))
    folder = next(Path("outputs").glob("*/*-abtest"))
    schemas = Path(harness.__file__).parent / "artefacts" / "schemas"
    for name in ("decision", "run"):
        schema = json.loads((schemas / f"{name}.schema.json").read_text())
        written = json.loads((folder / f"{name}.json").read_text())
        assert not list(jsonschema.Draft202012Validator(schema).iter_errors(written))


def test_csv_and_parquet_say_the_same(harness, tmp_path):
    log = make_log(12_000)
    log.to_csv(tmp_path / "log.csv", index=False)
    log.sample(frac=1, random_state=0).to_parquet(tmp_path / "log.parquet")
    found = [
        json.loads(harness("abtest", name, *ROLES, "--format", "json")[1])
        for name in ("log.csv", "log.parquet")
    ]
    assert found[0] == found[1]
    assert found[1]["holdout"]["looks_used"] == 1  # the same look again is free


def test_minimums_are_counted_in_units_and_days_of_assignment(judge):
    early = make_log().head(20_000)
    decision = judge(early, "criteria.minimum_sample_size=30000")
    assert decision["decision"] == "INCONCLUSIVE"
    assert "The log has 20,000 units; the protocol asks for 30,000" in decision["reasons"][0]
    short = make_log().iloc[:12_000]
    assert "The log spans 5 days; the protocol asks for 7" in " ".join(judge(short)["reasons"])


def test_a_fixed_plan_has_one_look_and_an_early_one_leaves_it_unspent(judge):
    log = make_log()
    early = judge(log.head(8_000))
    assert early["decision"] == "INCONCLUSIVE"
    assert "leaves the one look" in early["holdout"]["sentence"]
    assert judge(log.head(30_000))["decision"] == "SHIP"
    late = judge(log)
    assert (late["decision"], late["face_value"]) == ("INCONCLUSIVE", "SHIP")
    assert "had its one look already" in late["reasons"][0]


def test_a_sequential_plan_has_any_number_of_looks(judge):
    log = make_log(lift=0.06)
    log["complaint"] = np.arange(len(log)) % 100 == 0
    plan = (
        "abtest.looks=sequential",
        "criteria.guardrail_metrics.complaint_rate.tolerance=0.01",
    )
    assert judge(log.head(8_000), *plan)["decision"] == "INCONCLUSIVE"
    first, second = judge(log.head(30_000), *plan), judge(log, *plan)
    assert (first["decision"], second["decision"]) == ("SHIP", "SHIP")
    assert second["holdout"]["sentence"].startswith("Look 3 of any number")


def test_criteria_changed_after_a_look_confirm_nothing(judge):
    log = make_log()
    judge(log.head(8_000))
    decision = judge(log, "criteria.success_threshold=0.01")
    assert (decision["decision"], decision["face_value"]) == ("INCONCLUSIVE", "SHIP")
    assert "changed after this test had been looked at" in decision["reasons"][0]


def test_another_test_is_another_window(judge):
    judge(make_log())
    other = make_log(seed=3)
    other["user"] = "v" + other["user"]
    assert judge(other)["holdout"]["status"] == "confirmatory"


def test_units_lost_in_one_variant_make_the_result_invalid(judge):
    log = make_log()
    lost = log[(log["arm"] == "A") | (np.arange(len(log)) % 20 > 0)]
    decision = judge(lost)
    assert decision["decision"] == "INVALID"
    assert decision["reasons"][0].startswith("Sample-ratio mismatch")
    planned = judge(log[(log["arm"] == "A") | (np.arange(len(log)) % 4 == 0)], "abtest.share=0.2")
    assert planned["decision"] != "INVALID"


def test_units_in_two_variants_and_copies_make_the_result_invalid(judge):
    log = make_log(20_000)
    twice = pd.concat([log, log.head(50)])
    assert "50 units appear more than once" in judge(twice)["reasons"][0]
    other = log["arm"].map({"A": "B", "B": "A"})
    both = pd.concat([log, log.assign(arm=other).head(50)])
    assert "appear in more than one variant" in judge(both)["reasons"][0]


def test_values_missing_more_often_in_one_variant_are_not_judged(judge):
    log = make_log()
    gone = (log["arm"] == "B") & (np.arange(len(log)) % 10 == 0)
    decision = judge(log.assign(complaint=log["complaint"].astype(float).mask(gone)))
    verdict = next(c for c in decision["criteria"] if c["name"] == "complaint_rate")
    assert verdict["code"] == "MISSING_UNEQUALLY"
    evenly = log.assign(
        complaint=log["complaint"].astype(float).mask(np.arange(len(log)) % 10 == 0)
    )
    verdict = next(c for c in judge(evenly)["criteria"] if c["name"] == "complaint_rate")
    assert (verdict["verdict"], verdict["n_rows"]) == ("PASS", 36_000)


def test_a_covariate_narrows_and_a_segment_divides(judge):
    log = make_log()
    plain = judge(log)["criteria"][0]
    words = (
        "+abtest.metrics={7_day_retention_lift: {covariate: before}}",
        "+criteria.guardrail_metrics.by_country={metric: 7_day_retention_lift, "
        "threshold: must_not_decrease, tolerance: 0.02, per_segment: country}",
    )
    decision = judge(log, *words)
    narrow = decision["criteria"][0]
    assert narrow["upper"] - narrow["lower"] < plain["upper"] - plain["lower"]
    assert {"by_country[country=DE]", "by_country[country=FR]"} <= {
        c["name"] for c in decision["criteria"]
    }


def test_latencies_may_lie_in_a_table_of_their_own(judge, tmp_path):
    log = make_log(12_000).drop(columns="latency_ms")
    rng = np.random.default_rng(0)
    user = rng.choice(log["user"], 50_000)
    pd.DataFrame({"user": user, "latency_ms": rng.lognormal(4.2, 0.3, 50_000)}).to_parquet(
        tmp_path / "requests.parquet"
    )
    decision = judge(log, "+abtest.metrics.p99_latency_ms={table: requests.parquet}")
    verdict = next(c for c in decision["criteria"] if c["name"] == "p99_latency_ms")
    assert verdict["verdict"] == "PASS"
    assert verdict["n_blocks"] == len(set(user) & set(log.loc[log["arm"] == "B", "user"]))


@pytest.mark.parametrize(
    ("change", "words", "sentence"),
    [
        (
            lambda d: d.assign(arm=d["arm"].where(d.index > 9, "a")),
            (),
            "'A' and 'a' differ only by",
        ),
        (lambda d: d.assign(arm="A"), (), "every unit is in 'A'; there is no treatment"),
        (lambda d: d.assign(arm=d["arm"].where(d.index > 9, None)), (), "10 rows have no arm"),
        (lambda d: d.assign(user=d["user"].where(d.index > 9, None)), (), "10 rows name no user"),
        (lambda d: d, ("abtest.control=Z",), "no unit has the variant 'Z' (A, B)"),
        (lambda d: d, ("abtest.treatment=A",), "'A' is the control; name another (A, B)"),
        (lambda d: d, ("abtest.timezone=Mars/X",), "abtest.timezone: 'Mars/X' is no IANA zone"),
        (lambda d: d, ("abtest.unit=usr",), "no column 'usr'; did you mean 'user'?"),
        (lambda d: d, ("abtest.looks=daily",), "'daily' is unknown; valid: fixed, sequential"),
        (lambda d: d, ("abtest.share=1.5",), "must be above 0 and below 1"),
        (lambda d: d, ("abtest.enrolled=null",), "write criteria.minimum_duration_days=0"),
        (lambda d: d.drop(columns="complaint"), (), "'+abtest.metrics={complaint_rate: {column:"),
        (lambda d: d.assign(latency_ms="fast"), (), "holds 'fast', which is no number"),
        (lambda d: d.assign(latency_ms=np.inf), (), "holds infinite values"),
        (lambda d: d, ("+abtest.metrics.complaint_rte={column: complaint}",), "no criterion asks"),
        (lambda d: d, ("+abtest.metrics.complaint_rate={colum: x}",), "did you mean 'column'?"),
        (lambda d: d, ("abtest.metrics={a: {column: b}}",), "write a + before the override"),
        (lambda d: d, ("abtest.unitt=user",), "abtest.unitt: no such key; did you mean 'unit'?"),
        (
            lambda d: d,
            ("criteria.guardrail_metrics.complaint_rate.tolerance=0",),
            "cannot be proved",
        ),
    ],
)
def test_a_log_that_cannot_be_meant_is_refused_in_one_sentence(judge, change, words, sentence):
    refused = judge(change(make_log(3000)), *words)
    complaint = refused["complaint"]
    assert refused["status"] == 2
    assert sentence in complaint
    assert "\n" not in complaint
    assert not Path("outputs").exists()


def test_a_variant_with_one_unit_proves_nothing(judge):
    log = make_log(3000)
    log["arm"] = np.where(np.arange(3000) == 5, "B", "A")
    decision = judge(log, "abtest.share=0.001")
    assert decision["decision"] == "INCONCLUSIVE"
    assert {c["code"] for c in decision["criteria"]} == {"FEW_BLOCKS"}


def test_a_look_cut_off_is_written_down(harness, tmp_path, monkeypatch, judge):
    import harness.abtest.judge as room

    monkeypatch.setattr(room, "judge_log", lambda *_, **__: 1 / 0)
    assert judge(make_log(2000))["status"] == 2
    _, out, _ = harness("ledger", "--format", "markdown")
    assert "CUT OFF" in out


def test_a_log_that_is_not_there_is_named(harness):
    status, _, err = harness("abtest", "nowhere.csv", *ROLES)
    assert (status, "table: no file at nowhere.csv" in err) == (2, True)


def test_an_ab_test_is_planned_from_rates_and_not_from_its_folder(harness, judge):
    judge(make_log(2000))
    status, _, err = harness("power", "last")
    assert (status, "no run with predictions.parquet" in err) == (2, True)
    folder = next(Path("outputs").glob("*/*-abtest"))
    status, _, err = harness("power", folder)
    assert (status, "plan with --rate" in err) == (2, True)


def test_a_segment_column_without_a_value_does_not_let_a_guardrail_vanish(judge):
    words = (
        "+criteria.guardrail_metrics.by_country={metric: 7_day_retention_lift, "
        "threshold: must_not_decrease, tolerance: 0.02, per_segment: country}"
    )
    decision = judge(make_log().assign(country=None), words)
    assert decision["decision"] == "INCONCLUSIVE"
    verdict = next(c for c in decision["criteria"] if c["name"].startswith("by_country"))
    assert verdict["verdict"] == "UNRESOLVED"
