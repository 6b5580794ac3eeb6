"""A trial: everything is shown on validation, nothing is spent, nothing depends on the test window."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from harness.artefacts import read_json
from harness.config import compose_settings
from harness.errors import ConfigError
from tests.conftest import TABLE_WORDS, make_table

WORDS = tuple(word for word in TABLE_WORDS if "criteria" not in word)
SCHEMAS = Path(__file__).parents[2] / "harness/artefacts/schemas"


def runs_of(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("outputs/**/run.json"))


@pytest.fixture
def table(tmp_path) -> pd.DataFrame:
    made = make_table(4000, strength=2.0)
    made.to_csv(tmp_path / "t.csv", index=False)
    return made


@pytest.fixture
def ledger(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HARNESS_LEDGER", str(tmp_path / "ledger.sqlite"))
    return tmp_path / "ledger.sqlite"


def test_a_trial_shows_everything_and_spends_nothing(harness, table, ledger, tmp_path):
    words = [*WORDS, "dataset.path=t.csv", "criteria.minimum_sample_size=100"]
    status, out, err = harness("try", *words)
    assert status == 0, err
    assert not ledger.exists()
    (run,) = runs_of(tmp_path)
    decision = read_json(run / "decision.json")
    assert decision["decision"] == "INCONCLUSIVE"
    assert not decision["ship"]
    assert decision["face_value"] == "SHIP"  # a real model on rows enough
    assert decision["holdout"]["status"] == "trial"
    assert "trial" in decision["reasons"][0]
    assert "validation" in decision["reasons"][0]
    assert decision["criteria"][0]["verdict"] == "PASS"
    assert decision["criteria"][0]["lower"] > 0
    assert "probability" not in decision["guarantee"]
    for name in ("decision", "metrics", "run", "audit"):
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
        jsonschema.validate(json.loads((run / f"{name}.json").read_text("utf-8")), schema)
    metrics = read_json(run / "metrics.json")
    assert "test" not in metrics
    assert {m["name"] for m in metrics["trial"]} >= {"pr_auc", "roc_auc"}
    assert not (run / "bundle").exists()
    report = (run / "report.html").read_text("utf-8")
    assert "trial rows" in report
    assert "test rows" not in report
    assert "test window stays closed" in report
    # The very same candidate is then judged for the first time, at full alpha.
    status, out, err = harness("run", *words, "running.report=false")
    assert status == 0, err
    assert "The window was opened for this candidate alone" in " ".join(out.split())


def test_rows_of_a_trial_are_those_of_validation(harness, table, tmp_path):
    harness("try", *WORDS, "dataset.path=t.csv", "running.report=false")
    harness("run", *WORDS, "dataset.path=t.csv", "running.report=false")
    trial, run = runs_of(tmp_path)
    ours = pd.read_parquet(trial / "predictions.parquet")
    theirs = pd.read_parquet(run / "predictions.parquet")
    validation = theirs[theirs["window"] == "validation"]
    assert sorted(ours["row"]) == sorted(validation["row"])
    assert set(ours["window"]) == {"validation", "trial"}
    # Both learned from the same rows, so they score alike; the thresholds are of different rows.
    scores = ours.set_index("row")["score"]
    assert np.array_equal(scores[validation["row"]].to_numpy(), validation["score"].to_numpy())
    chosen, judged = (ours.loc[ours["window"] == w, "time"] for w in ("validation", "trial"))
    assert chosen.max() < judged.min()
    assert judged.dt.normalize().nunique() == pytest.approx(15, abs=1)


def test_labels_of_the_test_window_change_nothing_in_a_trial(harness, table, tmp_path):
    test = table["when"] >= table["when"].max().normalize() - pd.Timedelta(days=29)
    assert 600 < test.sum() < 800
    table["y"] = table["y"].where(~test, 1 - table["y"])
    table.to_csv(tmp_path / "flipped.csv", index=False)
    words = [*WORDS, "dataset.segments=[g]", "running.report=false"]
    for path in ("t.csv", "flipped.csv"):
        status, _, err = harness("try", *words, f"dataset.path={path}")
        assert status == 0, err
    one, other = runs_of(tmp_path)
    for name in ("metrics.json", "audit.json"):
        first, second = read_json(one / name), read_json(other / name)
        first.pop("latency_ms", None), second.pop("latency_ms", None)
        assert first == second, name
    first, second = (read_json(run / "decision.json") for run in (one, other))
    assert first == second


@pytest.mark.parametrize("strength", [2.0, 0.0])
def test_gate_never_lets_a_trial_pass(harness, tmp_path, strength):
    make_table(3000, strength=strength).to_csv(tmp_path / "t.csv", index=False)
    words = [
        *WORDS,
        "dataset.path=t.csv",
        "running.report=false",
        "criteria.minimum_sample_size=10",
    ]
    assert harness("try", *words)[0] == 0
    assert harness("gate", "last")[0] in (1, 3)


def test_what_asks_for_a_judged_run_refuses_a_trial(harness, table, tmp_path):
    harness("try", *WORDS, "dataset.path=t.csv", "running.report=false")
    (run,) = runs_of(tmp_path)
    for command in (("register", str(run), "--name", "m"), ("verify", str(run))):
        status, _, err = harness(*command)
        assert status == 2
        assert "a trial on validation, which has no bundle" in err
    status, out, _ = harness("decide", str(run), "--format", "json")
    assert (status, json.loads(out)) == (0, json.loads((run / "decision.json").read_text("utf-8")))
    status, out, err = harness("power", str(run))
    assert status == 0, err
    assert "pr_auc" in out
    status, out, err = harness("compare")
    assert status == 0
    assert "TRIAL" in out
    assert "on validation" in " ".join(out.split())
    assert "1 run is a trial" in err


def test_trials_of_a_sweep_reserve_nothing(harness, table, ledger, tmp_path):
    status, out, err = harness(
        "try", "-m", *WORDS, "dataset.path=t.csv", "running.report=false", "model.max_depth=2,3"
    )
    assert status == 0, err
    assert not ledger.exists()
    assert out.count("TRIAL") == 2
    assert len(runs_of(tmp_path)) == 2


def test_a_backtest_of_a_trial_ends_before_the_test_window(harness, table, tmp_path):
    words = ["split=rolling", "split.origins=3", "split.step=10d", "running.report=false"]
    status, _, err = harness("try", *WORDS, "dataset.path=t.csv", *words)
    assert status == 0, err
    (run,) = runs_of(tmp_path)
    # Windows of 30 days at steps of 10 reach into the one that is kept closed.
    assert read_json(run / "metrics.json")["backtest"] == []


def test_a_trial_has_a_holdout_of_its_own(harness):
    status, _, err = harness("try", "holdout=blind")
    assert status == 2
    assert "holdout=blind: a trial has a holdout of its own" in err
    with pytest.raises(ConfigError, match=r"holdout.select: none is a trial"):
        compose_settings(["holdout=blind", "holdout.select=none"])


def test_the_protocol_of_a_trial_says_so(harness):
    status, out, _ = harness("protocol", "holdout=validation_only")
    assert status == 0
    assert "The test data stays closed, and the answer is never SHIP." in out


def test_a_validation_window_of_one_day_cannot_be_halved(harness, tmp_path):
    make_table(3000).to_csv(tmp_path / "t.csv", index=False)
    status, _, err = harness("try", *WORDS, "dataset.path=t.csv", "split.validation=1d")
    assert status == 2
    assert "split.validation: a trial is judged on the second half of validation" in err
