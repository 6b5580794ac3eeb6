"""A real MLflow server on loopback, PostgreSQL behind it where there is one, with MLflow's own client as witness."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from harness.registry import Registry, promote, register, rollback
from harness.registry.journal import read_moves
from harness.registry.versions import bundle_of, find_version
from tests.browser import wait_for
from tests.databases import HAS_POSTGRESQL, free_port, postgres
from tests.serving.conftest import write

pytestmark = pytest.mark.slow
DAY = ["promote", "promote", "rollback"]
# No telemetry, and none of the five processes that wait for jobs of MLflow's own.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@contextlib.contextmanager
def mlflow_server(folder: Path, store: str):
    """`mlflow server`, ended by its process group."""
    port = free_port()
    words = [
        sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port),
        "--backend-store-uri", store, "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            words, start_new_session=True, stdout=log, stderr=log, env=os.environ | QUIET,
        )  # fmt: skip
    try:
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


def a_day(uri: str, folder: Path, monkeypatch) -> list[str]:
    """Register two, promote both, roll back; MLflow's own client is asked after each step."""
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("HARNESS_CACHE", str(folder / "cache"))
    registry, witness = Registry(uri), MlflowClient(tracking_uri=uri, registry_uri=uri)
    for model in ("xgboost", "logistic"):
        register(registry, write(folder / model, model, name=model), "churn")
    assert witness.get_model_version_by_alias("churn", "challenger").version == "2"
    promote(registry, "churn", "1")
    promote(registry, "churn", "2")
    assert witness.get_model_version_by_alias("churn", "champion").version == "2"
    assert witness.get_model_version_by_alias("churn", "previous").version == "1"
    assert rollback(Registry(uri), "churn", reason="a drill").version == "1"
    assert witness.get_model_version_by_alias("churn", "champion").version == "1"
    assert witness.get_registered_model("churn").aliases.get("previous") is None
    bundle = bundle_of(Registry(uri), find_version(registry, "churn", "1"))
    row = bundle.example
    from harness.bundle import load_bundle

    assert bundle.score_one(row) == load_bundle(folder / "xgboost" / "bundle").score_one(row)
    return [move.action for move in read_moves(Registry(uri), "churn")]


@pytest.fixture
def store(tmp_path) -> Iterator[str]:
    """What the server keeps its records in: PostgreSQL where it is installed, else SQLite."""
    if not HAS_POSTGRESQL:
        yield f"sqlite:///{tmp_path / 'server.sqlite'}"
        return
    (tmp_path / "postgres").mkdir()
    with postgres(tmp_path / "postgres") as url:
        yield url


def test_a_day_on_a_real_server(store, tmp_path, monkeypatch):
    with mlflow_server(tmp_path, store) as uri:
        assert a_day(uri, tmp_path, monkeypatch) == DAY
