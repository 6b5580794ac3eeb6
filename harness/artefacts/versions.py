"""Versions: which libraries stood behind a result."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Iterable


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Installed versions of libraries by name; those not installed are left out."""
    found = {}
    for name in libraries:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
