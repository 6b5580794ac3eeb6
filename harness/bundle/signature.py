"""Signature: who vouches for a bundle, by an Ed25519 key.

The manifest's own hash is signed, and through it every file. Where a public key is
configured, bundles without its signature are refused. RFC 8032; keys in PEM files, as
`openssl genpkey -algorithm ed25519` writes them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.artefacts import write_bytes
from harness.errors import BundleError, ConfigError

SIGNATURE = "manifest.sig"
# Names the public key that every bundle loaded has to be signed with.
KEY_VARIABLE = "HARNESS_BUNDLE_KEY"


def sign(folder: Path, seal: str, key: Path) -> None:
    """Sign a bundle that was checked before.

    Args:
        folder: The bundle's folder.
        seal: Name of the file with the manifest's hash.
        key: PEM file of the private key.

    Raises:
        ConfigError: If the key cannot be used.
    """
    private = _key(key, private=True)
    write_bytes(folder / SIGNATURE, private.sign((folder / seal).read_bytes()))


def configured_key(key: str | Path | None) -> Path | None:
    """The public key asked for: as given, else HARNESS_BUNDLE_KEY, else none."""
    named = key or os.environ.get(KEY_VARIABLE)
    return Path(named).expanduser() if named else None


def check_signature(folder: Path, seal: str, key: Path) -> None:
    """Refuse a bundle that the key did not sign.

    Raises:
        BundleError: If it is not signed, or by another key, or was changed since.
        ConfigError: If the key cannot be used.
    """
    public = _key(key, private=False)
    try:
        signature = (folder / SIGNATURE).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{folder}: not signed, and {key} asks for a signature; `harness sign` makes one"
        ) from error
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, (folder / seal).read_bytes())
    except InvalidSignature as error:
        raise BundleError(
            f"{folder / SIGNATURE}: not a signature of this bundle by {key}"
        ) from error


def _key(path: Path, *, private: bool) -> Any:
    try:
        from cryptography.hazmat.primitives import serialization as pem
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError as error:
        raise ConfigError(
            "signatures need cryptography, which is not installed: pip install 'harness[sign]'"
        ) from error
    what = "private" if private else "public"
    try:
        content = path.expanduser().read_bytes()
        key = (
            pem.load_pem_private_key(content, None) if private else pem.load_pem_public_key(content)
        )
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: no {what} key in PEM form ({error})") from error
    kind = ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey
    if not isinstance(key, kind):
        raise ConfigError(f"{path}: no Ed25519 key; openssl genpkey -algorithm ed25519 makes one")
    return key
