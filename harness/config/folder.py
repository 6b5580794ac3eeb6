"""Folder: where the packaged configs lie, in a checkout or in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).resolve().parent.parent / "conf"
CONF_DIR = _PACKAGED if _PACKAGED.is_dir() else _PACKAGED.parent.parent / "conf"


def group_names() -> list[str]:
    """The packaged config groups."""
    return sorted(path.name for path in CONF_DIR.iterdir() if path.is_dir())
