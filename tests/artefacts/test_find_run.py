"""Which run `last`, a sweep's folder and a run's folder mean, and that it is said."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "upgrades/v0.1.0/run"
SWEEP = Path("outputs/2025-03-01/10-00-00-000000-sweep")
LATER = Path("outputs/2025-03-02/09-00-00-000000")


def put(place: Path, seconds: int, **record) -> None:
    """A finished run, written so many seconds after the first; with a record, that alone."""
    if record:
        place.mkdir(parents=True)
        content = {"schema_version": 1, "overrides": [], **record}
        (place / "run.json").write_text(json.dumps(content))
    else:
        shutil.copytree(RUN, place)
    os.utime(place / "run.json", (1_700_000_000 + seconds,) * 2)


@pytest.fixture
def sweep(tmp_path) -> Path:
    """Three jobs, of which job 0 finished last, as where they run at once."""
    for job, seconds in ((0, 30), (1, 10), (2, 20)):
        put(tmp_path / SWEEP / str(job), seconds)
    (tmp_path / SWEEP / "sweep.json").write_text("{}")
    return tmp_path / SWEEP


ASKING = [("gate", "last"), ("decide", "last"), ("power", "last"), ("verify", "last"),
          ("protocol", "last"), ("gate", str(SWEEP)), ("verify", str(SWEEP))]  # fmt: skip


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_a_sweep_without_a_winner_gives_its_last_listed_job_and_says_so(sweep, harness, words):
    status, _, err = harness(*words)
    assert status in (0, 3), err
    assert f"{SWEEP}/2: job 2 of a sweep of 3 without a winner" in err
    assert f"harness compare {SWEEP}" in err


def test_the_last_job_that_finished_stands_in_for_one_that_failed(sweep, harness):
    shutil.rmtree(sweep / "2")
    put(sweep / "2", 40, status="FAILED", reason="no rows")
    status, _, err = harness("gate", "last")
    assert (status, f"{SWEEP}/1: job 1 of a sweep of 3" in err) == (3, True), err
    assert "the last of 2 that finished" in err


def test_a_sweep_that_selected_a_winner_gives_it(sweep, harness):
    for job in "012":
        shutil.rmtree(sweep / job)
        put(sweep / job, 50, status="DONE", decision="NOT_JUDGED")
    status, _, err = harness("gate", "last")
    assert (status, "NOT_JUDGED" in err, "validation only" in err) == (2, True, True), err
    put(sweep / "winner", 40)
    status, _, err = harness("gate", "last")
    assert status == 3, err
    assert f"{SWEEP}/winner: the winner of the sweep, selected from 3 candidates" in err
    assert harness("gate", SWEEP)[0] == 3
    assert harness("verify", "last")[0] == 0


def test_a_run_that_is_newer_than_the_sweep_is_the_last_and_needs_no_words(
    sweep, tmp_path, harness
):
    put(tmp_path / LATER, 99)
    status, _, err = harness("gate", "last")
    assert status == 3
    assert "sweep" not in err
    assert str(LATER) not in err


def test_an_older_run_with_a_bundle_is_not_taken_without_a_word(tmp_path, harness):
    put(tmp_path / "outputs/a", 0)
    put(tmp_path / "outputs/b", 9, status="FAILED", reason="no rows")
    status, _, err = harness("verify", "last")
    assert status == 0
    assert "outputs/a: taken, as the newer outputs/b has no bundle/manifest.json" in err
    status, _, err = harness("gate", "last")
    assert (status, "FAILED" in err, "no rows" in err) == (2, True, True)


def test_a_sweep_without_what_is_asked_for_is_refused(sweep, harness):
    for job in "012":
        shutil.rmtree(sweep / job / "bundle")
    status, _, err = harness("verify", SWEEP)
    assert (status, "no job of this sweep has bundle/manifest.json" in err) == (2, True), err
    status, _, err = harness("verify", "last")
    assert (status, "no run with bundle/manifest.json below outputs/" in err) == (2, True), err


def test_a_job_named_by_its_folder_needs_no_words(sweep, harness):
    assert "sweep" not in harness("gate", SWEEP / "0")[2]


def test_a_folder_without_a_run_is_named(tmp_path, harness):
    for name in ("nowhere", "."):
        status, _, err = harness("gate", name)
        assert (status, f"{name}: no run there" in err) == (2, True)
