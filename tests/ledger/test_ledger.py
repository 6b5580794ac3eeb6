from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.cache import Store
from harness.data import read_dataset
from harness.errors import LedgerError
from harness.ledger import Chain, labelled_window, record_verdict, reserve, take_look, unseal
from harness.settings import HoldoutSettings, TableDataset
from tests.conftest import TABLE_WORDS, make_table

ONCE = HoldoutSettings()
BLIND = HoldoutSettings(looks=3, disclosure="verdict")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    make_table(4000).to_parquet(folder / "t.parquet")
    return read_dataset(
        TableDataset(path=str(folder / "t.parquet"), time="when", label="y"),
        Store(folder, max_bytes=10**9),
    )


@pytest.fixture
def window(dataset):
    return labelled_window(dataset, np.arange(3000, 4000))


@pytest.fixture
def chain(tmp_path):
    return Chain(tmp_path / "ledger.sqlite")


def look(chain, window, candidate: str, holdout=ONCE, *, protocol="p", baseline="b", rows="r"):
    return take_look(
        chain, window, holdout, protocol=protocol, rows=rows, candidate=candidate, baseline=baseline
    )


def test_a_window_is_opened_once(chain, window):
    first = look(chain, window, "a")
    assert (first.status, first.alpha_divisor, first.fresh_days) == (
        "confirmatory",
        1,
        len(window.days),
    )
    second = look(chain, window, "b")
    assert (second.status, second.fresh_days) == ("exploratory", 0)
    assert second.is_exploratory
    assert "looked at before" in second.sentence


def test_the_same_candidate_again_is_free_and_gets_the_same_look(chain, window):
    first = look(chain, window, "a")
    record_verdict(chain, first, "SHIP")
    again = look(chain, window, "a")
    assert again.is_repeat
    assert (again.status, again.alpha_divisor, again.opening) == ("confirmatory", 1, first.opening)
    record_verdict(chain, again, "SHIP")
    assert [e.kind for e in chain.entries()] == ["open", "verdict"]


@pytest.mark.parametrize(
    "change", [{"protocol": "other"}, {"baseline": "other"}, {"rows": "other"}]
)
def test_another_protocol_baseline_or_feature_does_not_make_seen_labels_fresh(
    chain, window, change
):
    look(chain, window, "a")
    assert look(chain, window, "a", **change).status == "exploratory"


def test_windows_that_share_days_share_what_was_seen(chain, dataset, window):
    look(chain, window, "a")
    longer = labelled_window(dataset, np.arange(2500, 4000))
    partly = look(chain, longer, "a")
    assert partly.status == "exploratory"
    assert 0 < partly.fresh_days < len(longer.days)
    earlier = labelled_window(dataset, np.arange(0, 2400))
    assert look(chain, earlier, "b").status == "confirmatory"


def test_row_order_and_features_do_not_change_a_window(dataset, window):
    shuffled = labelled_window(dataset, np.random.default_rng(0).permutation(np.arange(3000, 4000)))
    assert shuffled == window


def test_candidates_fixed_before_the_opening_share_alpha(chain, window):
    reserve(chain, window, "p", "r", ["a", "b", "b", "c"])
    for candidate in ("c", "a", "b"):
        taken = look(chain, window, candidate)
        assert (taken.status, taken.alpha_divisor) == ("confirmatory", 3)
    assert look(chain, window, "d").status == "exploratory"


def test_a_reservation_of_a_seen_window_is_exploratory_for_all(chain, window):
    look(chain, window, "z")
    reserve(chain, window, "p", "r", ["a", "b"])
    assert look(chain, window, "a").status == "exploratory"


def test_a_sweep_repeated_keeps_its_verdicts_and_costs_nothing(chain, window):
    reserve(chain, window, "p", "r", ["a", "b"])
    for candidate in "ab":
        look(chain, window, candidate)
    n_entries = len(chain.entries())
    reserve(chain, window, "p", "r", ["a", "b"])
    assert look(chain, window, "a").alpha_divisor == 2
    assert len(chain.entries()) == n_entries


def test_planned_blind_looks_share_alpha_and_stay_sealed_until_spent(chain, window):
    taken = [look(chain, window, c, BLIND) for c in "abc"]
    assert [t.status for t in taken] == ["blind"] * 3
    assert [t.alpha_divisor for t in taken] == [3] * 3
    assert [t.is_sealed for t in taken] == [True, True, False]
    assert look(chain, window, "d", BLIND).status == "exploratory"


def test_unsealing_shows_the_numbers_and_closes_the_window(chain, window):
    look(chain, window, "a", BLIND)
    unseal(chain, window.key[:8], "the project ended")
    assert not look(chain, window, "a", BLIND).is_sealed
    assert look(chain, window, "b", BLIND).status == "exploratory"
    with pytest.raises(LedgerError, match="say why"):
        unseal(chain, window.key[:8], " ")
    with pytest.raises(LedgerError, match="0 opened windows begin with 'nope'"):
        unseal(chain, "nope", "because")


