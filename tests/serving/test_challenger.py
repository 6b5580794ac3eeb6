"""A challenger that cannot answer: refused at start, and answered for by the champion."""

from __future__ import annotations

import json
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
from harness.serving.canary import Canary
from harness.serving.options import ServeOptions
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


def test_one_that_comes_later_is_not_taken_up(bundles, wider, tmp_path):
    put(bundles["logistic"], tmp_path / "challenger")
    with TestClient(
        build_app(canary(bundles, tmp_path / "challenger", tmp_path / "log"))
    ) as client:
        server = client.app.state.live
        who = next(
            n for n in range(99) if Canary(share=0.5, key="who").variant({"who": n}) != "champion"
        )
        row = ROW | {"who": who}
        first = client.post("/score", json=row).json()
        assert first["version"] != server.current.version
        put(wider, tmp_path / "challenger")
        challenger = client.app.state.challenger
        assert not challenger.look()
        assert "needs income" in challenger.problem
        answer = client.post("/score", json=row).json()
        assert answer["version"] == server.current.version
        assert answer["variant"] == "challenger"


def test_the_champion_answers_for_a_challenger_that_fails(bundles, harness, tmp_path, monkeypatch):
    log = tmp_path / "log"
    rows = [ROW | {"who": n} for n in range(40)]
    with TestClient(build_app(canary(bundles, bundles["logistic"], log))) as client:
        challenger = client.app.state.challenger.current.bundle
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
    of_challenger = [a for a in answers if a["variant"] == "challenger"]
    assert of_challenger
    assert all(a["fallback"] for a in of_challenger)
    n_fallen = len(of_challenger) + (alone["variant"] == "challenger")
    assert f"harness_challenger_fallbacks_total {n_fallen}.0" in metrics
    lines = [
        json.loads(line) for f in log.glob("requests-*") for line in f.read_text().splitlines()
    ]
    assert sum("fallback" in line for line in lines) == n_fallen
    status, out, err = harness("canary", log, "--out", tmp_path / "units.csv")
    assert status == 0, err
    assert f"{n_fallen} rows of the challenger were answered by the champion" in out
    units = pd.read_csv(tmp_path / "units.csv")
    assert units["fallbacks"].sum() == n_fallen
    assert set(units.loc[units["fallbacks"] > 0, "variant"]) == {"challenger"}


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
    (tmp_path / "shadow-scored-1.json").write_text(json.dumps(told))
    (tmp_path / "shadow-scored-2.json").write_text(json.dumps({"scored": 1, "failed": 0}))
    (tmp_path / "shadow-offered-1.json").write_text(json.dumps({"offered": 15, "dropped": 0}))
    status, out, err = harness("shadow", "report", tmp_path)
    assert status == 0, err
    assert "9 refused" in out
    assert "most refused because: column 'income' is missing from a row (7 rows)" in out


def test_long_ids_belong_to_one_variant_however_they_are_written():
    half = Canary(share=0.5, key="user")
    long = 1234567890123456789
    assert half.name({"user": long}) != half.name({"user": long + 1})
    assert half.variant({"user": long}) == half.variant({"user": str(long)})
    assert half.variant({"user": 12.0}) == half.variant({"user": 12})
    assert half.variant({"user": None}) == half.variant({}) == "champion"
