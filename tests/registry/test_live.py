"""Serving by alias, shadow, canary and guard, on real servers that end with the test."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pandas as pd
import pytest

from harness.registry import Registry, promote, register
from harness.registry.journal import read_moves
from harness.registry.versions import bundle_of, find_version
from tests.browser import wait_for
from tests.conftest import TABLE_WORDS, make_table
from tests.serving.conftest import serving

FEATURES = ["x", "z", "g"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two runs on one table, and the rows they learned from."""
    from harness import run_experiment, write_run

    folder = tmp_path_factory.mktemp("trained")
    table = make_table(4_000, seed=3)
    table.to_parquet(folder / "table.parquet")
    words = [*TABLE_WORDS, f"dataset.path={folder / 'table.parquet'}", "dataset.ignore=[who]"]
    words.append("running.report=false")
    for name, more in {"a": ["model.max_depth=2"], "b": ["model.max_depth=5"]}.items():
        write_run(run_experiment([*words, *more]), folder / name)
    return folder, table


@pytest.fixture(scope="module")
def first_live(trained):
    """The file of a registry in which version 1 is live and version 2 is registered."""
    folder, _ = trained
    registry = Registry(str(folder / "registry.sqlite"))
    for name in ("a", "b"):
        register(registry, folder / name, "churn")
    promote(registry, "churn", "1", force=True, reason="a test")
    return folder / "registry.sqlite"


@pytest.fixture
def live(first_live, tmp_path, monkeypatch):
    """A copy of that registry; the bundles are shared."""
    shutil.copy(first_live, tmp_path / "registry.sqlite")
    uri = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    monkeypatch.setenv("HARNESS_REGISTRY", uri)
    return Registry(uri)


def rows_of(table, n, *, seed=0):
    part = table[FEATURES].sample(n, random_state=seed)
    return part.to_dict("records")


class Asking:
    """Asks a server for single rows from another thread, and keeps every answer."""

    def __init__(self, client, rows):
        self.answers, self.problems = [], []
        self._stop = threading.Event()
        self._rows, self._base = rows, client.base_url
        self._thread = threading.Thread(target=self._ask)

    def _ask(self):
        with httpx.Client(base_url=self._base, timeout=30) as own:
            i = 0
            while not self._stop.is_set():
                row = self._rows[i % len(self._rows)]
                i += 1
                answer = own.post("/score", json=row)
                if answer.status_code == 200:
                    self.answers.append((row, answer.json()))
                else:
                    self.problems.append(answer.text)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


@pytest.mark.slow
def test_a_bad_model_leaves_by_itself_and_nobody_is_left_unanswered(
    live, trained, harness, tmp_path
):
    _, table = trained
    log = tmp_path / "requests"
    bundles = {v: bundle_of(live, find_version(live, "churn", v)) for v in ("1", "2")}
    words = ("--log", str(log), "--log-values", "--shadow", "models:/churn@previous")
    with serving("models:/churn@champion", *words) as (client, _):
        good = rows_of(table, 300)
        with Asking(client, good) as asking:
            wait_for(lambda: len(asking.answers) > 50)
            promote(live, "churn", "2", force=True, reason="better")
            wait_for(lambda: client.get("/ready").json().get("model") == "churn/2")
            n = len(asking.answers)
            wait_for(lambda: len(asking.answers) > n + 150)
        status, out, err = harness("guard", "churn", "--log", log, "--once")
        assert (status, "no reason to move" in out) == (0, True), out + err
        # The unit of x changes, and every answer is still 200 OK.
        bad = [{**row, "x": row["x"] * 1000} for row in good]
        began = dt.datetime.now(dt.UTC)
        with Asking(client, bad) as trouble:
            wait_for(lambda: len(trouble.answers) > 450)
            status, out, _ = harness("guard", "churn", "--log", log, "--once", "--dry-run")
            assert (status, "dry run; version 1 would be live" in out) == (1, True), out
            status, out, _ = harness("guard", "churn", "--log", log, "--once")
            assert (status, "rolled back to version 1" in out) == (1, True), out
            wait_for(lambda: client.get("/ready").json().get("model") == "churn/1")
            wait_for(lambda: trouble.answers[-1][1]["model"] == "churn/1")
        assert not asking.problems
        assert not trouble.problems
        for row, told in asking.answers[::7] + trouble.answers[::11]:
            version = told["model"].removeprefix("churn/")
            assert told["score"] == bundles[version].score_one(row)
    *_, last = read_moves(live, "churn")
    assert (last.action, last.by, last.version) == ("rollback", "harness guard", "1")
    first_bad = dt.datetime.fromisoformat(last.evidence["first_bad_request"])
    assert abs((first_bad - began).total_seconds()) < 5  # good rows lie before it in the log
    _, out, _ = harness("history", "churn", "--format", "markdown")
    assert "| harness guard |" in out
    # One rollback an incident: nothing is left to go back to, and nothing is tried.
    status, out, err = harness("guard", "churn", "--log", log, "--once", "guard.min_rows=1")
    assert status == 0 or "no other within 60" in out, out + err
    assert len(read_moves(live, "churn")) == 3
    status, out, _ = harness("shadow", "report", log)
    assert status == 0
    assert out.startswith("the shadow scored ")


