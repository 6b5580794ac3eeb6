"""Whole runs through the command line, in an empty folder."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from tests.conftest import SMALL_FLIGHTS, TABLE_WORDS, make_table

HARNESS = [sys.executable, "-m", "harness"]


def only_run(folder: Path) -> Path:
    (run,) = folder.glob("outputs/*/*")
    return run


@pytest.fixture
def csv(tmp_path):
    make_table().to_csv(tmp_path / "mine.csv", index=False)
    return (*TABLE_WORDS, "dataset.path=mine.csv", "running.report=false")


def test_a_strangers_csv_works_with_one_line(harness, csv, tmp_path):
    status, out, err = harness("run", *csv)
    assert status == 0
    assert "SHIP" in out
    assert "features: 3 numeric, 1 categorical (g)" in err
    run = only_run(tmp_path)
    assert {path.name for path in run.iterdir()} == {
        ".hydra",
        "audit.json",
        "bundle",
        "decision.json",
        "metrics.json",
        "predictions.parquet",
        "protocol.md",
        "run.json",
    }


def test_every_artefact_fits_its_schema(small_run):
    schemas = files("harness.artefacts") / "schemas"
    paths = [small_run / f"{name}.json" for name in ("decision", "audit", "metrics", "run")]
    for path in [*paths, small_run / "bundle" / "manifest.json"]:
        schema = json.loads((schemas / f"{path.stem}.schema.json").read_text())
        errors = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(path.read_text()))
        assert [error.message for error in errors] == [], path.name


def test_the_same_seed_gives_the_same_bytes(harness, csv, tmp_path):
    runs = []
    for name in ("a", "b"):
        assert harness("run", *csv, f"hydra.run.dir={name}")[0] == 0
        runs.append(tmp_path / name)
    ours, theirs = runs
    for name in ("predictions.parquet", "decision.json", "audit.json", "protocol.md"):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()
    for path in sorted((ours / "bundle").iterdir()):
        assert path.read_bytes() == (theirs / "bundle" / path.name).read_bytes(), path.name


def test_sorted_or_not_the_rows_are_judged_alike(harness, csv, tmp_path):
    harness("run", *csv, "hydra.run.dir=a")
    make_table().sample(frac=1, random_state=1).to_csv(tmp_path / "mine.csv", index=False)
    harness("run", *csv, "hydra.run.dir=b")
    ours, theirs = (json.loads((tmp_path / n / "decision.json").read_text()) for n in "ab")
    assert ours["test_fingerprint"] == theirs["test_fingerprint"]
    assert ours["decision"] == theirs["decision"]
    assert ours["criteria"][0]["estimate"] == pytest.approx(
        theirs["criteria"][0]["estimate"], abs=0.02
    )


def test_python_gives_the_same_result_as_the_command(harness, csv, tmp_path):
    from harness import run_experiment

    harness("run", *csv, "hydra.run.dir=a")
    result = run_experiment(list(csv))
    decision = json.loads((tmp_path / "a" / "decision.json").read_text())
    assert result.decision.decision == decision["decision"]
    assert [v.lower for v in result.decision.criteria] == [v["lower"] for v in decision["criteria"]]
    stored = pd.read_parquet(tmp_path / "a" / "predictions.parquet")
    assert (stored["score"] == result.predictions["score"]).all()
    html = result._repr_html_()
    assert f">{decision['decision']}</h3>" in html


def test_flights_rank_honestly_and_not_too_well(small_run):
    metrics = json.loads((small_run / "metrics.json").read_text())
    auc = next(m for m in metrics["test"] if m["name"] == "roc_auc")["candidate"]["value"]
    assert 0.65 <= auc <= 0.80, "above 0.80 would mean a leak"
    record = json.loads((small_run / "run.json").read_text())
    assert "fit the candidate" in record["seconds"]


def test_leaked_columns_make_a_run_invalid_and_are_named(harness):
    status, out, _ = harness("run", *SMALL_FLIGHTS, "dataset.leaky=true", "--format", "json")
    decision = json.loads(out)
    assert (status, decision["decision"]) == (0, "INVALID")
    text = " ".join(decision["reasons"])
    for name in ("dep_delay", "arr_delay", "arr_time", "dep_time", "air_time"):
        assert name in text
    status, out, _ = harness("audit", *SMALL_FLIGHTS, "dataset.leaky=true")
    assert status == 1
    assert "block" in out
    assert harness("audit", *SMALL_FLIGHTS)[0] == 0


def test_gate_turns_decisions_into_exit_statuses(harness, small_run, tmp_path):
    decision = json.loads((small_run / "decision.json").read_text())
    record = json.loads((small_run / "run.json").read_text())
    record = {k: v for k, v in record.items() if k not in ("artefacts", "seal")}
    bounds = {
        "SHIP": (0, "PASS", None, 1.0, 2.0),
        "NO_SHIP": (1, "FAIL", None, -2.0, -1.0),
        "INCONCLUSIVE": (3, "UNRESOLVED", "STRADDLES", -1.0, 1.0),
        "INVALID": (4, "PASS", None, 1.0, 2.0),
    }
    for outcome, (status, verdict, code, lower, upper) in bounds.items():
        one = decision["criteria"][0] | {
            "line": 0.0, "passes_above": True, "verdict": verdict, "code": code,
            "lower": lower, "upper": upper,
        }  # fmt: skip
        said = {
            "decision": outcome, "face_value": outcome, "ship": outcome == "SHIP",
            "criteria": [one], "minimum_sample_size": 1, "minimum_duration_days": 0,
            "blocking_findings": ["L02: a leak"] if outcome == "INVALID" else [],
        }  # fmt: skip
        copy = tmp_path / outcome
        copy.mkdir()
        (copy / "decision.json").write_text(json.dumps(decision | said))
        (copy / "run.json").write_text(json.dumps(record | {"decision": outcome}))
        got, out, err = harness("gate", str(copy))
        assert (got, out.strip()) == (status, outcome), err
        assert len(err.splitlines()) >= 1
    got, out, _ = harness("gate", str(small_run), "--format", "markdown")
    assert out.startswith(f"## {decision['decision']}")
    (copy / "decision.json").write_text(json.dumps(decision | {"decision": "MAYBE"}))
    assert harness("gate", str(copy))[0] == 2


def test_row_wise_intervals_on_clustered_rows_are_invalid(harness):
    status, out, _ = harness("run", *SMALL_FLIGHTS, "criteria.blocks=row", "--format", "json")
    decision = json.loads(out)
    assert (status, decision["decision"]) == (0, "INVALID")
    assert "takes rows for independent, but the design effect of days is" in decision["reasons"][0]


def test_deciding_again_gives_the_same_bytes(harness, csv, tmp_path):
    harness("run", *csv, "dataset.segments=[g]", "hydra.run.dir=a")
    status, out, err = harness("decide", "a", "--format", "json")
    assert (status, err) == (0, "the same as the run's decision.json\n")
    assert out.encode() == (tmp_path / "a" / "decision.json").read_bytes()
    old = tmp_path / "old"  # without hashes and bundle, which would say that it was changed
    old.mkdir()
    for name in ("metrics.json", "audit.json", "predictions.parquet"):
        shutil.copy(tmp_path / "a" / name, old)
    record = json.loads((tmp_path / "a" / "run.json").read_text())
    record = {k: v for k, v in record.items() if k not in ("artefacts", "seal")}
    (old / "run.json").write_text(json.dumps(record))
    decision = json.loads((tmp_path / "a" / "decision.json").read_text())
    (old / "decision.json").write_text(json.dumps(decision | {"alpha": 0.06}))
    status, _, err = harness("decide", "old")
    assert (status, err) == (1, "DIFFERS from the run's decision.json\n")


def test_other_criteria_are_hypothetical(harness, csv, small_run):
    status, out, err = harness(
        "decide",
        str(small_run),
        "--criteria",
        "ranking",
        "--criteria",
        "criteria.alpha=0.01",
        "--format",
        "json",
    )
    again = json.loads(out)
    assert (status, again["hypothetical"], again["alpha"]) == (0, True, 0.01)
    assert again["criteria"][0]["metric"] == "pr_auc"
    assert "hypothetical" in err
    assert harness("decide", str(small_run), "--criteria", "rankng")[0] == 2
    (small_run.parent / "gone").mkdir(exist_ok=True)
    shutil.copytree(small_run, small_run.parent / "gone" / "run", dirs_exist_ok=True)
    (small_run.parent / "gone" / "run" / "predictions.parquet").write_bytes(b"junk")
    status, _, err = harness("decide", str(small_run.parent / "gone" / "run"))
    assert status == 2
    assert "predictions.parquet: changed since the run finished" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["criteria.alpha=0.01"], "value_per_1000 alert_rate precision"),
        (["~criteria.guardrail_metrics.alert_rate"], "value_per_1000 precision"),
        (["ranking", "criteria.alpha=0.01"], "pr_auc"),
        (["mine"], "roc_auc"),
        (["+criteria.guardrail_metrics.brier={threshold: must_be_below, value: 1}"],
         "value_per_1000 alert_rate precision brier"),
    ],
)  # fmt: skip
def test_a_decision_is_asked_again_of_the_runs_own_criteria_changed(
    harness, small_run, tmp_path, words, told
):
    (tmp_path / "own" / "criteria").mkdir(parents=True)
    (tmp_path / "own" / "criteria" / "mine.yaml").write_text(
        "defaults: [ranking]\nprimary_metric: roc_auc\n"
    )
    asked = [part for word in words for part in ("--criteria", word)]
    flags = ("--config-dir", tmp_path / "own", "--format", "json")
    status, out, err = harness("decide", small_run, *asked, *flags)
    assert status == 0, err
    named = [one["name"] for one in json.loads(out)["criteria"]]
    assert [n for n in named if "[" not in n and "latency" not in n] == told.split()


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("criteria.alpa=0.1", "criteria.alpa: no such key; did you mean 'alpha'?"),
        ("criteria.alpha=nan", "criteria.alpha: nan must be above 0 and below 0.5"),
        ("criteria.guardrail_metrics=3", "criteria.guardrail_metrics: expected guardrails by name"),
        ("criteria.alpha=0.1,0.2", "only criteria=OPTION and criteria.KEY=VALUE"),
        ("split.test=3d", "only criteria=OPTION and criteria.KEY=VALUE"),
        ("criteria.alpha=[", "no viable alternative"),
        ("~criteria.guardrail_metrics.precison", "did you mean 'precision'?"),
        ("criteria.nothing.value=1", "criteria.nothing: no such key"),
    ],
)
def test_criteria_that_cannot_be_changed_so_say_why(harness, small_run, word, sentence):
    status, _, err = harness("decide", small_run, "--criteria", word)
    assert status == 2
    assert sentence in err


def test_a_backtest_reports_earlier_windows_and_judges_the_last(harness, csv, tmp_path):
    status, _, _ = harness(
        "run", *csv, "split=rolling", "split.origins=3", "split.test=20d", "hydra.run.dir=a"
    )
    assert status == 0
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert len(metrics["backtest"]) == 2
    assert metrics["backtest"][0]["test_start"] < metrics["backtest"][1]["test_start"]


def test_a_users_own_class_stands_beside_their_table(harness, csv, tmp_path):
    home = tmp_path / "elsewhere"
    home.mkdir()
    (tmp_path / "mine.csv").rename(home / "mine.csv")
    (home / "own_model.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n\n\nclass Own(GaussianNB):\n    pass\n"
    )
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "own.yaml").write_text(
        "# My own model.\n_target_: own_model.Own\n"
    )
    words = [w for w in csv if "n_estimators" not in w and "dataset.path" not in w]
    status, _, err = harness(
        "run",
        "--config-dir",
        "conf",
        *words,
        f"dataset.path={home / 'mine.csv'}",
        "model=own",
        "preprocess=linear",
        "hydra.run.dir=a",
    )
    assert status == 0, err
    manifest = json.loads((tmp_path / "a" / "bundle" / "manifest.json").read_text())
    assert manifest["own_classes"][0]["module"] == "own_model"
    assert harness("verify", "a")[0] == 2
    assert harness("verify", "a", "--trust", "own_model.Own")[0] == 0


# --- what goes wrong ---------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("split.gapp=3d",),
        ("model=xgbost",),
        ("+split.foo=1",),
        ("criteria.primary_metric=roc_acu",),
        ("--config-dir", "nowhere", "seed=1"),
        ("-m", "model=xgboost,logistc"),
    ],
)
def test_a_typo_ends_before_anything_is_written(harness, tmp_path, words):
    status, out, err = harness("run", *words)
    assert (status, out) == (2, "")
    assert err.startswith("harness run: ")
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_bad_data_leaves_a_reason_and_no_artefacts(harness, csv, tmp_path):
    (tmp_path / "mine.csv").write_text("when,x,y\n2024-01-01,1,0\n2024-01-02,2,0\n")
    status, _, err = harness("run", *csv)
    assert status == 2
    assert "needs both classes" in err
    assert "Traceback" not in err
    run = only_run(tmp_path)
    assert {path.name for path in run.iterdir()} == {".hydra", "run.json"}
    assert json.loads((run / "run.json").read_text())["status"] == "FAILED"
    assert harness("gate", str(run))[0] == 2


def test_earlier_outputs_are_never_touched(harness, csv, tmp_path):
    harness("run", *csv, "hydra.run.dir=a")
    before = {
        p: p.read_bytes()
        for p in (tmp_path / "a").rglob("*")
        if p.is_file() and ".hydra" not in p.parts
    }
    status, _, err = harness("run", *csv, "seed=5", "hydra.run.dir=a")
    assert status == 2
    assert "runs are never overwritten" in err
    assert before == {p: p.read_bytes() for p in before}


def test_debug_shows_the_traceback(harness, monkeypatch):
    from harness.errors import ConfigError

    monkeypatch.setenv("HARNESS_DEBUG", "1")
    from harness.cli.main import main

    with pytest.raises(ConfigError):
        main(["run", "split.gapp=3d"])


def start(words, folder: Path, **more) -> subprocess.Popen:
    return subprocess.Popen(
        [*HARNESS, "run", "hydra.run.dir=run", *words],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_ctrl_c_ends_with_130_and_says_so(tmp_path):
    process = start(
        [*SMALL_FLIGHTS, "model.n_estimators=3000", "model.early_stopping_rounds=null"], tmp_path
    )
    wait_for((tmp_path / "run" / "run.json").exists)
    time.sleep(0.5)  # inside the run, wherever that is
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip().endswith("interrupted")
    assert {p.name for p in (tmp_path / "run").iterdir()} == {".hydra", "run.json"}
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "FAILED"


def test_a_killed_run_shows_as_unfinished(harness, tmp_path):
    process = start(
        [*SMALL_FLIGHTS, "model.n_estimators=3000", "model.early_stopping_rounds=null"], tmp_path
    )
    wait_for((tmp_path / "run" / "run.json").exists)
    process.kill()
    process.communicate(timeout=60)
    status, out, _ = harness("compare", "run", "--format", "json")
    assert status == 0
    assert json.loads(out)["comparison"]["groups"][0]["runs"][0]["outcome"] == "UNFINISHED"


def test_a_full_disk_ends_with_a_sentence_and_nothing_half_written(tmp_path, csv):
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    make_table(20_000).to_csv(tmp_path / "mine.csv", index=False)
    words = [word for word in csv if not word.startswith("split.")]
    process = start(
        [*words, "split.test=300d"],
        tmp_path,
        preexec_fn=small_files,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "cannot be written" in err
    assert "Traceback" not in err
    left = {p.name for p in (tmp_path / "run").iterdir()}
    assert "predictions.parquet" not in left
    assert not [name for name in left if name.startswith(".") and name != ".hydra"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "FAILED"


def test_python_dash_m_and_version_work():
    out = subprocess.run([*HARNESS, "--version"], capture_output=True, text=True, check=True)
    assert out.stdout.startswith("harness ")
    out = subprocess.run([*HARNESS, "rnu"], capture_output=True, text=True, check=False)
    assert (out.returncode, out.stderr) == (2, "harness: no command 'rnu'; did you mean 'run'?\n")
