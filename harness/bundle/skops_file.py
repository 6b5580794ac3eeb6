"""Skops file: a pipeline without code, in bytes that depend on the pipeline alone.

skops names the parts of its archive by memory address or at random and stamps them with the time.
Both are replaced, so that the same pipeline gives the same file and one hash.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import skops.io

from harness.errors import BundleError

_SCHEMA = "schema.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def dump_pipeline(pipeline: Any, path: Path) -> None:
    """Write a fitted pipeline.

    Raises:
        BundleError: If an object in it keeps its state in a way skops cannot store.
    """
    try:
        content = skops.io.dumps(pipeline)
    except Exception as error:  # skops raises whatever the object's own state raises
        raise BundleError(
            f"pipeline: {type(pipeline.named_steps['model']).__name__} cannot be stored by "
            f"skops ({error}); use a model of plain attributes"
        ) from error
    path.write_bytes(_canonical(content))


def _canonical(content: bytes) -> bytes:
    numbers: dict[int, int] = {}
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        schema = json.loads(source.read(_SCHEMA))
        files = {_SCHEMA: _SCHEMA}
        _renumber(schema, set(source.namelist()), numbers, files)
        for old, new in sorted(files.items(), key=lambda pair: pair[1]):
            data = json.dumps(schema).encode() if old == _SCHEMA else source.read(old)
            entry = zipfile.ZipInfo(new, date_time=_LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, data, compresslevel=1)
    return buffer.getvalue()


def _renumber(node: Any, names: set[str], numbers: dict[int, int], files: dict[str, str]) -> None:
    """Count objects in the order they are met, instead of by address."""
    if isinstance(node, list):
        for entry in node:
            _renumber(entry, names, numbers, files)
    elif isinstance(node, dict):
        if isinstance(node.get("__id__"), int):
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
        old = node.get("file")
        if isinstance(old, str) and old in names:
            files.setdefault(old, f"part-{len(files):06d}{Path(old).suffix}")
            node["file"] = files[old]
        for entry in node.values():
            _renumber(entry, names, numbers, files)
