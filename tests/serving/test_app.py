"""Routes and refusals, through the app itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.bundle import load_bundle
from harness.serving.app import build_app
from harness.serving.log import RequestLog
from harness.serving.options import ServeOptions
from tests.serving.conftest import put


@pytest.fixture(scope="module")
def client(bundles):
    with TestClient(build_app(ServeOptions(bundle=str(bundles["xgboost"]), max_rows=50))) as client:
        yield client


def test_scores_are_those_of_the_bundle_bit_for_bit(client, golden):
    many = client.post("/score", json=golden["rows"]).json()
    assert many["scores"] == golden["scores"]
    under_rows = client.post("/score", json={"rows": golden["rows"]}).json()
    assert under_rows == many
    for row, score in zip(golden["rows"], golden["scores"], strict=True):
        one = client.post("/score", json=row).json()
        assert one["score"] == score
        assert one["alert"] == (score >= one["threshold"])


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"\xff\xfe", 400, "no JSON"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"x": NaN}', 400, "NaN is not JSON"),
        (b'{"x": -Infinity}', 400, "-Infinity is not JSON; pass null"),
        (b'{"g": "\xe9"}', 400, "send UTF-8"),
        (b'{"\xed\xa0\x80": 1e999, "x": 1}', 400, "send UTF-8"),
        ('{"x": 1}'.encode("utf-16"), 400, "send UTF-8"),
        (b'{"x": 1, "z": 1, "who": 1, "g": "a", "x": 2}', 400, "names 'x' twice"),
        (b'[{"x": 1, "z": 1, "who": 1, "g": "a", "e": {"b": 1, "b": 1}}]', 400, "names 'b' twice"),
        (b'{"x": ' + b"9" * 5000 + b', "z": 1, "who": 1, "g": "a"}', 400, "send it as text"),
        (b'{"x": ' + b"9" * 400 + b', "z": 1, "who": 1, "g": "a"}', 422, "column 'x': 999"),
        (b'{"x": "3.5", "z": 1, "who": 1, "g": "a"}', 422, "column 'x': '3.5'"),
        (b'[{"x": 1, "z": 1, "who": 1, "g": "a", "extra": [1e999]}]', 422, "column 'extra'"),
        (b'{"x": 1, "z": 1, "who": 1, "g": "\\ud800"}', 400, "'\\ud800', half of a surrogate"),
        (b'{"\\ud800": 1e999, "x": 1}', 400, "half of a surrogate"),
        (b'{"a\\nb": 1e999, "x": 1}', 422, "column 'a\\nb'"),
        (b'{"rows": []}', 422, "empty"),
        (b'"text"', 422, "one row as an object"),
        (b"[]", 422, "empty"),
        (b"[1]", 422, "row 0"),
        (b"{}", 422, "column 'x' is missing"),
        (b'[{"x": 1, "z": 2, "who": 3, "g": "a"}, {"x": 1}]', 422, "missing from row 1"),
        (b'{"x": 1e999, "z": 1, "who": 1, "g": "a"}', 422, "no finite number"),
        (b'{"x": "warm", "z": 1, "who": 1, "g": "a"}', 422, "column 'x': 'warm'"),
        (b'{"x": 1, "z": 1, "who": 1, "g": {"a": 1}}', 422, "is no category"),
        (b"[" + b",".join([b"{}"] * 51) + b"]", 413, "at most 50"),
    ],
)
def test_a_request_that_cannot_be_scored_is_refused_in_one_sentence(client, body, status, words):
    answer = client.post("/score", content=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_whatever_stands_for_a_category_is_one_alone_and_in_a_batch(client):
    for value in (10**300, True, False, -0.0, 1e300, "\U0001f600", "\x00"):
        row = {"x": 1, "z": 1, "who": 1, "g": value}
        one, many = (client.post("/score", json=body).json() for body in (row, [row]))
        assert [one["score"]] == many["scores"]


def test_a_body_that_is_too_long_is_cut_off_whatever_it_says_of_itself(bundles):
    options = ServeOptions(bundle=str(bundles["xgboost"]), max_body_bytes=1000)
    with TestClient(build_app(options)) as client:
        assert client.post("/score", content=b"x" * 1001).status_code == 413
        pieces = (b"x" * 100 for _ in range(20))
        assert client.post("/score", content=pieces).status_code == 413


def test_the_key_is_asked_for_where_scores_are(bundles, golden, monkeypatch, tmp_path):
    (tmp_path / "key").write_text("a secret\n")
    for options in (
        {"key_file": str(tmp_path / "key")},
        {},
    ):
        if not options:
            monkeypatch.setenv("HARNESS_API_KEY", "a secret")
        app = build_app(ServeOptions(bundle=str(bundles["xgboost"]), **options))
        with TestClient(app) as client:
            row = golden["rows"][0]
            assert client.get("/health").status_code == 200
            assert client.post("/score", json=row).status_code == 401
            for headers in ({"X-API-Key": "a secret"}, {"Authorization": "Bearer a secret"}):
                assert client.post("/score", json=row, headers=headers).status_code == 200
            wrong = client.post("/score", json=row, headers={"X-API-Key": "another"})
            assert wrong.status_code == 401
            assert "secret" not in wrong.text


def test_what_answers_is_named_everywhere(client, bundles, golden):
    version = client.get("/ready").json()["version"]
    assert client.post("/score", json=golden["rows"][0]).json()["version"] == version
    told = client.get("/metadata").json()
    assert (told["version"], told["name"], told["decision"]) == (version, "xgboost", "SHIP")
    assert version in client.get("/").text


def test_the_interface_is_valid_openapi_with_a_row_that_scores(client):
    from openapi_spec_validator import validate

    described = client.get("/openapi.json").json()
    validate(described)
    row = described["components"]["schemas"]["Row"]["examples"][0]
    assert client.post("/score", json=row).status_code == 200


def test_gauges_of_monitoring_stand_among_the_figures(bundles, tmp_path):
    file = tmp_path / "drift.prom"
    options = ServeOptions(bundle=str(bundles["xgboost"]), gauges_file=str(file))
    with TestClient(build_app(options)) as client:
        assert client.get("/metrics").status_code == 200  # not written yet
        file.write_text("harness_drift_alert 1\n")
        assert "\nharness_drift_alert 1\n" in client.get("/metrics").text


def test_figures_count_requests_rows_and_alerts(bundles, golden):
    with TestClient(build_app(ServeOptions(bundle=str(bundles["xgboost"])))) as client:
        client.post("/score", json=golden["rows"])
        client.post("/score", content=b"{")
        text = client.get("/metrics").text
    assert f"harness_rows_total {float(len(golden['rows']))}" in text
    assert 'harness_requests_total{status="400"} 1.0' in text
    assert "harness_score_seconds_bucket" in text


def test_requests_are_logged_without_values_unless_asked(bundles, golden, tmp_path):
    for with_values in (False, True):
        folder = tmp_path / str(with_values)
        options = ServeOptions(
            bundle=str(bundles["xgboost"]), log_folder=str(folder), log_values=with_values
        )
        with TestClient(build_app(options)) as client:
            client.post("/score", json=golden["rows"])
        (file,) = folder.glob("*.jsonl")
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert [line["score"] for line in lines] == golden["scores"]
        assert [line.get("row") for line in lines] == (
            golden["rows"] if with_values else [None] * len(lines)
        )


def test_the_log_is_bounded(tmp_path):
    log = RequestLog(tmp_path, with_values=False, max_bytes=500, max_files=3)
    for _ in range(100):
        log.write([{}], [0.5], [True], version="v", milliseconds=1.0)
    log.close()
    files = list(tmp_path.glob("*.jsonl"))
    assert 2 <= len(files) <= 4
    assert all(file.stat().st_size < 700 for file in files)


def test_a_damaged_bundle_never_answers(bundles, tmp_path):
    import shutil

    shutil.copytree(bundles["xgboost"], tmp_path / "b")
    (tmp_path / "b" / "threshold.json").write_text("{}")
    with TestClient(build_app(ServeOptions(bundle=str(tmp_path / "b")))) as client:
        assert client.get("/health").status_code == 200
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert "threshold.json: changed" in ready.json()["problem"]
        assert client.post("/score", json={}).status_code == 503


def test_the_page_lets_no_script_in(client):
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
    assert page.text.count(f'<script nonce="{nonce}">') == page.text.count("<script") == 1
    assert client.get("/").headers["content-security-policy"] != policy


def test_a_full_disk_costs_the_log_and_not_the_answer(bundles, golden, tmp_path):
    options = ServeOptions(bundle=str(bundles["xgboost"]), log_folder=str(tmp_path / "log"))
    with TestClient(build_app(options)) as client:
        (tmp_path / "log").rmdir()
        (tmp_path / "log").write_text("no folder any more")
        assert client.post("/score", json=golden["rows"][0]).status_code == 200
        assert client.post("/score", content=b"{").status_code == 400
        assert "harness_unlogged_rows_total 1.0" in client.get("/metrics").text
        assert "cannot be logged" in client.get("/ready").json()["log"]
        (tmp_path / "log").unlink()
        (tmp_path / "log").mkdir()
        client.post("/score", json=golden["rows"][0])
        assert "log" not in client.get("/ready").json()
        assert list((tmp_path / "log").glob("requests-*.jsonl"))


def test_what_breaks_the_model_is_counted_and_one_sentence(bundles, golden, tmp_path):
    options = ServeOptions(bundle=str(bundles["xgboost"]), log_folder=str(tmp_path))
    with TestClient(build_app(options), raise_server_exceptions=False) as client:
        object.__setattr__(client.app.state.live.current.bundle, "one_row", lambda row: 1 / 0)
        answer = client.post("/score", json=golden["rows"][0])
        assert answer.status_code == 500
        assert "ZeroDivisionError" in answer.json()["error"]
        assert 'harness_requests_total{status="500"} 1.0' in client.get("/metrics").text
    [line] = [json.loads(x) for f in tmp_path.glob("refused-*") for x in f.read_text().splitlines()]
    assert line["status"] == 500


def test_looking_goes_on_after_an_error_of_any_kind(bundles, tmp_path):
    from harness.serving.live import LiveBundle
    from harness.serving.place import Folder

    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "manifest.sha256").mkdir()  # neither a seal nor none
    live = LiveBundle(Folder(folder))
    assert not live.look()
    assert live.problem
    (folder / "manifest.sha256").rmdir()
    (folder / "manifest.sha256").write_bytes(b"\xff\xfe")  # no text
    assert not live.look()
    assert live.problem
    folder.rename(tmp_path / "old")
    put(bundles["xgboost"], folder)
    assert live.look()
    assert live.problem is None


# Halves of surrogate pairs among them, which JSON can hold and nothing can write.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS,
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)  # fmt: skip
NAMES = st.sampled_from(["x", "z", "who", "g", "other"]) | TEXTS
ROWS = st.dictionaries(NAMES, VALUES, max_size=5)
BODIES = st.one_of(ROWS, st.lists(st.one_of(ROWS, VALUES), max_size=4), VALUES).map(
    lambda body: json.dumps(body).encode()
) | st.binary(max_size=60)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=BODIES)
def test_whatever_is_sent_gets_a_score_or_a_sentence(client, body):
    answer = client.post("/score", content=body)
    assert answer.status_code in (200, 400, 413, 422)
    told = answer.json()
    assert ("error" in told) == (answer.status_code != 200)
    if answer.status_code == 200:
        scores = told.get("scores", [told.get("score")])
        assert np.isfinite(scores).all()


async def statuses(app, bodies):
    """What each body is answered with; asked without a client between, which would take most of the time."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": "POST", "path": "/score", "raw_path": b"/score", "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    found = []

    async def send(message):
        if message["type"] == "http.response.start":
            found.append(message["status"])

    for body in bodies:

        async def receive(body=body):
            return {"type": "http.request", "body": body, "more_body": False}

        headers = [(b"content-length", str(len(body)).encode())]
        await app(scope | {"headers": headers}, receive, send)
    return found


