"""Sweeps that are cut off, go on, and meet each other; real processes, really killed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.ledger import Chain
from tests.conftest import TABLE_WORDS, make_table

PLAIN = [w for w in TABLE_WORDS if "n_estimators" not in w]
WORDS = [*PLAIN, "dataset.path=t.parquet", "running.report=false", "model=logistic"]
MANY = ["model.C=0.01,0.1,1.0"]
TWO = ["seed=1,2"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    make_table().to_parquet(tmp_path / "t.parquet")
    monkeypatch.setenv("HARNESS_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with a finished sweep of two candidates, its table, ledger and cache."""
    folder = tmp_path_factory.mktemp("swept")
    make_table().to_parquet(folder / "t.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HARNESS_LEDGER", str(folder / "ledger.sqlite"))
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        assert main(["run", "-m", *WORDS, *TWO, "hydra.sweep.dir=s"]) == 0
    return folder


@pytest.fixture
def finished(swept, place):
    """A copy of that folder, to go on in."""
    shutil.copytree(swept, place, dirs_exist_ok=True)
    return place


def start(place, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "-m", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def status_of(place, sweep, number):
    path = place / sweep / str(number) / "run.json"
    return json.loads(path.read_text())["status"] if path.exists() else "absent"


def statuses(place, sweep="s", n=3):
    return [status_of(place, sweep, i) for i in range(n)]


def until(condition, process):
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if condition():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("it did not come to pass in time")


def verdicts(place):
    with Chain(place / "ledger.sqlite") as chain:
        entries = chain.entries()
        chain.verify()
    opened = [e.seq for e in entries if e.kind == "open"]
    told = [e.content["opening"] for e in entries if e.kind == "verdict"]
    return opened, told, [e for e in entries if e.kind == "reserve"]


def processes():
    """Number, parent and command line of every process."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                found.append((int(folder.name), int(parent), (folder / "cmdline").read_text()))
    return found


def test_a_sweep_goes_on_where_ctrl_c_left_it(harness, place):
    process = start(place, *WORDS, *MANY, "hydra.sweep.dir=s")
    until(lambda: status_of(place, "s", 0) == "DONE", process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "of 3 jobs are done" in err
    assert "go on with: harness run -m resume=s" in err
    before = statuses(place)
    assert "DONE" in before
    assert before.count("DONE") < 3
    first = (place / "s" / "0" / "run.json").stat().st_mtime_ns

    status, _, err = harness("run", "-m", "resume=s")
    assert status == 0, err
    assert statuses(place) == ["DONE"] * 3
    assert (place / "s" / "0" / "run.json").stat().st_mtime_ns == first  # left alone
    assert "job 0:" not in err
    opened, told, reserved = verdicts(place)
    assert len(opened) == 3
    assert sorted(told) == opened
    assert len(reserved) == 1

    harness("run", "-m", *WORDS, *MANY, "hydra.sweep.dir=whole", "running.ledger=other.sqlite")
    for number in range(3):
        ours, theirs = (
            json.loads((place / name / str(number) / "decision.json").read_text())["criteria"]
            for name in ("s", "whole")
        )
        latency = [c for c in ours if "latency" in c["name"]]
        assert [c for c in ours if c not in latency] == [
            c for c in theirs if "latency" not in c["name"]
        ]


@pytest.mark.slow
def test_a_killed_worker_takes_no_finished_job_along(harness, place):
    process = start(place, *WORDS, *MANY, "launcher=joblib", "hydra.launcher.n_jobs=2",
                    "hydra.sweep.dir=s")  # fmt: skip
    until(lambda: "DONE" in statuses(place) and "UNFINISHED" in statuses(place), process)
    workers = [
        pid
        for pid, parent, words in processes()
        if parent == process.pid and "loky" in words and "tracker" not in words
    ]
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "of 3 jobs are done" in err
    assert "TerminatedWorkerError" in err
    assert "Traceback" not in err
    status, _, err = harness("run", "-m", "resume=s", "launcher=basic")
    assert status == 0, err
    assert statuses(place) == ["DONE"] * 3
    opened, told, reserved = verdicts(place)
    assert (len(opened), sorted(told), len(reserved)) == (3, opened, 1)


def test_a_sweep_goes_on_with_the_ledger_and_cache_it_began_with(harness, place):
    began = ["running.ledger=own.sqlite", "running.cache_dir=kept"]
    assert harness("run", "-m", *WORDS, *TWO, *began, "hydra.sweep.dir=s")[0] == 0
    (place / "s" / "1" / "run.json").unlink()
    status, _, err = harness("run", "-m", "resume=s", "running.cache_dir=other")
    assert status == 0, err
    record = json.loads((place / "s" / "1" / "run.json").read_text())
    assert not (place / "s" / "1" / "report.html").exists()
    assert (place / "other").is_dir()
    (place / "s" / "0" / "run.json").unlink()
    status, _, err = harness("run", "-m", *WORDS, *TWO, "resume=s")
    assert status == 0, err
    assert not (place / "ledger.sqlite").exists()
    content = json.loads((place / "s" / "sweep.json").read_text())
    for damage in ({"running": 7}, {"words": [1]}, {"candidates": None}, {"protocols": {}}):
        (place / "s" / "sweep.json").write_text(json.dumps(content | damage))
        status, _, err = harness("run", "-m", "resume=s")
        assert (status, "sweep.json was changed and no longer says" in err) == (2, True), err
    with Chain(place / "own.sqlite") as chain:
        assert sum(entry.kind == "reserve" for entry in chain.entries()) == 1
    assert record["status"] == "DONE"


def test_resume_finds_the_newest_sweep_of_the_same_words(harness, finished):
    for day in ("2024-01-01", "2024-02-01"):
        shutil.copytree(finished / "s", finished / "outputs" / day / "10-00-00-000000-sweep")
    newest = finished / "outputs" / "2024-02-01" / "10-00-00-000000-sweep"
    (newest / "sweep.json").touch()
    (newest / "1" / "run.json").unlink()
    status, _, err = harness("run", "-m", *WORDS, *TWO, "resume=true", "launcher=basic")
    assert status == 0, err
    assert err.count("job ") == 1
    assert f"{newest.name}/1" in err
    assert (newest / "1" / "run.json").exists()


def test_another_protocol_or_other_candidates_are_refused_with_what_differs(harness, finished):
    status, _, err = harness("run", "-m", *WORDS, *TWO, "split.gap=2d", "resume=s")
    assert status == 2
    assert "was begun with another protocol: split.gap was none and is 2d now" in err
    status, _, err = harness("run", "-m", *WORDS, "seed=1,3", "resume=s")
    assert status == 2
    assert "was begun with other candidates" in err
    make_table(seed=5).to_parquet(finished / "t.parquet")
    status, _, err = harness("run", "-m", *WORDS, *TWO, "resume=s")
    assert status == 2
    assert "other test rows than this table holds now" in err
    status, _, err = harness("run", "-m", *WORDS, *TWO, "hydra.sweep.dir=s")
    assert status == 2
    assert "holds a sweep already" in err
    assert "resume=" in err
    status, _, err = harness("run", "-m", *WORDS, "seed=4,5", "resume=true")
    assert status == 2
    assert "resume: no sweep below outputs/ was started with these words" in err
    assert harness("run", *WORDS, "resume=true")[0] == 2


@pytest.mark.slow
def test_of_two_sweeps_at_once_one_window_confirms_only_one(place):
    processes = [
        start(place, *WORDS, f"seed={seeds}", f"hydra.sweep.dir={name}")
        for name, seeds in (("a", "1,2"), ("b", "3,4"))
    ]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    looks = {
        name: {
            json.loads((place / name / str(i) / "decision.json").read_text())["holdout"]["status"]
            for i in (0, 1)
        }
        for name in "ab"
    }
    assert sorted(map(sorted, looks.values())) == [["confirmatory"], ["exploratory"]]


@pytest.mark.slow
def test_a_search_looks_at_validation_gives_up_laggards_and_goes_on(harness, place):
    space = ["model.max_depth=range(1,5)", "model.learning_rate=tag(log,interval(0.001,0.5))"]
    words = [*PLAIN, "dataset.path=t.parquet", "running.report=false", "sweeper=optuna",
             "model.n_estimators=60", *space, "hydra.sweeper.n_startup_trials=2"]  # fmt: skip
    status, _, err = harness("run", "-m", *words, "hydra.sweeper.n_trials=3", "hydra.sweep.dir=s")
    assert status == 0, err
    status, _, err = harness(
        "run", "-m", *words, "hydra.sweeper.n_trials=10", "resume=s", "--format", "json"
    )
    assert status == 0, err
    records = [json.loads((place / "s" / str(i) / "run.json").read_text()) for i in range(10)]
    assert {r["decision"] for r in records} == {"NOT_JUDGED", "GIVEN_UP"}
    assert len({json.dumps(r["candidate"]["model"]) for r in records}) == 10  # nothing drawn twice
    opened, told, reserved = verdicts(place)
    assert (len(opened), len(told), len(reserved)) == (1, 1, 0)  # the first winner was looked at
    winner = json.loads((place / "s" / "winner" / "run.json").read_text())
    assert winner["decision"] in ("SHIP", "INCONCLUSIVE", "NO_SHIP", "INVALID")
    status, _, err = harness("run", "-m", *words, "holdout=once")
    assert status == 2
    assert "a search learns from every figure it sees" in err
    status, _, err = harness("run", "-m", *words[:-4], "hydra.sweeper.n_trials=2")
    assert status == 2
    assert "nothing to search" in err
