from __future__ import annotations

import json

import pytest

from harness.sweep.plan import jobs_of
from tests.conftest import TABLE_WORDS, make_table


@pytest.fixture
def words(tmp_path):
    make_table().to_parquet(tmp_path / "t.parquet")
    plain = [w for w in TABLE_WORDS if "n_estimators" not in w]
    return (*plain, "dataset.path=t.parquet", "running.report=false")


def test_a_sweep_gives_one_folder_and_decision_each_and_compares_them(harness, words, tmp_path):
    status, out, err = harness(
        "run", "-m", *words, "model=logistic,hist_gradient_boosting", "hydra.sweep.dir=s"
    )
    assert status == 0, err
    for job in ("0", "1"):
        assert (tmp_path / "s" / job / "decision.json").is_file()
    assert "model=LogisticRegression" in out.replace("\n", "").replace(" ", "") or "Logistic" in out
    assert "2 verdicts share one opening of the test window" in err
    assert "alpha / 2" in err
    harness("run", *words, "model=logistic", "model.C=0.3", "hydra.run.dir=s/late")
    _, out, _ = harness("compare", "s", "--format", "json")
    assert "1 look was exploratory" in " ".join(json.loads(out)["comparison"]["sentences"])


def test_a_failed_job_is_announced_and_takes_no_other_along(harness, words, tmp_path):
    status, out, err = harness(
        "run", "-m", *words, "model=logistic", "model.C=1.0,-1.0,0.5", "hydra.sweep.dir=s"
    )
    assert status == 2
    assert "job 1: FAILED" in err
    assert "model.C=-1.0" in err
    assert "1 of 3 jobs failed" in err
    record = json.loads((tmp_path / "s" / "1" / "run.json").read_text())
    assert record["status"] == "FAILED"
    assert "could not be fitted" in record["reason"]
    assert json.loads((tmp_path / "s" / "2" / "run.json").read_text())["status"] == "DONE"
    assert "FAILED" in out


def test_fail_fast_stops_the_sweep(harness, words, tmp_path):
    status, _, err = harness(
        "run",
        "-m",
        *words,
        "model=logistic",
        "model.C=-1.0,0.5",
        "fail_fast=true",
        "hydra.sweep.dir=s",
    )
    assert status == 2
    assert "the sweep was stopped" in err
    assert not (tmp_path / "s" / "1" / "run.json").exists()


@pytest.mark.slow
def test_the_joblib_launcher_gives_the_same_decisions(harness, words, tmp_path):
    for name, launcher in (("a", "basic"), ("b", "joblib")):
        status, _, err = harness(
            "run",
            "-m",
            *words,
            "seed=1,2",
            f"hydra/launcher={launcher}",
            f"hydra.sweep.dir={name}",
            "model=logistic",
        )
        assert status == 0, err
    for job in ("0", "1"):
        ours, theirs = ((tmp_path / n / job / "decision.json").read_bytes() for n in "ab")
        assert ours == theirs


def test_runs_of_other_protocols_are_not_ranked_together(harness, words):
    harness("run", *words, "model=logistic", "hydra.run.dir=r/a")
    harness("run", *words, "model=logistic", "criteria.alpha=0.01", "hydra.run.dir=r/b")
    status, out, _ = harness("compare", "r", "--format", "json")
    comparison = json.loads(out)["comparison"]
    assert status == 0
    assert len(comparison["groups"]) == 2
    assert "not ranked together" in comparison["sentences"][0]
    late = next(
        group for group in comparison["groups"] if group["runs"][0]["look"] == "exploratory"
    )
    whose = f"protocol {late['protocol'][:8]}, test rows {late['test'][:8]}: "
    assert comparison["sentences"][1].startswith(f"{whose}1 look was exploratory")
    status, out, _ = harness("protocol", "diff", "r/a", "r/b")
    assert "criteria.alpha changes from 0.05 to 0.01" in out
    assert out.startswith("Results are not comparable")


def test_comparing_nothing_says_so(harness, tmp_path):
    assert harness("compare")[0] == 2
    (tmp_path / "outputs").mkdir()
    status, _, err = harness("compare")
    assert status == 2
    assert "no runs there; start one with `harness run`" in err


def test_jobs_come_in_hydras_order():
    assert jobs_of(["a=1,2", "b=x", "c=range(1,3)"]) == [
        ["a=1", "b=x", "c=1"],
        ["a=1", "b=x", "c=2"],
        ["a=2", "b=x", "c=1"],
        ["a=2", "b=x", "c=2"],
    ]


def test_ctrl_c_during_imports_is_held_back_and_delivered_after():
    import os
    import signal

    from harness.sweep.interrupt import interrupt_later

    reached = False
    with pytest.raises(KeyboardInterrupt), interrupt_later():
        os.kill(os.getpid(), signal.SIGINT)
        reached = True
    assert reached


def test_candidates_that_share_an_opening_are_judged_by_their_likeness(harness, tmp_path):
    from harness.sharpen import sharpen

    make_table(strength=0.35).to_parquet(tmp_path / "t.parquet")
    plain = [w for w in TABLE_WORDS if "n_estimators" not in w]
    words = (*plain, "dataset.path=t.parquet", "running.report=false", "model=logistic")
    many = ",".join(str(c) for c in (0.02, 0.05, 0.2, 2.0))
    status, _, err = harness("run", "-m", *words, f"model.C={many}", "hydra.sweep.dir=s")
    assert status == 0, err
    folders = [tmp_path / "s" / str(i) for i in range(4)]
    verdicts = [
        json.loads((f / "decision.json").read_text())["criteria"][0]["verdict"] for f in folders
    ]
    found = sharpen(folders)
    proven = {str(f) for f, verdict in zip(folders, verdicts, strict=True) if verdict == "PASS"}
    assert proven <= set(found.proven)  # never weaker than alpha / 4
    (folders[0] / "predictions.parquet").unlink()
    assert sharpen(folders) is None
