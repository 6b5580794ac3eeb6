"""Export: a bundle as a model of another tool, scores unchanged."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.artefacts import new_folder, read_json
from harness.bundle.bundle import Bundle
from harness.bundle.load import largest_difference
from harness.errors import BundleError, ConfigError


def export_mlflow(bundle: Bundle, folder: Path, out: Path) -> None:
    """Write an MLflow model that `mlflow.pyfunc.load_model` loads.

    The bundle lies in it whole: loading checks its hashes and replays its golden rows.

    Args:
        bundle: The bundle, loaded.
        folder: Its folder.
        out: The MLflow model's folder; must not exist.

    Raises:
        ConfigError: If MLflow is not installed.
        BundleError: If the model, loaded again, scores a golden row differently.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow about its own classes
        _export_mlflow(_mlflow(), bundle, folder, out)


def _export_mlflow(mlflow: Any, bundle: Bundle, folder: Path, out: Path) -> None:
    golden = read_json(folder / "golden.json")
    rows = pd.DataFrame(golden["rows"]).astype(dict.fromkeys(bundle.schema.numeric, "float64"))
    libraries = bundle.manifest["libraries"]
    needs = [f"{name}=={version}" for name, version in libraries.items() if name != "harness"]
    with new_folder(out) as place:
        place.rmdir()  # MLflow makes it
        mlflow.pyfunc.save_model(
            str(place),
            loader_module="harness.bundle.pyfunc",
            data_path=str(folder),
            signature=_signature(bundle, mlflow),
            pip_requirements=["harness", *needs],
            metadata={
                name: bundle.manifest[name]
                for name in ("decision", "protocol_fingerprint", "candidate_fingerprint")
            },
        )
        told = mlflow.pyfunc.load_model(str(place)).predict(rows)["score"].to_numpy()
        gap = largest_difference(np.asarray(told), np.asarray(golden["scores"]))
        if gap > 0:
            raise BundleError(f"{out}: MLflow's copy scores differently, by up to {gap:.3g}")


def _signature(bundle: Bundle, mlflow: Any) -> Any:
    kinds = mlflow.types
    columns = [
        kinds.ColSpec(kind, name, required=True)
        for names, kind in (
            (bundle.schema.numeric, "double"),
            (bundle.schema.categorical, "string"),
        )
        for name in names
    ]
    answers = [kinds.ColSpec("double", "score"), kinds.ColSpec("boolean", "alert")]
    return mlflow.models.ModelSignature(inputs=kinds.Schema(columns), outputs=kinds.Schema(answers))


def _mlflow() -> Any:
    try:
        import mlflow
        import mlflow.models
        import mlflow.pyfunc
        import mlflow.types
    except ModuleNotFoundError as error:
        raise ConfigError(
            "--to mlflow needs mlflow-skinny, which is not installed: pip install 'harness[mlflow]'"
        ) from error
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return mlflow
