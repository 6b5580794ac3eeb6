"""Write: a bundle folder, whole or not at all."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import skops.io

from harness.artefacts import new_folder, to_json, write_json
from harness.artefacts.bundle_files import SEAL
from harness.artefacts.versions import versions
from harness.bundle.bundle import Bundle, golden_rows
from harness.bundle.card import model_card
from harness.bundle.in_the_open import preprocessing_in_the_open
from harness.bundle.load import FORMAT_VERSION, JOBLIB, largest_difference
from harness.bundle.skops_file import dump_pipeline
from harness.bundle.trusted_types import KNOWN_TYPES
from harness.config.own_code import own_classes
from harness.errors import BundleError
from harness.monitor import Reference, write_reference
from harness.monitor.store import FILE as REFERENCE

# Libraries that make a score.
SCORING = ("harness", "numpy", "pandas", "scikit-learn", "scipy", "skops", "xgboost")


def write_bundle(
    bundle: Bundle,
    folder: Path,
    *,
    features: pd.DataFrame,
    facts: Mapping[str, Any],
    documents: Mapping[str, Any],
    reference: Reference | None = None,
    pipeline_format: str = "skops",
) -> Bundle:
    """Write a bundle and return it with its manifest.

    Args:
        bundle: What to write.
        folder: Where; must not exist.
        features: Typed rows to take golden rows from.
        facts: What the manifest and the model card say beyond files and versions.
        documents: JSON documents to put beside the pipeline, by file name.
        reference: What `harness monitor` compares with; None leaves it out.
        pipeline_format: skops, or joblib, which has to be trusted to be loaded.

    Raises:
        BundleError: If the pipeline cannot be stored, or does not give its scores again.
    """
    with new_folder(folder) as place:
        stored = place / f"pipeline.{pipeline_format}"
        if pipeline_format == "joblib":
            joblib.dump(bundle.pipeline, stored)
        else:
            dump_pipeline(bundle.pipeline, stored)
        golden = golden_rows(bundle, features)
        scores = bundle.score(golden)
        alone = np.array([bundle.score_one(row) for row in golden])
        write_json(place / "golden.json", {"rows": golden, "scores": scores})
        write_json(place / "preprocessing.json", preprocessing_in_the_open(bundle.pipeline))
        (place / "input.schema.json").write_text(to_json(bundle.schema.json_schema(golden[0])))
        write_json(place / "threshold.json", {"value": bundle.threshold, **facts["threshold"]})
        for name, content in documents.items():
            write_json(place / name, content)
        if reference is not None:
            write_reference(reference, place / REFERENCE)
        manifest: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "name": facts["name"],
            "decision": facts["decision"],
            "protocol_fingerprint": facts["protocol_fingerprint"],
            "candidate_fingerprint": facts["candidate_fingerprint"],
            "model": facts["model"],
            "own_classes": own_classes(facts["targets"]),
            "pipeline": stored.name,
            "trusted_types": [JOBLIB] if pipeline_format == "joblib" else _types_needed(stored),
            "one_row": {
                "compiled": bundle.one_row is not None,
                "largest_difference": largest_difference(scores, alone),
            },
            "libraries": versions(SCORING),
            "python": ".".join(map(str, sys.version_info[:3])),
        }
        (place / "README.md").write_text(model_card(manifest, facts))
        manifest["files"] = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(place.iterdir())
        }
        write_json(place / "manifest.json", manifest)
        digest = hashlib.sha256((place / "manifest.json").read_bytes()).hexdigest()
        (place / SEAL).write_text(f"{digest}  manifest.json\n")
    return Bundle(
        pipeline=bundle.pipeline,
        schema=bundle.schema,
        threshold=bundle.threshold,
        manifest=manifest,
    )


def _types_needed(path: Path) -> list[str]:
    needed = [t for t in skops.io.get_untrusted_types(file=path) if t not in KNOWN_TYPES]
    local = [name for name in needed if name.startswith("__main__.")]
    if local:
        raise BundleError(
            f"{local[0]}: defined in a notebook or script, which nobody else can import; put the class "
            "into a module of its own and name it by that"
        )
    return sorted(needed)
