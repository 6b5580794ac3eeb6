"""Names: what a model, an alias and a version may be called."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import RegistryError

CHAMPION, PREVIOUS, CHALLENGER = "champion", "previous", "challenger"
# Moves of NAME are kept as versions of a model called so; nobody else may take the name.
JOURNAL = ".journal"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_URI = re.compile(r"models:/([^@/]+)(?:@([^@/]+)|/(\d+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUri:
    """`models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Attributes:
        name: Registered model.
        alias: champion, previous, challenger or another; None where a version is named.
        version: Version number as text; None where an alias is named.
    """

    name: str
    alias: str | None
    version: str | None

    def __str__(self) -> str:
        return f"models:/{self.name}" + (f"@{self.alias}" if self.alias else f"/{self.version}")


def check_name(name: str) -> str:
    """The name, where it is one.

    Raises:
        RegistryError: If it holds anything but letters, digits, `_` and `-`.
    """
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"'{name[:80]}': no model name; use letters, digits, _ and -, at most 63, starting with a "
            "letter or digit"
        )
    return name


def check_version(version: str) -> str:
    """The version number, where it is one.

    Raises:
        RegistryError: If it is no whole number.
    """
    if not re.fullmatch(r"[1-9]\d{0,9}", version):
        raise RegistryError(f"'{version[:40]}': no version; `harness models` lists their numbers")
    return version


def is_uri(text: str) -> bool:
    """Whether a text means a registered model."""
    return text.startswith("models:/")


def parse_uri(text: str) -> ModelUri:
    """Read `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        RegistryError: If it is neither.

    Example:
        >>> parse_uri("models:/churn@champion")
        ModelUri(name='churn', alias='champion', version=None)
    """
    match = _URI.fullmatch(text)
    if match is None:
        raise RegistryError(f"{text[:120]}: write models:/NAME@ALIAS or models:/NAME/VERSION")
    alias = match[2]
    if alias is not None:
        check_name(alias)
    return ModelUri(name=check_name(match[1]), alias=alias, version=match[3])
