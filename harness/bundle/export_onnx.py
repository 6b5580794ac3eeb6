"""Export to ONNX: only where its scores agree; refused with the largest difference otherwise.

ONNX runtimes compute trees in single precision and know neither nulls nor rare categories of
ours, so most pipelines are refused; those of numbers alone may pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.artefacts import read_json
from harness.artefacts.atomic import write_bytes
from harness.bundle.bundle import Bundle
from harness.bundle.load import largest_difference
from harness.errors import BundleError, ConfigError

Floats = NDArray[np.float64]

# Largest difference of a score that is let pass.
TOLERANCE = 1e-6
_GENERATED = 2_000


def export_onnx(bundle: Bundle, folder: Path, out: Path) -> float:
    """Write an ONNX model with one input for each column and the scores as output.

    Args:
        bundle: The bundle, loaded.
        folder: Its folder.
        out: File to write.

    Returns:
        Largest difference of a score, over the golden rows and 2,000 generated ones.

    Raises:
        ConfigError: If the libraries are not installed.
        BundleError: If the pipeline has no converter, or scores differ by more than 1e-6.
    """
    to_onnx, types, runtime = _libraries()
    schema = bundle.schema
    columns = [(name, types.FloatTensorType([None, 1])) for name in schema.numeric]
    columns += [(name, types.StringTensorType([None, 1])) for name in schema.categorical]
    golden = pd.DataFrame(read_json(folder / "golden.json")["rows"])
    rows = pd.concat([golden, _generated(golden, bundle)], ignore_index=True)
    numbers = rows[list(schema.numeric)].astype(np.float32)
    texts = rows[list(schema.categorical)].astype(object).where(lambda t: t.notna(), "")
    try:
        options = {id(bundle.pipeline): {"zipmap": False}}
        model = to_onnx(bundle.pipeline, initial_types=columns, options=options)
        content = model.SerializeToString()
        runtime.set_default_logger_severity(4)  # what it raises is told below
        session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
        feed = {name: numbers[[name]].to_numpy() for name in schema.numeric}
        feed |= {name: texts[[name]].to_numpy() for name in schema.categorical}
        told = np.asarray(session.run(None, feed)[1][:, 1], dtype=np.float64)
    except Exception as error:  # each converter raises errors of its own
        first = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise BundleError(f"{folder}: cannot be converted to ONNX ({first:.200})") from error
    gap = largest_difference(told, bundle.score(rows))
    if not gap <= TOLERANCE:
        raise BundleError(
            f"{folder}: ONNX scores rows differently, by up to {gap:.3g} (at most {TOLERANCE:g} is "
            "accepted); use `harness serve`, or --to mlflow"
        )
    write_bytes(out, content)
    return gap


def _generated(golden: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """Rows mixed from golden values, with numbers moved and a category never seen."""
    rng = np.random.default_rng(0)
    drawn: dict[str, Any] = {}
    for name in bundle.schema.numeric:
        values = (
            golden[name].astype(np.float64).to_numpy()[rng.integers(0, len(golden), _GENERATED)]
        )
        drawn[name] = values * rng.choice([0.5, 1.0, 1 + 1e-7, 2.0], _GENERATED)
    for name in bundle.schema.categorical:
        known = [*golden[name].dropna().unique(), "never seen"]
        drawn[name] = rng.choice(np.array(known, dtype=object), _GENERATED)
    return pd.DataFrame(drawn)


def _libraries() -> tuple[Any, Any, Any]:
    try:
        import onnxruntime
        from skl2onnx import to_onnx
        from skl2onnx.common import data_types
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"--to onnx needs {error.name}, which is not installed: pip install 'harness[onnx]'"
        ) from error
    return to_onnx, data_types, onnxruntime
