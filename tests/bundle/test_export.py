"""Exported models, opened by the tools they are for."""

from __future__ import annotations

import json
import warnings

import pandas as pd
import pytest

from harness.bundle import write_bundle
from tests.bundle.test_bundle import FACTS, MODELS, build
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


@pytest.mark.slow
def test_onnx_is_made_where_it_scores_the_same_and_refused_with_the_difference(tmp_path, harness):
    import numpy as np
    import onnxruntime

    words = [*MODELS["logistic"], "dataset.numeric=[z]", "dataset.categorical=[]"]
    bundle, features = build(tmp_path, words)
    write_bundle(bundle, tmp_path / "b", features=features, facts=FACTS, documents={})
    status, out, err = harness("export", "b", "--to", "onnx", "--out", "model.onnx")
    assert status == 0, err
    assert "score within" in out
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    feed = {name: features[[name]].to_numpy(dtype=np.float32)[:50] for name in ("z",)}
    told = session.run(None, feed)[1][:, 1]
    np.testing.assert_allclose(told, bundle.score(features.head(50)), atol=1e-6)

    folder = write(tmp_path / "made", "random_forest")
    status, _, err = harness("export", folder, "--to", "onnx", "--out", "other.onnx")
    assert status == 2
    assert "ONNX scores rows differently, by up to 0." in err
    folder = write(tmp_path / "boosted", "xgboost")
    status, _, err = harness("export", folder, "--to", "onnx", "--out", "other.onnx")
    assert (status, "cannot be converted to ONNX" in err) == (2, True)
    assert not (tmp_path / "other.onnx").exists()


def test_what_the_onnx_runtime_would_log_is_said_once(tmp_path, harness):
    words = [*MODELS["logistic"], "dataset.numeric=[]", "dataset.categorical=[g]"]
    words.append("preprocess.min_frequency=null")  # leaves no place for a category never seen
    bundle, features = build(tmp_path, words)
    write_bundle(bundle, tmp_path / "b", features=features, facts=FACTS, documents={})
    status, _, err = harness("export", "b", "--to", "onnx", "--out", "model.onnx")
    assert (status, "Unknown Category" in err) == (2, True)
    assert len(err.splitlines()) == 1
