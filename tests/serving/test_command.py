"""`harness serve` refuses in one sentence what no server could do."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--workers", "0"), "argument --workers: 0 must be at least 1"),
        (("--ssl-certfile", "none.pem"), "--ssl-certfile none.pem: no file there"),
        (("--api-key-file", "none"), "--api-key-file none: No such file"),
        (("--port", "99999"), "argument --port: 99999 must be at least 0 and at most 65,535"),
        (("--max-body-mb", "nan"), "argument --max-body-mb: nan must be above 0"),
        (("--max-rows", "1e3"), "argument --max-rows: invalid integer value: '1e3'"),
        (("--host", "no such host"), "cannot listen there"),
    ],
)
def test_a_server_that_cannot_be_is_refused(harness, bundles, words, sentence):
    status, _, err = harness("serve", bundles["xgboost"], *words)
    assert status == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


def test_a_port_in_use_is_named(harness, bundles):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, err = harness("serve", bundles["xgboost"], "--port", port)
    assert status == 2
    assert f"--port {port}: cannot listen there" in err


def test_the_dockerfile_serves_as_a_user_without_rights(harness, bundles):
    status, out, _ = harness("serve", bundles["xgboost"], "--dockerfile")
    assert status == 0
    steps = [line.split()[0] for line in out.splitlines() if line and line[0].isupper()]
    assert steps.index("USER") > steps.index("COPY")
    assert "USER serve" in out
    assert "numpy==" in out
    assert "harness verify /app/bundle" in out


def test_a_missing_bundle_is_named(harness):
    status, _, err = harness("serve", "nowhere")
    assert status == 2
    assert "nowhere: no run there" in err
