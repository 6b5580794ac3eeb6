"""Exported models, opened by the tools they are for."""

from __future__ import annotations

import json
import warnings

import pandas as pd
import pytest

from tests.serving.conftest import write


@pytest.mark.slow
def test_an_exported_bundle_loads_with_plain_mlflow_and_scores_the_same(tmp_path, harness):
    folder = write(tmp_path / "made", "xgboost")
    status, out, err = harness("export", folder, "--to", "mlflow", "--out", "model")
    assert status == 0, err
    assert "golden rows score the same" in out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow about its own classes
        import mlflow.pyfunc
    golden = json.loads((folder / "golden.json").read_text())
    rows = pd.DataFrame(golden["rows"]).astype({"x": float, "z": float, "who": float})
    model = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    told = model.predict(rows)
    assert told["score"].tolist() == golden["scores"]
    assert (told["alert"] == (told["score"] >= 0.5)).all()
    assert model.metadata.metadata["decision"] == "SHIP"
    assert model.metadata.get_input_schema().input_names() == ["x", "z", "who", "g"]
    with pytest.raises(Exception, match="x"):
        model.predict(rows.drop(columns="x"))
    assert harness("export", folder, "--to", "mlflow", "--out", "model")[0] == 2


def test_a_damaged_bundle_is_not_exported(tmp_path, harness):
    folder = write(tmp_path / "made", "logistic")
    (folder / "threshold.json").write_text("{}")
    status, _, err = harness("export", folder, "--to", "mlflow", "--out", "model")
    assert (status, "threshold.json: changed" in err) == (2, True)
    assert not (tmp_path / "model").exists()