@pytest.mark.slow
def test_twenty_thousand_malformed_requests_leave_no_trace(client):
    import resource

    rng = np.random.default_rng(0)
    good = json.dumps({"x": 0.1, "z": 1.0, "who": 3, "g": "a"}).encode()

    def damaged():
        body = bytearray(good)
        for _ in range(rng.integers(1, 6)):
            body[rng.integers(len(body))] = rng.integers(256)
        return bytes(body)

    def ask(n):
        found = client.portal.call(statuses, client.app, [damaged() for _ in range(n)])
        return set(found), len(found), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    first, n_first, early = ask(4_000)
    later, n_later, late = ask(16_000)
    assert (n_first, n_later) == (4_000, 16_000)
    assert first | later == {200, 400, 422}
    assert late - early < 30_000  # kilobytes


def test_one_row_and_many_give_the_same_bits(client, bundles):
    bundle = load_bundle(bundles["xgboost"])
    rng = np.random.default_rng(1)
    rows = [
        {"x": float(x), "z": None if i % 7 == 0 else float(-x), "who": i, "g": "abcz"[i % 4]}
        for i, x in enumerate(rng.normal(size=50))
    ]
    many = client.post("/score", json=rows).json()["scores"]
    alone = [client.post("/score", json=row).json()["score"] for row in rows]
    assert many == alone == bundle.score(rows).tolist()