def test_a_window_seen_in_full_has_no_blind_looks_left(chain, window):
    look(chain, window, "a")
    assert look(chain, window, "b", BLIND).status == "exploratory"


def test_entries_can_be_neither_changed_nor_dropped(chain, window):
    look(chain, window, "a")
    with sqlite3.connect(chain.place) as db:
        for words in ("UPDATE entries SET kind = 'x'", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(words)


def tampered(path, *words: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER entries_keep")
        db.execute("DROP TRIGGER entries_stay")
        for word in words:
            db.execute(word)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "UPDATE entries SET content = replace(content, 'confirmatory', 'exploratory')",
            "entry 1 was changed",
        ),
        ("UPDATE entries SET at = '2020' WHERE seq = 2", "entry 2 was changed"),
        ("DELETE FROM entries WHERE seq = 1", "entry 2 was changed, or one before it dropped"),
        ("DELETE FROM entries WHERE seq = 2", "cut short after entry 1 of 2"),
    ],
)
def test_a_ledger_tampered_with_is_found_out(chain, window, words, sentence):
    record_verdict(chain, look(chain, window, "a"), "SHIP")
    assert chain.verify() == 2
    chain.close()
    tampered(chain.place, words)
    with pytest.raises(LedgerError, match=sentence):
        Chain(chain.place).verify()


def test_a_newer_or_foreign_file_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "new.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="ledger format 99"):
        Chain(tmp_path / "new.sqlite")
    (tmp_path / "junk").write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Chain(tmp_path / "junk")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Chain(tmp_path / "junk" / "below.sqlite")


def _write(path, window, name):
    take_look(Chain(path), window, ONCE, protocol="p", rows="r", candidate=name, baseline="b")


def test_fifty_jobs_at_once_leave_one_opening_and_a_whole_chain(tmp_path, window):
    path = tmp_path / "ledger.sqlite"
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=_write, args=(path, window, f"c{i}")) for i in range(50)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(120)
    chain = Chain(path)
    assert chain.verify() == 50
    assert [e.content["status"] for e in chain.entries()].count("confirmatory") == 1


# --- through the command line ----------------------------------------------------------


@pytest.fixture
def words(tmp_path):
    make_table().to_parquet(tmp_path / "t.parquet")
    plain = [w for w in TABLE_WORDS if "n_estimators" not in w]
    return (*plain, "dataset.path=t.parquet", "running.report=false", "model=logistic")


def decision(folder) -> dict:
    return json.loads((folder / "decision.json").read_text())


def test_a_ledger_nobody_can_open_is_told_before_anything_is_trained(harness, words, tmp_path):
    (tmp_path / "file").write_text("no folder")
    status, _, err = harness("run", *words, "running.ledger=file/l.sqlite", "hydra.run.dir=a")
    assert status == 2
    assert "file/l.sqlite: the ledger cannot be opened" in err
    assert "fit the candidate" not in err


def test_a_second_candidate_is_exploratory_and_the_first_repeats_its_verdict(
    harness, words, tmp_path
):
    assert harness("run", *words, "hydra.run.dir=a")[0] == 0
    assert harness("run", *words, "model.C=0.5", "hydra.run.dir=b")[0] == 0
    assert harness("run", *words, "hydra.run.dir=c")[0] == 0
    first, second, third = (decision(tmp_path / name) for name in "abc")
    assert (first["decision"], first["holdout"]["status"]) == ("SHIP", "confirmatory")
    assert (second["decision"], second["face_value"]) == ("INCONCLUSIVE", "SHIP")
    assert "looked at before" in second["reasons"][0]
    assert first == third
    _, out, _ = harness("ledger", "--format", "json")
    assert [look["status"] for look in json.loads(out)["looks"]] == ["confirmatory", "exploratory"]
    assert harness("ledger", "verify")[0] == 0
    _, out, _ = harness("ledger", "export")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [1, 2, 3, 4]


def test_a_sweep_shares_alpha_among_its_candidates(harness, words, tmp_path):
    status, _, err = harness("run", "-m", *words, "model.C=0.1,0.5,1.0", "hydra.sweep.dir=s")
    assert status == 0, err
    for job in "012":
        found = decision(tmp_path / "s" / job)
        assert found["alpha"] == pytest.approx(0.05 / 3)
        assert found["holdout"]["status"] == "confirmatory"
    assert harness("run", *words, "model.C=2.0", "hydra.run.dir=late")[0] == 0
    assert decision(tmp_path / "late")["holdout"]["status"] == "exploratory"


