"""Bundle files: whether a bundle's folder holds what its manifest lists, byte for byte.

Nothing is loaded from it, so that a command that only reads a decision can ask as well.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.artefacts.signature import signature_of
from harness.errors import BundleError

MANIFEST = "manifest.json"
# Holds the manifest's own hash, in the form `sha256sum --check` reads.
SEAL = "manifest.sha256"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read a part at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_seal(place: Path) -> None:
    """Refuse a folder whose manifest is not the one that was sealed.

    Raises:
        BundleError: Naming the file.
    """
    try:
        digest = sha256_of(place / MANIFEST)
        sealed = (place / SEAL).read_bytes().split()
    except OSError as error:
        raise BundleError(
            f"{place}: no bundle there ({error.strerror}: {error.filename})"
        ) from error
    if sealed != [digest.encode(), MANIFEST.encode()]:
        raise BundleError(f"{place / MANIFEST}: does not match {SEAL}; fetch the bundle again")


def check_files(place: Path, expected: dict[str, str]) -> None:
    """Refuse a folder with files missing, added or changed.

    Args:
        place: The bundle's folder.
        expected: SHA-256 by file name, as the manifest lists them.

    Raises:
        BundleError: Naming the file.
    """
    signature = signature_of(place / SEAL).name
    present = {path.name for path in place.iterdir()} - {MANIFEST, SEAL, signature}
    for name in sorted(present - set(expected)):
        raise BundleError(
            f"{place / name}: not in the manifest; remove it or fetch the bundle again"
        )
    for name, digest in expected.items():
        path = place / name
        if Path(name).name != name or path.is_symlink() or not path.is_file():
            raise BundleError(f"{path}: missing, or not a plain file; fetch the bundle again")
        if sha256_of(path) != digest:
            raise BundleError(f"{path}: changed since the bundle was written; fetch it again")
