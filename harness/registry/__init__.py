"""Registry: versions of a model, which of them is live, and every move there ever was."""

from __future__ import annotations

from harness.registry.journal import Move, Standing, standing_at, standing_of
from harness.registry.moves import promote, reconcile, rollback, rollback_target
from harness.registry.names import ModelUri, parse_uri
from harness.registry.store import Registry, registry_uri
from harness.registry.versions import Version, find_version, register, versions_of

__all__ = [
    "ModelUri",
    "Move",
    "Registry",
    "Standing",
    "Version",
    "find_version",
    "parse_uri",
    "promote",
    "reconcile",
    "register",
    "registry_uri",
    "rollback",
    "rollback_target",
    "standing_at",
    "standing_of",
    "versions_of",
]
