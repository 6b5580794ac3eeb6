"""A challenger that cannot answer: refused at start, and answered for by the champion."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from harness.bundle import Bundle, InputSchema, write_bundle
from harness.cache import Store
from harness.candidate import fit_model
from harness.config import compose_settings
from harness.data import read_dataset, split_windows
from harness.serving.app import build_app
from harness.serving.canary import Canary, unit_name
from harness.serving.challenger import other_inputs
from harness.serving.options import ServeOptions
from harness.serving.reasons import Reasons
from tests.browser import wait_for
from tests.bundle.test_bundle import FACTS
from tests.conftest import make_table
from tests.serving.conftest import put

ROW = {"x": 0.5, "z": 0.1, "who": 3, "g": "a"}


@pytest.fixture(scope="module")
def wider(tmp_path_factory) -> Path:
    """A bundle that needs one column more than the others."""
    folder = tmp_path_factory.mktemp("wider")
    frame = make_table(3000, strength=1.5).assign(income=range(3000))
    frame.to_parquet(folder / "t.parquet")
    config = compose_settings(
        [
            f"dataset.path={folder / 't.parquet'}",
            *("dataset=table", "dataset.time=when", "dataset.label=y", "split.validation=20d"),
            *("split.test=20d", "criteria=ranking", "model=logistic", "preprocess=linear"),
        ]
    )
    dataset = read_dataset(config.dataset, Store(folder, max_bytes=10**9))
    split = split_windows(config.split, dataset)[0]
    fitted = fit_model(config.candidate, dataset, split.train, n_jobs=1)
    bundle = Bundle(pipeline=fitted.pipeline, schema=InputSchema.of(dataset), threshold=0.5)
    features = dataset.features.iloc[split.test]
    write_bundle(bundle, folder / "bundle", features=features, facts=FACTS, documents={})
    return folder / "bundle"


@pytest.mark.parametrize(
    "words",
    [
        ("--canary", "50%", "--canary-key", "who", "--challenger"),
        ("--log", "log", "--shadow"),
    ],
)
def test_a_version_that_needs_other_columns_is_refused_at_start(harness, bundles, wider, words):
    status, _, err = harness("serve", bundles["xgboost"], *words, wider)
    assert status == 2
    assert f"{words[-1]} {wider} needs income" in err
    assert "promote it first" in err


def canary(bundles, challenger: Path, log: Path) -> ServeOptions:
    return ServeOptions(
        bundle=str(bundles["xgboost"]),
        challenger=str(challenger),
        canary_share=0.5,
        canary_key="who",
        log_folder=str(log),
    )


def of_challenger(n: int = 99) -> list[int]:
    """Keys that the challenger answers in these tests."""
    half = Canary(share=0.5, key="who")
    return [i for i in range(n) if half.variant({"who": i}) == "challenger"]


def entries(log: Path) -> list[dict]:
    return [json.loads(x) for f in log.glob("requests-*") for x in f.read_text().splitlines()]


def test_a_switch_to_other_columns_sets_the_challenger_aside_and_back(bundles, wider, tmp_path):
    put(bundles["logistic"], tmp_path / "challenger")
    put(bundles["xgboost"], tmp_path / "champion")
    options = canary({"xgboost": tmp_path / "champion"}, tmp_path / "challenger", tmp_path / "log")
    row = ROW | {"who": of_challenger()[0], "income": 7}
    with TestClient(build_app(options)) as client:
        champion, challenger = client.app.state.live, client.app.state.challenger.live
        first = client.post("/score", json=row).json()
        assert first["version"] == challenger.current.version != champion.current.version
        # The challenger's alias moves to a version that needs income.
        put(wider, tmp_path / "challenger")
        challenger.look()
        answer = client.post("/score", json=row).json()
        assert answer["version"] == champion.current.version
        assert (answer["variant"], answer["fallback"]) == ("challenger", True)
        for path in ("/health", "/ready"):
            told = client.get(path)
            assert told.status_code == 200
            assert "needs income" in told.json()["canary"]
        assert 'fallbacks_total{cause="inputs"} 1.0' in client.get("/metrics").text
        # It is promoted: the champion's clients send income now, and both may answer.
        put(wider, tmp_path / "champion")
        champion.look()
        assert "fallback" not in client.post("/score", json=row).json()
        assert "canary" not in client.get("/ready").json()
        # A champion with fewer columns is rolled back to: the challenger cannot follow.
        put(bundles["xgboost"], tmp_path / "champion")
        champion.look()
        assert client.post("/score", json=row).json()["fallback"]
    assert ["needs income" in e.get("fallback", "") for e in entries(tmp_path / "log")] == [
        False, True, False, True,
    ]  # fmt: skip


def test_a_challenger_that_is_not_there_is_a_fallback_and_said(bundles, tmp_path):
    options = canary(bundles, tmp_path / "nothing", tmp_path / "log")
    with TestClient(build_app(options)) as client:
        answer = client.post("/score", json=ROW | {"who": of_challenger()[0]}).json()
        assert answer["fallback"]
        assert "no challenger is loaded" in client.get("/ready").json()["canary"]
    assert "no bundle there" in entries(tmp_path / "log")[0]["fallback"]


def test_a_column_that_changes_from_text_to_numbers_is_another_input():
    champion = InputSchema(numeric=("x",), categorical=("g",))
    assert other_inputs(InputSchema(numeric=("x",), categorical=()), champion) is None
    needs = other_inputs(InputSchema(numeric=("x", "g"), categorical=()), champion)
    assert "needs numbers in g" in needs
    many = InputSchema(numeric=tuple(f"c{i}" for i in range(30)), categorical=())
    assert "c19 and 10 more" in other_inputs(many, champion)


class Slow:
    """Holds a challenger up until it is let go."""

    def __init__(self, bundle):
        self.gate = threading.Event()
        self._real = bundle.one_row

    def __call__(self, row):
        self.gate.wait(30)
        return self._real(row)


def test_a_slow_challenger_costs_its_keys_the_timeout_and_others_nothing(bundles, tmp_path):
    log = tmp_path / "log"
    options = replace(canary(bundles, bundles["logistic"], log), canary_seconds=0.05)
    treated = ROW | {"who": of_challenger()[0]}
    control = ROW | {"who": next(n for n in range(99) if n not in of_challenger())}
    with TestClient(build_app(options)) as client:
        bundle = client.app.state.challenger.live.current.bundle
        slow = Slow(bundle)
        object.__setattr__(bundle, "one_row", slow)
        began = time.perf_counter()
        answers = [client.post("/score", json=treated).json() for _ in range(6)]
        took = time.perf_counter() - began
        assert all(answer["fallback"] for answer in answers)
        assert "fallback" not in client.post("/score", json=control).json()
        metrics = client.get("/metrics").text
        # Four threads wait in vain; from then on nobody waits for a fifth.
        assert 'fallbacks_total{cause="timeout"} 4.0' in metrics
        assert 'fallbacks_total{cause="busy"} 2.0' in metrics
        assert 0.2 <= took < 2
        slow.gate.set()
        deadline = time.monotonic() + 10
        while "fallback" in client.post("/score", json=treated).json():
            assert time.monotonic() < deadline
    # What the champion took, not what it waited for: a guard judges the champion by it.
    assert all(e["ms"] < 40 for e in entries(log) if "fallback" in e)


def test_the_champion_answers_for_a_challenger_that_fails(bundles, harness, tmp_path, capfd):
    log = tmp_path / "log"
    rows = [ROW | {"who": n} for n in range(40)]
    with TestClient(build_app(canary(bundles, bundles["logistic"], log))) as client:
        challenger = client.app.state.challenger.live.current.bundle
        # A model that breaks only once it is live: its coefficients are gone.
        challenger.pipeline.named_steps["model"].coef_ = None
        object.__setattr__(challenger, "one_row", None)
        answers = client.post("/score", json=rows).json()["answers"]
        alone = client.post("/score", json=rows[0] | {"who": 1}).json()
        metrics = client.get("/metrics").text
        champion = client.app.state.live.current
    expected = champion.bundle.score(rows).tolist()
    assert [answer["score"] for answer in answers] == expected
    assert {a["version"] for a in [*answers, alone]} == {champion.version}
    treated = [a for a in answers if a["variant"] == "challenger"]
    assert treated
    assert all(a["fallback"] for a in treated)
    n_fallen = len(treated) + (alone["variant"] == "challenger")
    assert f'harness_challenger_fallbacks_total{{cause="failed"}} {n_fallen}.0' in metrics
    # One request is one request, however many versions answered it.
    assert 'harness_requests_total{status="200"} 2.0' in metrics
    assert "harness_rows_total 41.0" in metrics
    assert sum("fallback" in entry for entry in entries(log)) == n_fallen
    summary = capfd.readouterr().err
    assert "41 rows of 2 requests answered" in summary
    assert f"the champion answered {n_fallen} (most often: " in summary
    status, out, err = harness("canary", log, "--out", tmp_path / "units.csv")
    assert status == 0, err
    assert f"the champion answered {n_fallen} of {n_fallen} rows of the challenger" in out
    units = pd.read_csv(tmp_path / "units.csv")
    assert units["fallback_rows"].sum() == n_fallen
    assert set(units.loc[units["fallback_rows"] > 0, "variant"]) == {"challenger"}


def test_a_score_that_is_no_number_is_a_failure_and_never_an_answer(bundles, tmp_path):
    row = ROW | {"who": of_challenger()[0]}
    with TestClient(build_app(canary(bundles, bundles["logistic"], tmp_path / "log"))) as client:
        for live in (client.app.state.challenger.live, client.app.state.live):
            object.__setattr__(live.current.bundle, "one_row", lambda row: float("nan"))
        answer = client.post("/score", json=row)
        assert answer.status_code == 422
        assert "which is no score" in answer.json()["error"]
        # Nobody answered, so nobody fell back: malformed requests must not count as failures.
        assert "fallbacks_total{" not in client.get("/metrics").text
    assert entries(tmp_path / "log") == []


def test_a_refused_request_names_its_own_row_and_leaves_no_answered_rows(bundles, tmp_path):
    rows = [ROW | {"who": n} for n in range(12)]
    rows[7] = rows[7] | {"x": "warm"}
    with TestClient(build_app(canary(bundles, bundles["logistic"], tmp_path / "log"))) as client:
        answer = client.post("/score", json=rows)
        metrics = client.get("/metrics").text
    assert answer.status_code == 422
    assert "column 'x', row 7: 'warm'" in answer.json()["error"]
    assert 'harness_requests_total{status="200"}' not in metrics
    assert entries(tmp_path / "log") == []


def test_rows_that_nobody_can_score_are_still_the_clients_mistake(bundles, tmp_path):
    with TestClient(build_app(canary(bundles, bundles["logistic"], tmp_path / "log"))) as client:
        for who in range(9):
            answer = client.post("/score", json=ROW | {"who": who, "x": "warm"})
            assert answer.status_code == 422
            assert "column 'x'" in answer.json()["error"]


def test_a_shadow_report_says_why_most_rows_were_refused(harness, tmp_path):
    told = {
        "scored": 5,
        "failed": 9,
        "reasons": {"column 'income' is missing from a row": 7, "b": 2},
    }
    offered = {"offered": 18, "dropped": 0, "failed": 3, "reasons": {"b": 3}}
    (tmp_path / "shadow-scored-1.json").write_text(json.dumps(told))
    (tmp_path / "shadow-scored-2.json").write_text(json.dumps({"scored": 1, "failed": 0}))
    (tmp_path / "shadow-offered-1.json").write_text(json.dumps(offered))
    status, out, err = harness("shadow", "report", tmp_path)
    assert status == 0, err
    assert "12 refused" in out
    assert "most refused because: column 'income' is missing from a row, 7 rows" in out


@pytest.mark.slow
def test_a_shadow_gets_no_rows_while_its_version_needs_other_columns(
    bundles, wider, harness, tmp_path
):
    put(bundles["logistic"], tmp_path / "shadow")
    log = tmp_path / "log"
    options = ServeOptions(
        bundle=str(bundles["xgboost"]), shadow=str(tmp_path / "shadow"), log_folder=str(log)
    )
    others = multiprocessing.active_children()
    with TestClient(build_app(options)) as client:

        def scored() -> int:
            counts = [json.loads(f.read_text()) for f in log.glob("shadow-scored-*.json")]
            return sum(count["scored"] for count in counts)

        client.post("/score", json=ROW)
        wait_for(lambda: scored() == 1)
        assert "shadow" not in client.get("/ready").json()
        put(wider, tmp_path / "shadow")
        wait_for(lambda: "needs income" in client.get("/health").json().get("shadow", ""))
        for _ in range(3):
            assert client.post("/score", json=ROW).status_code == 200
        assert 'harness_shadow_rows_total{what="unfit"} 3.0' in client.get("/metrics").text
        put(bundles["logistic"], tmp_path / "shadow")
        wait_for(lambda: "shadow" not in client.get("/health").json())
        client.post("/score", json=ROW)
        wait_for(lambda: scored() == 2)
        [process] = [p for p in multiprocessing.active_children() if p not in others]
        process.kill()
        wait_for(lambda: "has ended" in client.get("/ready").json().get("shadow", ""))
        assert client.post("/score", json=ROW).status_code == 200
    status, out, err = harness("shadow", "report", log)
    assert status == 0, err
    assert "3 refused" in out
    assert "most refused because: " in out
    assert "needs income" in out


def test_reasons_of_a_kind_are_counted_together_in_bounded_memory():
    reasons = Reasons()
    for i in range(1_000):
        reasons.add(f"churn/2: column 'x', row {i}: 'v{i}' is not a finite number", 1)
        reasons.add(f"reason {i}", 1)
    assert len(reasons.counts()) <= 51
    assert sum(reasons.counts().values()) == 2_000
    first = "churn/2: column 'x', a row: 'v0' is not a finite number"
    assert reasons.most_frequent() == f"{first}, 1,000 rows"


def test_long_ids_belong_to_one_variant_however_they_are_written():
    half = Canary(share=0.5, key="user")
    long = 1234567890123456789
    assert half.name({"user": long}) != half.name({"user": long + 1})
    assert half.variant({"user": long}) == half.variant({"user": str(long)})
    assert half.variant({"user": 12.0}) == half.variant({"user": 12})
    nobody = (None, "", "  ", [1], {"a": 1}, float(long))
    assert {half.variant({"user": value}) for value in nobody} == {"champion"}
    assert half.variant({}) == "champion"
    assert [unit_name(v) for v in (True, 1, "1", "001", -0.5)] == ["true", "1", "1", "001", "-0.5"]


def test_a_canary_log_keeps_long_ids_and_counts_rows_of_nobody(bundles, harness, tmp_path):
    ids = [1234567890123456789 + i for i in range(30)]
    keys = [*ids, None, 0.5, str(ids[0]), "007", float(ids[0]), [1], ""]
    log = tmp_path / "log"
    options = replace(canary(bundles, bundles["logistic"], log), canary_key="id")
    with TestClient(build_app(options)) as client:
        one_by_one = [client.post("/score", json=ROW | {"id": k}).json()["variant"] for k in keys]
        at_once = client.post("/score", json=[ROW | {"id": k} for k in keys]).json()["answers"]
        assert "harness_canary_nameless_rows_total 8.0" in client.get("/metrics").text
    assert [answer["variant"] for answer in at_once] == one_by_one
    status, out, err = harness("canary", log, "--out", tmp_path / "units.parquet")
    assert status == 0, err
    assert "8 rows have no usable key" in out
    units = pd.read_parquet(tmp_path / "units.parquet")
    assert set(units["unit"]) == {*map(str, ids), "0.5", "007"}
    assert units.set_index("unit").loc[str(ids[0]), "rows"] == 4  # as number and as text
    assert units["rows"].sum() == 2 * len(keys) - 8


def test_a_unit_answered_by_both_variants_stays_visible(harness, tmp_path):
    (tmp_path / "log").mkdir()
    line = {"at": "2026-01-01T00:00:00.000+00:00", "score": 0.5, "alert": True, "ms": 1, "key": "u"}
    lines = [line | {"variant": v, "version": v} for v in ("champion", "challenger")]
    text = "".join(json.dumps(entry) + "\n" for entry in lines)
    (tmp_path / "log" / "requests-1.jsonl").write_text(text)
    status, out, err = harness("canary", "log", "--out", "units.csv")
    assert status == 0, err
    assert "1 units were answered by both variants" in out
    assert pd.read_csv("units.csv")["variant"].tolist() == ["challenger", "champion"]