@pytest.mark.slow
def test_a_server_goes_on_while_the_registry_is_away(live, trained, tmp_path):
    _, table = trained
    [row] = rows_of(table, 1)
    file = tmp_path / "registry.sqlite"
    with serving("models:/churn@champion") as (client, _):
        before = client.post("/score", json=row).json()
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        wait_for(lambda: "problem" in client.get("/ready").json())
        assert client.post("/score", json=row).json() == before
        holder.execute("ROLLBACK")
        holder.close()
        wait_for(lambda: "problem" not in client.get("/ready").json())


@pytest.mark.slow
def test_a_shadow_scores_every_row_and_one_that_dies_is_told(live, trained, harness, tmp_path):
    _, table = trained
    log, rows = tmp_path / "requests", rows_of(table, 200)
    challenger = bundle_of(live, find_version(live, "churn", "2"))
    words = ("--log", str(log), "--log-values", "--shadow", "models:/churn@challenger")
    with serving("models:/churn@champion", *words) as (client, pid):
        wait_for(lambda: list(log.glob("shadow-scored-*.json")))
        for row in rows:
            assert client.post("/score", json=row).status_code == 200
        wait_for(lambda: _scored(log) == 200)
        _, out, _ = harness("shadow", "report", log, "--format", "json")
        told = json.loads(out)["shadow"]
        assert (told["n_offered"], told["n_dropped"], told["n_lost"]) == (200, 0, 0)
        assert told["versions"] == ["churn/2"]
        lines = [
            json.loads(line)
            for f in log.glob("shadow-*.jsonl")
            for line in f.read_text().splitlines()
        ]
        assert {line["shadow_score"] for line in lines} == {challenger.score_one(r) for r in rows}
        for child in _children(pid):
            os.kill(child, signal.SIGKILL)
        for row in rows[:50]:
            assert client.post("/score", json=row).status_code == 200
    told = json.loads(harness("shadow", "report", log, "--format", "json")[1])["shadow"]
    assert told["n_offered"] == 250
    assert told["n_dropped"] + told["n_lost"] == 50
    _, out, _ = harness("shadow", "report", log)
    assert out.startswith("the shadow scored 200 of 250 rows (80.0 %)")


def _scored(log: Path) -> int:
    with contextlib.suppress(ValueError):
        return sum(json.loads(f.read_text())["scored"] for f in log.glob("shadow-scored-*.json"))
    return 0


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_a_shadow_is_judged_by_the_criteria_once_labels_are_there(trained, harness, tmp_path):
    from harness.serving.log import JsonLines

    folder, _ = trained
    rng = np.random.default_rng(0)
    n = 3_000
    label = rng.random(n) < 0.3
    log = JsonLines(tmp_path / "requests", "shadow", max_bytes=10**9, max_files=9)
    times = pd.date_range("2024-07-01", periods=n, freq="20min", tz="UTC")
    score, better = rng.random(n), np.clip(0.5 * label + 0.5 * rng.random(n), 0, 1)
    log.write(
        [
            {
                "at": times[i].isoformat(timespec="milliseconds"),
                "version": "churn/2",
                "score": float(score[i]),
                "alert": bool(score[i] > 0.5),
                "shadow_score": float(better[i]),
                "shadow_alert": bool(better[i] > 0.5),
                "shadow_ms": 0.2,
                "row": {"id": i},
            }
            for i in range(n)
        ]
    )
    log.close()
    pd.DataFrame({"id": np.arange(n), "y": label * 1}).to_csv(tmp_path / "labels.csv", index=False)
    words = ("shadow", "report", "requests", "--bundle", folder / "a")
    status, out, err = harness(*words, "--labels", "labels.csv", "--key", "id")
    assert status == 0, err
    assert "by the criteria, shadow against what answered: SHIP" in out
    assert "the shadow scored 0 of 0 rows" in out  # nothing was counted, and that is said first
    assert harness(*words, "--labels", "labels.csv", "--key", "nn")[0] == 2
    (tmp_path / "twice.csv").write_text("id,y\n0,1\n0,0\n")
    assert "id 0 has several labels" in harness(*words, "--labels", "twice.csv", "--key", "id")[2]
    assert harness("shadow", "report", "nowhere")[0] == 2


