"""Atomic: a file or folder appears whole under its name, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ArtefactError


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it into place.

    Raises:
        ArtefactError: If the disk is full or the folder cannot be written.
    """
    with new_file(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Like `write_bytes`, in UTF-8."""
    write_bytes(path, content.encode())


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; on success it becomes `path`.

    An error inside leaves an earlier file of that name untouched.
    """
    with _worded(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it becomes `path`.

    Raises:
        ArtefactError: If `path` exists already: artefacts are never overwritten.
    """
    if path.exists():
        raise ArtefactError(f"{path}: exists already; remove it or choose another place")
    with _worded(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            yield temporary
            temporary.chmod(0o755)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _worded(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtefactError(
            f"{path}: cannot be written ({error.strerror or error}); free space, mend its rights, or "
            "choose another folder"
        ) from error
