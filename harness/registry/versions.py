"""Versions: bundles in the registry, checked on their way in and on every way out."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from harness.artefacts import read_json
from harness.artefacts.bundle_files import MANIFEST, SEAL
from harness.artefacts.one_run import BUNDLE, check_manifest_says, open_run, run_of_bundle
from harness.cache import cache_folder
from harness.errors import ArtefactError, BundleError, RegistryError, did_you_mean
from harness.registry.journal import who
from harness.registry.names import CHALLENGER, JOURNAL, check_name, check_version
from harness.registry.store import Registry

if TYPE_CHECKING:
    from harness.bundle import Bundle

_MODEL = "model"
_TAGS = ("decision", "protocol_fingerprint", "candidate_fingerprint", "model")
SHIP = "SHIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A registered bundle.

    Attributes:
        name: Registered model.
        version: Its number, as text.
        decision: What the harness said of it.
        model: Class of the model.
        seal: SHA-256 of the bundle's manifest.
        at: When it was registered, UTC.
        by: Who registered it.
        protocol_fingerprint: What it was judged by.
        candidate_fingerprint: What it is.
        run_id: MLflow run that holds the bundle.
        source: Where in that run it lies.
    """

    name: str
    version: str
    decision: str
    model: str
    seal: str
    at: str
    by: str
    protocol_fingerprint: str
    candidate_fingerprint: str
    run_id: str
    source: str


def register(
    registry: Registry, run: Path, name: str, *, trust: Collection[str] = ()
) -> tuple[Version, bool]:
    """Put a run's bundle into the registry, as a model that plain MLflow loads.

    The version appears in one transaction, after everything it needs is in place.

    Args:
        registry: Where to.
        run: A run's folder, or a bundle's.
        name: Registered model.
        trust: Types to trust beyond the known ones.

    Returns:
        The version, and whether it is new: the same bundle again is the same version.

    Raises:
        ArtefactError: If the run came to no end, or its files disagree.
        BundleError: If the bundle is damaged or scores differently.
        RegistryError: If the registry cannot be reached or written.
    """
    check_name(name)
    from harness.bundle.load import load_bundle

    folder = run if (run / SEAL).is_file() else run / BUNDLE
    whole = run_of_bundle(folder)
    if whole is not None:  # which has the figures and the report beside the bundle
        open_run(whole).judged()
        run = whole
    bundle = load_bundle(folder, trust=trust)
    seal = seal_of(folder)
    registry.make_model(name)
    for known in versions_of(registry, name):
        if known.seal == seal:
            return known, False
    run_id, source = _log_run(registry, bundle, folder, run)
    tags = {f"harness.{key}": str(bundle.manifest[key]) for key in _TAGS}
    tags |= {"harness.seal": seal, "harness.by": who()}
    with registry.asked(f"register a version of {name}"):
        made = registry.client.create_model_version(name, source, run_id=run_id, tags=tags)
        registry.client.set_registered_model_alias(name, CHALLENGER, made.version)
    return _version(made), True


def versions_of(registry: Registry, name: str) -> list[Version]:
    """All versions of a model, oldest first; none of a model that is not there."""
    check_name(name)
    with registry.asked(f"list the versions of {name}"):
        found = registry.client.search_model_versions(f"name='{name}'")
    versions = [_version(entry) for entry in found if "harness.seal" in entry.tags]
    return sorted(versions, key=lambda version: int(version.version))


def model_names(registry: Registry) -> list[str]:
    """All registered models, journals left out."""
    with registry.asked("list its models"):
        found = registry.client.search_registered_models()
        while found.token:
            page = registry.client.search_registered_models(page_token=found.token)
            found.extend(page)
            found.token = page.token
    return sorted(str(model.name) for model in found if not model.name.endswith(JOURNAL))


def require_model(registry: Registry, name: str) -> None:
    """Refuse a name nobody registered.

    Raises:
        RegistryError: With the nearest name there is.
    """
    check_name(name)
    names = model_names(registry)
    if not names:
        raise RegistryError(f"{name}: no such model; none is registered, see `harness register`")
    if name not in names:
        raise RegistryError(f"{name}: no such model; {did_you_mean(name, names)}")


def find_version(registry: Registry, name: str, version: str) -> Version:
    """One version.

    Raises:
        RegistryError: If there is none, or it was not registered by the harness.
    """
    check_name(name)
    check_version(version)
    with registry.asked(f"find {name} version {version}"):
        try:
            entry = registry.client.get_model_version(name, version)
        except registry.mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            entry = None
    if entry is not None and "harness.seal" in entry.tags:
        return _version(entry)
    require_model(registry, name)
    known = versions_of(registry, name)
    numbers = ", ".join(entry.version for entry in known) or "none"
    raise RegistryError(f"{name}: no version {version}; there are {numbers}")


