"""Code: what computed an entry, so that another version never reads it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


@cache
def code_fingerprint() -> str:
    """SHA-256 of the harness's own source and the versions of what it computes with."""
    digest = hashlib.sha256()
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name}={version(name)}\n".encode())
    return digest.hexdigest()