def test_a_blind_look_leaves_a_verdict_and_no_figure(harness, words, tmp_path):
    blind = (*words, "holdout=blind", "holdout.looks=2")
    harness("run", *blind, "hydra.run.dir=a")
    files = {path.name for path in (tmp_path / "a").iterdir()}
    assert files == {".hydra", "decision.json", "protocol.md", "run.json"}
    found = decision(tmp_path / "a")
    assert (found["decision"], found["criteria"]) == ("SHIP", [])
    assert "withheld" in found["reasons"][0]
    harness("run", *blind, "model.C=0.5", "hydra.run.dir=b")
    assert decision(tmp_path / "b")["criteria"]
    harness("run", *blind, "hydra.run.dir=c")
    assert decision(tmp_path / "c")["criteria"]  # the looks are spent: the first shows its figures


def test_a_look_cut_off_by_kill_is_spent_and_said(harness, words, tmp_path):
    slow = [w for w in words if w != "model=logistic"]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", *slow, "running.latency.n_rows=10000000"],
        cwd=tmp_path,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ledger = os.environ["HARNESS_LEDGER"]
    deadline = time.monotonic() + 60
    while not (Path(ledger).exists() and Chain(Path(ledger)).entries()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    _, out, _ = harness("ledger")
    assert "the look is spent all the same" in out
    harness("run", *words, "hydra.run.dir=b")
    assert decision(tmp_path / "b")["holdout"]["status"] == "exploratory"


def test_nothing_is_judged_without_a_ledger(harness, words, tmp_path):
    (tmp_path / "blocked").write_text("")
    status, _, err = harness("run", *words, "running.ledger=blocked/ledger.sqlite")
    assert status == 2
    assert "nothing can be judged without it" in err


def test_a_sweep_that_selects_on_validation_judges_its_winner_alone_at_full_alpha(
    harness, words, tmp_path
):
    status, _, err = harness(
        "run",
        "-m",
        *words,
        "holdout=select_on_validation",
        "model.C=0.0001,0.5,1.0",
        "hydra.sweep.dir=s",
    )
    assert status == 0, err
    for job in "012":
        assert {p.name for p in (tmp_path / "s" / job).iterdir()} == {".hydra", "run.json"}
        record = json.loads((tmp_path / "s" / job / "run.json").read_text())
        assert record["decision"] == "NOT_JUDGED"
    found = decision(tmp_path / "s" / "winner")
    assert (found["alpha"], found["holdout"]["status"], found["decision"]) == (
        0.05,
        "confirmatory",
        "SHIP",
    )
    values = [
        json.loads((tmp_path / "s" / job / "run.json").read_text())["validation"]["candidate"][
            "pr_auc"
        ]
        for job in "012"
    ]
    winner = json.loads((tmp_path / "s" / "winner" / "run.json").read_text())
    best = json.loads((tmp_path / "s" / "012"[int(np.argmax(values))] / "run.json").read_text())
    assert winner["candidate"] == best["candidate"]
    assert "3 candidates were compared on validation only" in err
    assert (
        len([e for e in Chain(Path(os.environ["HARNESS_LEDGER"])).entries() if e.kind == "open"])
        == 1
    )


def test_a_single_run_that_selects_on_validation_is_judged_at_once(harness, words, tmp_path):
    assert harness("run", *words, "holdout=select_on_validation", "hydra.run.dir=a")[0] == 0
    assert decision(tmp_path / "a")["decision"] == "SHIP"


def test_a_new_feature_makes_another_candidate_of_the_same_settings(harness, words, tmp_path):
    harness("run", *words, "hydra.run.dir=a")
    make_table().assign(extra=1.0 * np.arange(4000)).to_parquet(tmp_path / "t.parquet")
    harness("run", *words, "hydra.run.dir=b")
    assert decision(tmp_path / "a")["holdout"]["status"] == "confirmatory"
    assert decision(tmp_path / "b")["holdout"]["status"] == "exploratory"


def test_editing_ones_own_class_makes_another_candidate(tmp_path, monkeypatch):
    from harness.config import candidate_fingerprint, compose_settings

    monkeypatch.chdir(tmp_path)
    source = "from sklearn.naive_bayes import GaussianNB\n\n\nclass Mine(GaussianNB):\n    pass\n"
    (tmp_path / "edited_model.py").write_text(source)
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "mine.yaml").write_text(
        "# My own class.\n_target_: edited_model.Mine\n"
    )
    settings = compose_settings(["model=mine"], config_dir=tmp_path / "conf")
    before = candidate_fingerprint(settings)
    assert candidate_fingerprint(settings) == before
    (tmp_path / "edited_model.py").write_text(source + "# another line\n")
    assert candidate_fingerprint(settings) != before