def test_labels_join_a_shadows_log_by_exact_ids_beside_a_null(trained, harness, tmp_path):
    """Neighbouring 19-digit ids are one float: joined through floats, every label is random."""
    from harness.serving.log import JsonLines

    folder, _ = trained
    rng = np.random.default_rng(0)
    n, first = 3_000, 1_234_567_890_123_456_789
    label = rng.random(n) < 0.3
    score, better = rng.random(n), np.clip(0.5 * label + 0.5 * rng.random(n), 0, 1)
    ids = [first + i if i % 2 else str(first + i) for i in range(n)]
    ids[7] = None
    log = JsonLines(tmp_path / "log", "shadow", max_bytes=10**9, max_files=9)
    times = pd.date_range("2024-07-01", periods=n, freq="20min", tz="UTC")
    line = {"version": "churn/2", "shadow_ms": 0.2}
    log.write(
        [
            line
            | {"at": times[i].isoformat(timespec="milliseconds"), "row": {"id": ids[i]}}
            | {"score": float(score[i]), "alert": bool(score[i] > 0.5)}
            | {"shadow_score": float(better[i]), "shadow_alert": bool(better[i] > 0.5)}
            for i in range(n)
        ]
    )
    log.close()
    labels = pd.DataFrame({"id": [first + i for i in range(n)], "y": label * 1})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    labels.to_parquet(tmp_path / "labels.parquet")
    words = ("shadow", "report", "log", "--bundle", folder / "a", "--key", "id", "--labels")
    for table in ("labels.csv", "labels.parquet"):
        status, out, err = harness(*words, table)
        assert status == 0, err
        assert "by the criteria, shadow against what answered: SHIP" in out
        assert "1 rows have no id" in out
        assert "2,999" in out  # rows with a label
    with next((tmp_path / "log").glob("*.jsonl")).open("a") as file:
        file.write(
            json.dumps(
                line
                | {"at": times[0].isoformat(), "score": 0.1, "alert": False}
                | {"shadow_score": 0.1, "shadow_alert": False}
                | {"row": {"id": float(first)}}
            )
            + "\n"
        )
    status, _, err = harness(*words, "labels.csv")
    assert status == 2
    assert "--key id: 1.2345678901234568e+18 names no row exactly" in err


@pytest.mark.slow
def test_a_canary_answers_the_same_keys_and_leaves_an_ab_log(live, trained, harness, tmp_path):
    _, table = trained
    log = tmp_path / "requests"
    bundles = {v: bundle_of(live, find_version(live, "churn", v)) for v in ("1", "2")}
    words = ("--log", str(log), "--canary", "30%", "--canary-key", "who")
    words += ("--challenger", "models:/churn@challenger")
    rows = [{**row, "who": i % 100} for i, row in enumerate(rows_of(table, 400))]
    with serving("models:/churn@champion", *words) as (client, _):
        singles = [client.post("/score", json=row).json() for row in rows]
        together = client.post("/score", json=rows).json()["answers"]
    variants = {}
    for row, one, many in zip(rows, singles, together, strict=True):
        assert (one["score"], one["variant"]) == (many["score"], many["variant"])
        version = {"champion": "1", "challenger": "2"}[one["variant"]]
        assert one["model"] == f"churn/{version}"
        assert one["score"] == bundles[version].score_one(row)
        assert variants.setdefault(row["who"], one["variant"]) == one["variant"]
    share = np.mean([v == "challenger" for v in variants.values()])
    assert 0.15 < share < 0.45
    status, _, err = harness("canary", log, "--out", "units.csv")
    assert status == 0, err
    units = pd.read_csv("units.csv")
    assert len(units) == 100
    assert dict(zip(units["unit"], units["variant"], strict=True)) == variants
    assert units["rows"].sum() == 800


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shadow", "last"), "--shadow needs --log"),
        (("--canary", "5%"), "--canary needs --challenger"),
    ],
)
def test_a_shadow_or_canary_that_cannot_be_read_is_refused(harness, words, message):
    status, _, err = harness("serve", "last", *words)
    assert status == 2
    assert message in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("guard.roll_back_on=[STORM]",), "'STORM' is unknown"),
        (("guard.max_p99=3",), "did you mean 'max_p99_ms'?"),
        (("model=logistic",), "only guard=OPTION"),
        ((), "no log there"),
    ],
)
def test_a_guard_that_cannot_be_meant_is_refused(live, harness, words, message):
    status, _, err = harness("guard", "churn", "--log", "nowhere", "--once", *words)
    assert status == 2
    assert message in err


