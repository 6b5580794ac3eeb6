"""Signature: who vouches for a bundle or a run, by an Ed25519 key.

One small file is signed, which holds the hashes of all others: a bundle's seal, a run's record.
Where a public key is configured, what it did not sign is refused. RFC 8032; keys in PEM files, as
`openssl genpkey -algorithm ed25519` writes them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.artefacts.atomic import write_bytes
from harness.errors import BundleError, ConfigError

# Names the public key that every bundle loaded and every run read has to be signed with.
KEY_VARIABLE = "HARNESS_BUNDLE_KEY"


def signature_of(path: Path) -> Path:
    """Where the signature of a file lies."""
    return path.with_suffix(".sig")


def sign(path: Path, key: Path) -> Path:
    """Sign a file that was checked before, with all whose hashes it holds.

    Args:
        path: The file: a bundle's seal, a run's record.
        key: PEM file of the private key.

    Returns:
        The signature's file.

    Raises:
        ConfigError: If the key cannot be used.
    """
    private = _key(key, private=True)
    write_bytes(signature_of(path), private.sign(path.read_bytes()))
    return signature_of(path)


def configured_key(key: str | Path | None = None) -> Path | None:
    """The public key asked for: as given, else HARNESS_BUNDLE_KEY, else none."""
    named = key or os.environ.get(KEY_VARIABLE)
    return Path(named).expanduser() if named else None


def check_signature(path: Path, key: Path) -> None:
    """Refuse a file that the key did not sign.

    Raises:
        BundleError: If it is not signed, or by another key, or was changed since.
        ConfigError: If the key cannot be used.
    """
    public = _key(key, private=False)
    try:
        signature = signature_of(path).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path.parent}: not signed, and {key} asks for a signature; `harness sign` makes one"
        ) from error
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, path.read_bytes())
    except InvalidSignature as error:
        what = "bundle" if path.name.startswith("manifest") else "run"
        raise BundleError(
            f"{signature_of(path)}: not a signature of this {what} by {key}"
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
