"""Bundle: the fitted pipeline with all it needs to be trusted, passed on as one folder."""

from __future__ import annotations

from harness.bundle.batch import n_rows_of, score_file
from harness.bundle.bundle import Bundle
from harness.bundle.input_schema import InputSchema
from harness.bundle.latency import measure_latency
from harness.bundle.load import load_bundle
from harness.bundle.write import write_bundle

__all__ = [
    "Bundle",
    "InputSchema",
    "load_bundle",
    "measure_latency",
    "n_rows_of",
    "score_file",
    "write_bundle",
]
