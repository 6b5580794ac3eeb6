"""Load: check every hash, rebuild without running code, replay the golden rows."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import skops.io
from numpy.typing import NDArray

from harness.artefacts import read_json
from harness.artefacts.bundle_files import SEAL, check_files, check_seal
from harness.artefacts.signature import check_signature, configured_key
from harness.artefacts.versions import versions
from harness.bundle.bundle import Bundle
from harness.bundle.input_schema import InputSchema
from harness.bundle.trusted_types import KNOWN_TYPES
from harness.candidate.positive_score import pipeline_score
from harness.errors import ArtefactError, BundleError

FORMAT_VERSION = 1
# What has to be trusted to load a pipeline that joblib stored.
JOBLIB = "joblib"
# A pipeline may unpack to so much, or to so many times its size, before it is looked at.
_MOST_BYTES, _MOST_TIMES = 1 << 30, 200
# Other models than those we ship may add up in another order for a single row.
_ONE_ROW_TOLERANCE = 1e-12


def load_bundle(
    folder: str | Path,
    *,
    trust: Collection[str] = (),
    key: str | Path | None = None,
    ask_signature: bool = True,
) -> Bundle:
    """Load a bundle that proves to be whole and to score as it did when written.

    Args:
        folder: The bundle's folder.
        trust: Types beyond the known ones that may be rebuilt, by full name.
        key: PEM file of the public key the bundle has to be signed with; None takes
            HARNESS_BUNDLE_KEY, and asks for no signature where that is not set either.
        ask_signature: Whether a signature is asked for at all; signing itself does not.

    Raises:
        BundleError: If a file is missing, added, changed or too new, a type is not
            trusted, or a golden row scores differently.
    """
    place = Path(folder)
    check_seal(place)
    asked = configured_key(key) if ask_signature else None
    if asked is not None:
        check_signature(place / SEAL, asked)
    try:
        manifest = read_json(place / "manifest.json")
    except ArtefactError as error:
        raise BundleError(f"{place}: no bundle there ({error})") from error
    version = manifest.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BundleError(f"{place}: bundle format {version!r} is newer than this harness reads")
    check_files(place, manifest["files"])
    schema = InputSchema.from_json_schema(_json(place / "input.schema.json"))
    golden = read_json(place / "golden.json")
    bundle = Bundle(
        pipeline=_pipeline(
            place / manifest.get("pipeline", "pipeline.skops"), trust, manifest["own_classes"]
        ),
        schema=schema,
        threshold=float(read_json(place / "threshold.json")["value"]),
        manifest=manifest,
        example=golden["rows"][0],
        golden=(
            schema.frame(pd.DataFrame(golden["rows"], dtype=object)),
            np.array(golden["scores"], dtype=np.float64),
        ),
        notes=_other_versions(manifest["libraries"]),
    )
    _replay(bundle, place)
    return bundle


def check_whole(bundle: Bundle, folder: Path) -> None:
    """Check a bundle that is in memory already: all hashes again, and the golden rows in a batch.

    One by one they were replayed when it was loaded, by the code that is in memory still.

    Raises:
        BundleError: If a file changed, or a golden row scores differently.
    """
    check_seal(folder)
    check_files(folder, bundle.manifest["files"])
    _replay_together(bundle, folder)


def largest_difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest absolute difference of two sets of scores."""
    return float(np.abs(a - b).max(initial=0.0))


def _other_versions(then: dict[str, str]) -> tuple[str, ...]:
    """Libraries that are not those of the run; golden rows decide whether it matters."""
    now = versions(then)
    return tuple(
        f"{name} was {then[name]} and is {now.get(name, 'not installed')} here"
        for name in sorted(then)
        if now.get(name) != then[name]
    )


def _json(path: Path) -> dict[str, Any]:
    import json

    value = json.loads(path.read_text())
    assert isinstance(value, dict)
    return value


def _pipeline(path: Path, trust: Collection[str], own: list[dict[str, str]]) -> Any:
    if path.suffix == f".{JOBLIB}":
        if JOBLIB not in trust:
            raise BundleError(
                f"{path}: stored by joblib, which runs code when it is loaded; pass --trust joblib "
                "if you know who made it"
            )
        return joblib.load(path)
    _check_size(path)
    untrusted = set(skops.io.get_untrusted_types(file=path)) - KNOWN_TYPES - set(trust)
    if untrusted:
        names = ", ".join(sorted(untrusted))
        where = "; ".join(f"{c['class']} comes from module {c['module']}" for c in own)
        raise BundleError(
            f"{path}: needs types that are not trusted: {names}; "
            + (f"{where}; " if where else "")
            + "pass trust=[...] if you know them"
        )
    try:
        return skops.io.load(path, trusted=sorted(KNOWN_TYPES | set(trust)))
    except ImportError as error:
        modules = ", ".join(c["module"] for c in own) or str(error)
        raise BundleError(
            f"{path}: needs the module {modules}, which is not importable here"
        ) from error


def _check_size(path: Path) -> None:
    """Refuse an archive that unpacks to far more than a pipeline would."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise BundleError(f"{path}: no skops archive ({error}); fetch the bundle again") from error
    if unpacked > _MOST_BYTES and unpacked > _MOST_TIMES * path.stat().st_size:
        raise BundleError(
            f"{path}: {path.stat().st_size:,} bytes would unpack to {unpacked:,}; not loaded"
        )


def _replay(bundle: Bundle, place: Path) -> None:
    _replay_together(bundle, place)
    golden = read_json(place / "golden.json")
    alone = np.array([bundle.score_one(row) for row in golden["rows"]])
    gap = largest_difference(alone, np.array(golden["scores"], dtype=np.float64))
    if gap > _ONE_ROW_TOLERANCE:
        raise BundleError(f"{place}: golden rows score differently one by one (by up to {gap:.3g})")


def _replay_together(bundle: Bundle, place: Path) -> None:
    features, expected = bundle.golden
    scores = pipeline_score(bundle.pipeline, features)
    if not np.array_equal(scores, expected):
        gap = largest_difference(scores, expected)
        raise BundleError(
            f"{place}: golden rows score differently here (by up to {gap:.3g}); libraries then: "
            f"{bundle.manifest['libraries']}; install those versions"
        )