@pytest.mark.slow
def test_an_alert_of_monitoring_rolls_back_where_the_policy_says_so(live, trained, harness):
    folder, table = trained
    promote(live, "churn", "2", force=True, reason="a test")
    table.assign(x=0.5).to_parquet("broken.parquet")
    words = ("monitor", folder / "b", "broken.parquet", "monitoring.on_alert=rollback")
    status, _, err = harness(*words)
    assert status == 2
    assert "rollback needs --model NAME" in err
    status, _, err = harness(*words, "--model", "churn")
    assert status == 1
    assert "churn: rolled back from version 2 to version 1" in err
    assert read_moves(live, "churn")[-1].by == "harness monitor"
    status, _, err = harness(*words, "--model", "churn")
    assert "version 1 is live, which is not what was monitored" in err


def test_what_anybody_may_send_moves_nothing_and_refused_rows_do(live, trained, tmp_path):
    from harness.serving.log import RequestLog
    from harness.settings import GuardSettings
    from harness.watch.guard import guard_once

    promote(live, "churn", "2", force=True, reason="a test")
    policy = GuardSettings(min_rows=50)
    log = RequestLog(tmp_path / "log", with_values=True, max_bytes=10**6, max_files=3)
    for status in (400, 401, 413):
        for _ in range(100):
            log.refuse(status, "whatever")
    assert guard_once(live, "churn", tmp_path / "log", policy, dry_run=True).reasons == ()
    for _ in range(60):
        log.refuse(422, "column 'x' is missing")
    log.close()
    look = guard_once(live, "churn", tmp_path / "log", policy, dry_run=True)
    assert "column 'x' is missing" in look.reasons[0]
    assert look.why_not == "dry run; version 1 would be live"


def test_a_log_with_garbage_is_named(live, harness, tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "requests-1.jsonl").write_text("{no json}\n")
    for words in (
        ("guard", "churn", "--log", "log", "--once"),
        ("canary", "log", "--out", "u.csv"),
    ):
        status, _, err = harness(*words)
        assert status == 2
        assert "requests-1.jsonl, line 1: no entry of a log" in err
        assert "defect" not in err


def test_the_guard_takes_a_model_back_for_a_unit_changed_in_one_segment(live, trained, tmp_path):
    from harness.serving.log import RequestLog
    from harness.settings import GuardSettings
    from harness.watch.guard import guard_once

    _, table = trained
    promote(live, "churn", "2", force=True, reason="a test")
    rows = pd.DataFrame(rows_of(table, 300))
    scores = bundle_of(live, find_version(live, "churn", "2")).score(rows)
    value = rows["g"].iloc[0]
    for factor in (1.0, 1000.0):
        log = RequestLog(
            tmp_path / f"log-{factor:g}", with_values=True, max_bytes=10_000_000, max_files=5
        )
        sent = rows.assign(x=rows["x"] * np.where(rows["g"] == value, factor, 1.0))
        for row, score in zip(sent.to_dict("records"), scores, strict=True):
            log.write([row], [float(score)], [False], version="churn/2", milliseconds=1.0)
        log.close()
        policy = GuardSettings(roll_back_on=["BREAK"])
        look = guard_once(live, "churn", tmp_path / f"log-{factor:g}", policy, dry_run=True)
        if factor == 1:
            assert look.reasons == ()
        else:
            assert any(f"x in g={value}: median" in reason for reason in look.reasons)
            assert "version 1 would be live" in look.why_not
