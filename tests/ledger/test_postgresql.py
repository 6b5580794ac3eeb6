"""One ledger for several machines, in a PostgreSQL server of the test's own."""

from __future__ import annotations

import json
import multiprocessing
import os

import pytest

from harness.errors import ConfigError, LedgerError
from harness.ledger import Chain, LabelledWindow, ledger_place, record_verdict, reserve, take_look
from harness.settings import HoldoutSettings
from tests.conftest import TABLE_WORDS, make_table
from tests.databases import HAS_POSTGRESQL, postgres

WINDOW = LabelledWindow(key="w" * 64, days={"2024-05-01": "a" * 32, "2024-05-02": "b" * 32})
WORDS = [*TABLE_WORDS, "dataset.path=t.parquet", "running.report=false"]


def look(place: str, name: str):
    with Chain(place) as chain:
        holdout = HoldoutSettings()
        found = take_look(
            chain, WINDOW, holdout, protocol="p", rows="r", candidate=name, baseline="b"
        )
        record_verdict(chain, found, "NO_SHIP")
        return found


if HAS_POSTGRESQL:

    @pytest.fixture(scope="module")
    def server(tmp_path_factory):
        folder = tmp_path_factory.mktemp("postgres")
        with postgres(folder) as url:
            yield url

    @pytest.fixture
    def url(server):
        """A database of the test's own."""
        import psycopg

        name = f"ledger_{os.urandom(4).hex()}"
        with psycopg.connect(server, autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return server.rsplit("/", 1)[0] + f"/{name}"

    @pytest.mark.slow
    def test_thirty_processes_at_once_leave_one_opening_and_a_whole_chain(url):
        context = multiprocessing.get_context("fork")
        jobs = [context.Process(target=look, args=(url, f"c{i}")) for i in range(30)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(120)
        with Chain(url) as chain:
            assert chain.verify() == 60
            statuses = [e.content["status"] for e in chain.entries() if e.kind == "open"]
        assert statuses.count("confirmatory") == 1
        assert statuses.count("exploratory") == 29

    @pytest.mark.slow
    def test_candidates_reserved_by_one_machine_share_alpha_on_another(url):
        with Chain(url) as chain:
            reserve(chain, WINDOW, "p", "r", ["one", "two"])
        assert look(url, "one").alpha_divisor == 2
        assert look(url, "two").status == "confirmatory"
        assert look(url, "three").is_exploratory

    @pytest.mark.slow
    def test_entries_stay_and_a_change_behind_the_triggers_is_found_out(url):
        import psycopg

        look(url, "one")
        with psycopg.connect(url, autocommit=True) as db:
            for words in ("UPDATE {} SET kind = 'x'", "DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                    db.execute(words.format("harness_ledger_entries"))
            db.execute("ALTER TABLE harness_ledger_entries DISABLE TRIGGER entries_stay")
            db.execute("UPDATE harness_ledger_entries SET at = '2020' WHERE seq = 2")
        with Chain(url) as chain, pytest.raises(LedgerError, match="entry 2 was changed"):
            chain.verify()

    @pytest.mark.slow
    def test_a_newer_ledger_and_a_user_without_rights_are_refused(url):
        import psycopg

        Chain(url).close()
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("CREATE ROLE reader LOGIN")
            db.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        with Chain(url.replace("harness@", "reader@")) as chain:
            assert chain.entries() == []
            with pytest.raises(LedgerError, match="permission denied"), chain.transaction():
                chain.append("open", {})
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("UPDATE harness_ledger_format SET version = 99")
        with pytest.raises(LedgerError, match="ledger format 99"):
            Chain(url)

    @pytest.mark.slow
    def test_the_same_candidate_is_judged_once_for_the_team(url, harness, tmp_path, monkeypatch):
        """Two machines, each with its own cache and folder, one ledger."""
        looks = []
        for machine in ("one", "two"):
            folder = tmp_path / machine
            folder.mkdir()
            make_table().to_parquet(folder / "t.parquet")
            monkeypatch.chdir(folder)
            monkeypatch.setenv("HARNESS_CACHE", str(folder / "cache"))
            status, _, err = harness("run", *WORDS, "hydra.run.dir=here", f"running.ledger={url}")
            assert status in (0, 1), err
            look = json.loads((folder / "here/decision.json").read_text("utf-8"))["holdout"]
            looks.append(look["status"])
            assert json.loads((folder / "here/run.json").read_text("utf-8"))["ledger"] == url
        assert looks == ["confirmatory", "confirmatory"]
        monkeypatch.setenv("HARNESS_LEDGER", url)
        status, out, _ = harness("ledger", "verify")
        assert (status, out.startswith(f"{url}: 2 entries")) == (0, True)


def test_a_server_that_is_away_costs_one_sentence():
    with pytest.raises(LedgerError, match="cannot be opened"):
        Chain("postgresql://nobody@127.0.0.1:9/none")


def test_a_password_stays_out_of_what_is_written():
    for url in ("postgresql://me:secret@db/x", "postgresql://me@db/x?password=secret"):
        with pytest.raises(ConfigError, match="PGPASSWORD") as refused:
            ledger_place(url)
        assert "secret" not in str(refused.value)


def test_another_kind_of_database_is_refused_by_name():
    with pytest.raises(LedgerError, match="mysql://db/x is no kind of ledger"):
        Chain("mysql://db/x")
