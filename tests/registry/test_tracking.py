"""Runs and sweeps in MLflow, read back by its own client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import TABLE_WORDS, make_table


@pytest.mark.slow
def test_a_sweep_is_a_parent_with_its_candidates_as_children(harness, tmp_path, monkeypatch):
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path / 'tracking.sqlite'}"
    monkeypatch.setenv("HARNESS_REGISTRY", uri)
    make_table(3_000).to_parquet("table.parquet")
    words = [*TABLE_WORDS, "dataset.path=table.parquet", "tracking=mlflow", "running.report=false"]
    status, _, err = harness("run", "-m", *words, "model.max_depth=2,3", "hydra.sweep.dir=sweep")
    assert status == 0, err
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("harness")
    runs = client.search_runs([experiment.experiment_id])
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert {run.data.params["candidate.model.max_depth"] for run in children} == {"2", "3"}
    for run in children:
        folder = Path(run.data.tags["harness.folder"])
        decision = json.loads((folder / "decision.json").read_text())
        assert run.data.tags["harness.decision"] == decision["decision"]
        metrics = json.loads((folder / "metrics.json").read_text())["test"]
        auc = next(m["candidate"]["value"] for m in metrics if m["name"] == "roc_auc")
        assert run.data.metrics["roc_auc"] == pytest.approx(auc)
        names = {entry.path for entry in client.list_artifacts(run.info.run_id)}
        assert {"decision.json", "protocol.md"} <= names


def test_a_run_that_cannot_be_logged_stays_and_says_so(harness):
    make_table(3_000).to_parquet("table.parquet")
    words = [*TABLE_WORDS, "dataset.path=table.parquet", "running.report=false"]
    where = "tracking.uri=sqlite:////dev/null/x.sqlite"
    status, _, err = harness("run", *words, "tracking=mlflow", where, "hydra.run.dir=run")
    assert status == 0
    assert "not logged to MLflow" in err
    assert json.loads(Path("run/run.json").read_text())["status"] == "DONE"
