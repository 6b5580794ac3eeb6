"""Column check: what looks at columns and split before anything is trained; found by its file.

A file of this folder that defines CHECKS, a code for each of its checks, is all it takes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from harness.audit.finding import Finding
from harness.audit.view import View
from harness.settings import AuditSettings

ColumnCheck = Callable[[View, AuditSettings], list[Finding]]
_DEFINES = "\nCHECKS: "


@cache
def column_checks() -> dict[str, ColumnCheck]:
    """All of them by code, in the codes' order."""
    found: dict[str, ColumnCheck] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if _DEFINES in path.read_text("utf-8") and path != Path(__file__):
            found |= importlib.import_module(f"{__package__}.{path.stem}").CHECKS
    return dict(sorted(found.items()))