def bundle_of(registry: Registry, version: Version, *, trust: Collection[str] = ()) -> Bundle:
    """A version's bundle: every hash checked and golden rows replayed, now.

    Raises:
        BundleError: If it is damaged, scores differently, or is not what the registry says of it.
        RegistryError: If it cannot be fetched.
    """
    from harness.bundle.load import check_whole, load_bundle

    folder = bundle_folder(registry, version)
    known = registry.loaded.get(folder)
    if known is not None and seal_of(folder) == version.seal:
        check_whole(known, folder)
        bundle = known
    else:
        bundle = load_bundle(folder, trust=trust)
        registry.loaded[folder] = bundle
    said = {key: getattr(version, key) for key in _TAGS}
    who_says = f"the registry's {version.name} version {version.version}"
    check_manifest_says(folder / MANIFEST, bundle.manifest, said, who_says)
    return bundle


def bundle_folder(registry: Registry, version: Version) -> Path:
    """Where a version's bundle lies on this machine, fetched once from a server.

    Raises:
        BundleError: If it is not the bundle that was registered.
        RegistryError: If it cannot be fetched.
    """
    key = (version.name, version.version)
    if key not in registry.places:
        with registry.asked(f"find {version.name} version {version.version}"):
            registry.places[key] = registry.client.get_model_version_download_uri(*key)
    source = registry.places[key]
    place = _local(source)
    if place is None:
        place = cache_folder(None) / "registry" / version.seal
        if not place.exists():
            _fetch(registry, source, place)
    found = sorted(place.glob(f"data/*/{SEAL}"))
    if not found:
        raise BundleError(f"{place}: holds no bundle; register it again")
    folder = found[0].parent
    if seal_of(folder) != version.seal:
        raise BundleError(
            f"{folder}: not the bundle that was registered as {version.name} version {version.version}"
        )
    return folder


def seal_of(folder: Path) -> str:
    """SHA-256 of a bundle's manifest, as the bundle says.

    Raises:
        BundleError: If there is no bundle.
    """
    try:
        return (folder / SEAL).read_text().split()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder}: no bundle there; name a run's folder, or `last`") from error


def _log_run(registry: Registry, bundle: Bundle, folder: Path, run: Path) -> tuple[str, str]:
    """An MLflow run with the bundle as its model; the run's id and the model's place."""
    from harness.bundle.export import export_mlflow

    experiment = registry.experiment()
    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary) / _MODEL
        export_mlflow(bundle, folder, model)
        with registry.asked("write the bundle"):
            client = registry.client
            made = client.create_run(experiment, run_name=str(bundle.manifest["name"]))
            run_id = str(made.info.run_id)
            client.set_tag(run_id, "harness.decision", bundle.manifest["decision"])
            for key, value in candidate_metrics(run).items():
                client.log_metric(run_id, key, value)
            client.log_artifacts(run_id, str(model), _MODEL)
            report = run / "report.html"
            if report.is_file():
                client.log_artifact(run_id, str(report))
            client.set_terminated(run_id)
    return run_id, f"{made.info.artifact_uri}/{_MODEL}"


def candidate_metrics(run: Path) -> dict[str, float]:
    """The candidate's metrics on the test window, of a run's folder; none where it has none."""
    try:
        told: list[dict[str, Any]] = read_json(run / "metrics.json")["test"]
    except (ArtefactError, KeyError):
        return {}
    values = {entry["name"]: entry["candidate"]["value"] for entry in told}
    return {name: float(value) for name, value in values.items() if value is not None}


def _version(entry: Any) -> Version:
    tags: dict[str, str] = entry.tags
    at = dt.datetime.fromtimestamp(entry.creation_timestamp / 1000, dt.UTC)
    return Version(
        name=str(entry.name),
        version=str(entry.version),
        seal=tags.get("harness.seal", ""),
        by=tags.get("harness.by", ""),
        at=at.isoformat(timespec="seconds"),
        run_id=str(entry.run_id or ""),
        source=str(entry.source),
        **{key: tags.get(f"harness.{key}", "") for key in _TAGS},
    )


def _local(source: str) -> Path | None:
    parsed = urlparse(source)
    if parsed.scheme in ("", "file"):
        return Path(unquote(parsed.path))
    return None


def _fetch(registry: Registry, source: str, place: Path) -> None:
    from harness.artefacts import new_folder

    with registry.asked("fetch a bundle"), new_folder(place) as temporary:
        registry.mlflow.artifacts.download_artifacts(
            artifact_uri=source, dst_path=str(temporary), tracking_uri=registry.uri
        )
        [inner] = [path for path in temporary.iterdir() if path.is_dir()]
        for path in inner.iterdir():
            path.rename(temporary / path.name)
        inner.rmdir()
