"""Flat: a nested config as dotted keys and text, for tables and differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Dotted keys to text; empty values are `none`.

    Example:
        >>> flat({"split": {"gap": None, "test": "2mo"}})
        {'split.gap': 'none', 'split.test': '2mo'}
    """
    if isinstance(value, Mapping) and value:
        parts: dict[str, str] = {}
        for key, entry in value.items():
            parts |= flat(entry, f"{prefix}.{key}" if prefix else str(key))
        return parts
    return {prefix: "none" if value in (None, {}, [], "") else str(value)}
