"""Place: where the bundle to serve stands, and how to see that another one does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.artefacts.bundle_files import SEAL
from harness.bundle import Bundle, load_bundle
from harness.errors import BundleError
from harness.registry.names import is_uri, parse_uri

if TYPE_CHECKING:
    from harness.registry import Registry, Version

_FOLDER_SECONDS, _REGISTRY_SECONDS = 1.0, 2.0


class Place(Protocol):
    """A place that holds one bundle at a time."""

    @property
    def every_seconds(self) -> float:
        """How often to look."""
        ...

    def seal(self) -> str:
        """SHA-256 of the manifest of the bundle that stands there now.

        Raises:
            HarnessError: If that cannot be told.
        """
        ...

    def load(self) -> Bundle:
        """The bundle whose seal was told last, checked.

        Raises:
            HarnessError: If it must not be loaded.
        """
        ...

    def label(self) -> str | None:
        """What the registry calls it; None outside a registry."""
        ...


def place_of(bundle: str, registry: str | None, trust: tuple[str, ...]) -> Place:
    """A folder, or a registered model.

    Args:
        bundle: Folder, or `models:/NAME@ALIAS`.
        registry: URI of the registry.
        trust: Types beyond the known ones that may be rebuilt.
    """
    return Alias(bundle, registry, trust) if is_uri(bundle) else Folder(Path(bundle), trust)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose bundle may be replaced by another.

    Attributes:
        folder: The folder.
        trust: Types beyond the known ones that may be rebuilt.
        every_seconds: How often to look.
    """

    folder: Path
    trust: tuple[str, ...] = ()
    every_seconds: float = _FOLDER_SECONDS

    def seal(self) -> str:
        """As in `Place`."""
        try:
            return (self.folder / SEAL).read_text().split()[0]
        except (OSError, IndexError) as error:
            raise BundleError(f"{self.folder}: no bundle there") from error

    def load(self) -> Bundle:
        """As in `Place`."""
        return load_bundle(self.folder, trust=self.trust)

    def label(self) -> str | None:
        """As in `Place`."""
        return None


class Alias:
    """A registered model's alias, or one version.

    Args:
        uri: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        registry: URI of the registry.
        trust: Types beyond the known ones that may be rebuilt.
    """

    def __init__(self, uri: str, registry: str | None, trust: tuple[str, ...] = ()) -> None:
        self.every_seconds = _REGISTRY_SECONDS
        self._uri, self._trust, self._where = parse_uri(uri), trust, registry
        self._registry: Registry | None = None
        self._version: Version | None = None

    def seal(self) -> str:
        """As in `Place`."""
        from harness.registry.live import resolve

        self._version = resolve(self._open(), self._uri)
        return self._version.seal

    def load(self) -> Bundle:
        """As in `Place`; the bundle stands ready for a way back."""
        from harness.registry.versions import bundle_of

        assert self._version is not None, "load follows seal"
        return bundle_of(self._open(), self._version, trust=self._trust)

    def label(self) -> str | None:
        """As in `Place`."""
        version = self._version
        return f"{version.name}/{version.version}" if version is not None else None

    def _open(self) -> Registry:
        if self._registry is None:
            from harness.registry import Registry

            self._registry = Registry(self._where)
        return self._registry
