"""Register, promote, rollback and history, as typed and under faults."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BundleError, RegistryError
from harness.registry import (
    Move,
    Registry,
    parse_uri,
    promote,
    rollback,
    standing_at,
    standing_of,
    versions_of,
)
from harness.registry.journal import read_moves
from harness.registry.live import resolve
from harness.registry.versions import bundle_folder, find_version
from tests.serving.conftest import write


def live(registry, name="churn"):
    return registry.aliases(name).get("champion")


def test_a_day_with_the_registry_as_it_is_typed(harness, uri):
    assert harness("promote", "churn", "1")[1] == "churn version 1 is live\n"
    status, out, _ = harness("promote", "churn", "2")
    assert (status, out) == (0, "churn version 2 is live, version 1 stands ready behind it\n")
    assert "live already" in harness("promote", "churn", "2")[1]
    status, out, _ = harness("rollback", "churn", "--dry-run")
    assert (status, out) == (0, "churn would go from version 2 to version 1\n")
    status, out, _ = harness("rollback", "churn", "--from", "2", "--reason", "too many alerts")
    assert (status, out) == (0, "churn version 1 is live again, version 2 is not\n")
    status, out, _ = harness("rollback", "churn", "--from", "2")
    assert (status, out) == (0, "churn version 1 is live; nothing was changed\n")
    status, _, err = harness("rollback", "churn")
    assert status == 2
    assert "no earlier healthy version" in err
    status, out, _ = harness("history", "churn", "--format", "json")
    told = json.loads(out)
    assert told["champion"] == "1"
    assert [(m["action"], m["before"], m["version"]) for m in told["moves"]] == [
        ("promote", None, "1"),
        ("promote", "1", "2"),
        ("rollback", "2", "1"),
    ]
    assert told["moves"][2]["reason"] == "too many alerts"
    assert told["moves"][2]["by"]
    status, out, _ = harness("models", "--format", "markdown")
    assert "| churn | 1 | champion | SHIP | m |" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("promote", "churn", "3"), "version 3 is NO_SHIP; only a SHIP is promoted"),
        (("promote", "churn", "3", "--force"), "--force needs --reason"),
        (("promote", "churn", "9"), "no version 9; there are 1, 2, 3"),
        (("promote", "churn", "../1"), "no version; `harness models`"),
        (("promote", "../churn", "1"), "no model name"),
        (("promote", "churn.journal", "1"), "no model name"),
        (("promote", "chrun", "1"), "chrun: no such model; did you mean 'churn'?"),
        (("rollback", "loans"), "loans: no such model; valid: churn"),
        (("history", "chrun"), "did you mean 'churn'?"),
        (("models", "chrun"), "did you mean 'churn'?"),
        (("guard", "chrun", "--log", "x", "--once"), "did you mean 'churn'?"),
        (("rollback", "churn"), "nothing is live yet"),
        (("rollback", "churn", "--to", "x"), "nothing is live yet"),
        (("history", "churn", "--at", "March"), "--at March: is no time"),
        (("register", "last", "--name", "a b"), "no run with bundle"),
    ],
)
def test_what_is_refused_moves_nothing(harness, registry, words, message):
    status, _, err = harness(*words)
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert read_moves(registry, "churn") == []
    assert live(registry) is None


def test_force_is_recorded_with_its_reason(harness, registry):
    status, *_ = harness("promote", "churn", "3", "--force", "--reason", "board's wish")
    assert status == 0
    [move] = read_moves(registry, "churn")
    assert (move.is_forced, move.reason, move.decision) == (True, "board's wish", "NO_SHIP")


def test_the_same_bundle_is_the_same_version(harness, registry, registered):
    status, out, _ = harness("register", registered.parent / "made-1" / "bundle", "--name", "churn")
    assert (status, "version 1: registered before" in out) == (0, True)
    assert len(versions_of(registry, "churn")) == 3


@pytest.mark.slow
def test_what_is_registered_loads_with_plain_mlflow(registry):
    import mlflow
    import pandas as pd

    promote(registry, "churn", "1")
    mlflow.set_registry_uri(registry.uri)
    mlflow.set_tracking_uri(registry.uri)
    try:
        model = mlflow.pyfunc.load_model("models:/churn@champion")
    finally:
        mlflow.set_registry_uri("")
        mlflow.set_tracking_uri("")
    folder = bundle_folder(registry, find_version(registry, "churn", "1"))
    golden = json.loads((folder / "golden.json").read_text())
    rows = pd.DataFrame(golden["rows"]).astype({"x": float, "z": float, "who": float})
    assert model.predict(rows)["score"].tolist() == golden["scores"]


def test_a_damaged_bundle_is_refused_and_the_champion_stays(tmp_path):
    uri = str(tmp_path / "own.sqlite")
    registry = Registry(uri)
    from harness.registry import register

    for model in ("xgboost", "logistic", "random_forest"):
        register(registry, write(tmp_path / model, model, name=model), "churn")
    for version in ("1", "2", "3"):
        promote(registry, "churn", version)
    folder = bundle_folder(registry, find_version(registry, "churn", "2"))
    (folder / "threshold.json").write_text('{"schema_version": 1, "value": 0.0}')
    with pytest.raises(BundleError, match="threshold.json: changed"):
        rollback(registry, "churn", to="2")
    assert live(registry) == "3"
    moved = rollback(Registry(uri), "churn")
    assert moved.version == "1"
    assert "version 2 is passed over" in moved.notes[0]
    (bundle_folder(registry, find_version(registry, "churn", "3")) / "manifest.sha256").write_text(
        f"{'0' * 64}  manifest.json\n"
    )
    with pytest.raises(BundleError, match="not the bundle that was registered"):
        promote(registry, "churn", "3")
    assert live(registry) == "1"


def test_of_two_moves_at_once_one_wins_and_the_other_says_so(uri):
    barrier, told = threading.Barrier(2), {}

    def go(version):
        registry = Registry(uri)
        versions_of(registry, "churn")
        barrier.wait()
        try:
            told[version] = promote(registry, "churn", version).version
        except RegistryError as error:
            told[version] = str(error)

    threads = [threading.Thread(target=go, args=(v,)) for v in ("1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    registry = Registry(uri)
    standing = standing_of(read_moves(registry, "churn"))
    assert standing.champion == live(registry)
    lost = [words for words in told.values() if "made another move first" in words]
    assert len(standing.moves) + len(lost) == 2


def test_a_move_that_did_not_know_the_last_one_is_void(registry):
    from harness.registry.journal import write_move

    promote(registry, "churn", "1")
    late = Move(action="promote", version="2", before=None, knows=0, reason="", decision="SHIP")
    chosen = find_version(registry, "churn", "2")
    write_move(registry, "churn", late, source=chosen.source, run_id=chosen.run_id)
    assert standing_of(read_moves(registry, "churn")).champion == "1"
    assert resolve(registry, parse_uri("models:/churn@champion")).version == "1"


def test_an_alias_moved_by_hand_is_put_back(registry, harness):
    promote(registry, "churn", "1")
    registry.client.set_registered_model_alias("churn", "champion", "3")
    assert harness("history", "churn")[0] == 0
    assert live(registry) == "1"


def test_a_locked_registry_is_named(registry, uri, monkeypatch):
    file = uri.removeprefix("sqlite:///")
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", "1")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(RegistryError, match="cannot"):
            promote(registry, "churn", "1")
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert promote(registry, "churn", "1").is_new


@pytest.mark.parametrize(
    "uri_", ["sqlite:////dev/null/all.sqlite", "http://127.0.0.1:9", "gopher://x"]
)
def test_a_registry_that_is_away_is_named(harness, uri_):
    status, _, err = harness("models", "--registry", uri_)
    assert status == 2
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


moves = st.lists(
    st.tuples(st.sampled_from(["promote", "rollback"]), st.sampled_from("1234"), st.integers(0, 8)),
    max_size=8,
)


@given(moves)
def test_any_journal_has_one_champion_and_a_prefix_of_truths(entries):
    journal = [
        Move(
            action=action, version=version, before=None, knows=knows, reason="", decision="SHIP",
            number=number, at=f"2024-01-0{number}T00:00:00+00:00",
        )
        for number, (action, version, knows) in enumerate(entries, start=1)
    ]  # fmt: skip
    whole = standing_of(journal)
    assert [m.knows for m in whole.moves] == [0, *[m.number for m in whole.moves]][
        : len(whole.moves)
    ]
    assert whole.champion == (whole.moves[-1].version if whole.moves else None)
    assert len(set(whole.healthy)) == len(whole.healthy)
    for day in range(1, len(journal) + 1):
        at = dt.datetime(2024, 1, day, tzinfo=dt.UTC)
        assert standing_at(journal, at) == standing_of(journal[:day])


def test_a_clock_that_went_backwards_reorders_nothing():
    def move(number, version, knows, day):
        return Move(
            action="promote", version=version, before=None, knows=knows, reason="", decision="SHIP",
            number=number, at=f"2024-03-{day:02}T12:00:00+00:00",
        )  # fmt: skip

    journal = [move(1, "1", 0, 5), move(2, "2", 1, 2), move(3, "3", 2, 9)]
    at = lambda day: standing_at(journal, dt.datetime(2024, 3, day, 23, tzinfo=dt.UTC)).champion
    assert (at(1), at(3), at(5), at(9)) == (None, None, "2", "3")


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_before_or_after_and_never_between(registered, tmp_path):
    shutil.copy(registered, tmp_path / "base.sqlite")
    extra = write(tmp_path / "extra", "logistic", name="extra")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "kill_loop.py"), str(tmp_path), str(extra)],
        capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told) == {"promote", "rollback", "register"}
    for kills in told.values():
        assert kills["killed"] >= 3
        assert kills["before"] >= 1
        assert kills["after"] >= 1
