"""Own code: a user's classes among the `_target_`s, and what they said when they were used."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path

from harness.errors import BundleError


def own_classes(targets: Sequence[str]) -> list[dict[str, str]]:
    """Classes that neither the harness nor an installed package brings: module and hash.

    Args:
        targets: Class paths.

    Raises:
        BundleError: If a class lives in a notebook or script that nobody can import.
    """
    found = []
    for target in targets:
        module_name, _, name = target.rpartition(".")
        if module_name == "__main__":
            raise BundleError(
                f"{target}: a class of a notebook or script cannot be loaded elsewhere; "
                "move it into a module of its own"
            )
        path = getattr(importlib.import_module(module_name), "__file__", None)
        if path is None or "site-packages" in path or module_name.split(".")[0] == "harness":
            continue
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        found.append({"class": name, "module": module_name, "sha256": digest})
    return found
