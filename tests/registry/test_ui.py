"""The registry's page and its moves, through the app itself."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from harness.console.app import ConsoleOptions, build_console
from harness.monitor.state import SeenWindow, remember
from harness.registry import Registry, promote, standing_of, versions_of
from harness.registry.journal import read_moves
from harness.serving.log import JsonLines

KEY = {"X-API-Key": "secret"}


@pytest.fixture
def client(uri):
    with TestClient(build_console(ConsoleOptions(registry=uri, admin_key="secret"))) as client:
        yield client


def test_promote_and_rollback_move_what_the_journal_says(client, registry):
    told = client.post("/models/churn/promote", json={"version": "1"}, headers=KEY)
    assert (told.status_code, told.json()) == (200, {"live": "1", "before": None, "moved": True})
    client.post("/models/churn/promote", json={"version": "2"}, headers=KEY)
    back = {"from": "2", "reason": "complaints"}
    told = client.post("/models/churn/rollback", json=back, headers=KEY)
    assert told.json() == {"live": "1", "before": "2", "moved": True}
    assert client.post("/models/churn/rollback", json=back, headers=KEY).json()["moved"] is False
    assert read_moves(registry, "churn")[-1].reason == "complaints"


@pytest.mark.parametrize(
    ("headers", "body", "status", "words"),
    [
        ({}, {"version": "1"}, 401, "admin key"),
        ({"X-API-Key": "wrong"}, {"version": "1"}, 401, "admin key"),
        ({**KEY, "Sec-Fetch-Site": "cross-site"}, {"version": "1"}, 403, "other sites"),
        (KEY, {"version": "3"}, 409, "only a SHIP"),
        (KEY, {"version": "3", "force": True}, 409, "--reason"),
        (KEY, {"version": "../1"}, 409, "no version"),
        (KEY, ["1"], 400, "no JSON object"),
        (KEY, {"version": "1" * 20_000}, 400, "too long"),
    ],
)
def test_what_is_refused_moves_nothing(client, registry, headers, body, status, words):
    told = client.post("/models/churn/promote", json=body, headers=headers)
    assert (told.status_code, words in told.json()["error"]) == (status, True), told.text
    assert standing_of(read_moves(registry, "churn")).champion is None


def test_a_form_of_another_site_cannot_move_anything(client):
    told = client.post("/models/churn/promote", data={"version": "1"}, headers=KEY)
    assert told.status_code == 415
    assert client.get("/models/churn/promote").status_code == 405
    assert client.post("/models/..%2Fchurn/promote", json={}, headers=KEY).status_code in (404, 409)


def test_without_a_key_there_are_no_buttons_and_no_moves(uri):
    with TestClient(build_console(ConsoleOptions(registry=uri))) as client:
        page = client.get("/").text
        assert "<button" not in page
        assert "<script" not in page
        told = client.post("/models/churn/promote", json={"version": "1"}, headers=KEY)
        assert told.status_code == 403


def test_words_of_others_stay_words(uri, registry):
    evil = "<script>alert(1)</script>"
    promote(registry, "churn", "3", force=True, reason=evil)
    with TestClient(build_console(ConsoleOptions(registry=uri, admin_key="secret"))) as client:
        answer = client.get("/")
        assert evil not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_drift_and_shadow_stand_on_the_page(uri, registry, tmp_path):
    promote(registry, "churn", "1")
    live = versions_of(registry, "churn")[0]
    for day, is_alert in (("2024-07-01", False), ("2024-07-08", True)):
        seen = SeenWindow(
            model=live.candidate_fingerprint, name=day, first_day=day, days=7.0, n_rows=9,
            is_alert=is_alert, reasons=("BREAK",) * is_alert, excess={}, figures={},
        )  # fmt: skip
        remember(tmp_path / "state", seen)
    log = JsonLines(tmp_path / "log", "shadow", max_bytes=10**6, max_files=2)
    line = {"at": "2024-07-01T00:00:00+00:00", "version": "churn/2", "score": 0.2, "alert": False}
    log.write([line | {"shadow_score": 0.7, "shadow_alert": True, "shadow_ms": 0.1}] * 3)
    log.close()
    counts = {"scored": 3, "failed": 2, "reasons": {"column '<z>' is missing": 2}}
    (tmp_path / "log" / "shadow-scored-1.json").write_text(json.dumps(counts))
    options = ConsoleOptions(registry=uri, log=tmp_path / "log", state=tmp_path / "state")
    with TestClient(build_console(options)) as client:
        page = client.get("/").text
    assert 'title="2024-07-08: BREAK"' in page
    assert "3 rows would be done otherwise" in page
    assert "most refused because: column &#39;&lt;z&gt;&#39; is missing, 2 rows" in page


def test_passwords_in_the_registrys_address_are_never_shown(monkeypatch, harness):
    address = "postgresql://me:hunter2@127.0.0.1:1/none"
    status, out, err = harness("models", "--registry", address)
    assert status == 2
    assert "hunter2" not in out + err


def test_the_scoring_key_is_not_taken_for_the_admins(harness, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", "same")
    monkeypatch.setenv("HARNESS_ADMIN_KEY", "same")
    status, _, err = harness("ui")
    assert status == 2
    assert "is the key of scoring" in err


def test_an_empty_registry_says_what_to_do(tmp_path):
    uri = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    Registry(uri)
    with TestClient(build_console(ConsoleOptions(registry=uri))) as client:
        assert "Nothing is registered yet" in client.get("/").text
