"""JSON: every file names its schema version; unreadable or newer ones are refused."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from harness.artefacts.atomic import write_text
from harness.errors import ArtefactError

SCHEMA_VERSION = 1


def to_json(value: Any) -> str:
    """Canonical text: sorted nowhere, two spaces, no NaN, a newline at the end."""
    return json.dumps(_plain(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a mapping with its `schema_version` first, whole or not at all."""
    write_text(path, to_json({"schema_version": SCHEMA_VERSION, **value}))


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that `write_json` wrote.

    Raises:
        ArtefactError: If it is missing, damaged, or from a newer version.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ArtefactError(f"{path}: no such file; is {path.parent} a run's folder?") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtefactError(f"{path}: cannot be read ({error}); run again to replace it") from error
    if not isinstance(value, dict):
        raise ArtefactError(f"{path}: holds no JSON object; run again to replace it")
    version = value.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise ArtefactError(
            f"{path}: schema_version {version!r}, this harness reads up to {SCHEMA_VERSION}; "
            "install a newer harness"
        )
    return value


def _plain(value: Any) -> Any:
    """Dataclasses, numpy and dates as JSON types; a number that is none becomes null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str):
        return value
    return str(value)
