"""Live: which version an alias means now, and its bundle, for servers and baselines."""

from __future__ import annotations

from harness.errors import RegistryError
from harness.registry.journal import read_moves, standing_of
from harness.registry.names import CHAMPION, PREVIOUS, ModelUri
from harness.registry.store import Registry
from harness.registry.versions import Version, find_version, require_model


def resolve(registry: Registry, uri: ModelUri) -> Version:
    """The version a URI means: of champion and previous, what the journal says.

    Raises:
        RegistryError: If nothing of that name is live.
    """
    if uri.version is not None:
        return find_version(registry, uri.name, uri.version)
    if uri.alias in (CHAMPION, PREVIOUS):
        standing = standing_of(read_moves(registry, uri.name))
        version = standing.champion if uri.alias == CHAMPION else standing.previous
    else:
        version = registry.aliases(uri.name).get(str(uri.alias))
    if version is None:
        require_model(registry, uri.name)
        raise RegistryError(f"{uri}: no version has that alias; `harness models` lists them")
    return find_version(registry, uri.name, version)
