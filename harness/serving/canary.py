"""Canary: a share of keys is answered by the challenger, always the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.column_reading import MAX_EXACT, number_text
from harness.errors import ConfigError

CONTROL, TREATMENT = "champion", "challenger"
# Columns of a canary's table: rows of a unit, and those that the champion answered for the challenger.
ROWS, FALLBACK_ROWS = "rows", "fallback_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Who is answered by whom.

    Attributes:
        share: Share of keys that the challenger answers, 0 to 1.
        key: Column that names who a row is about.
        salt: Sets this canary's split apart from those before it.
    """

    share: float
    key: str
    salt: str = ""

    def name(self, row: Mapping[str, Any]) -> str | None:
        """Who a row is about, as `unit_name`; None where it names nobody."""
        return unit_name(row.get(self.key))

    def variant(self, row: Mapping[str, Any]) -> str:
        """The variant a row's key belongs to; rows without the key stay with the champion.

        Example:
            >>> half = Canary(share=0.5, key="user")
            >>> {half.variant({"user": n}) for n in range(20)} == {"champion", "challenger"}
            True
        """
        return self.variant_of(self.name(row))

    def variant_of(self, name: str | None) -> str:
        """The variant of a unit."""
        if name is None:
            return CONTROL
        digest = hashlib.sha256(f"{self.salt}|{name}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        return TREATMENT if place < self.share else CONTROL


def unit_name(value: Any) -> str | None:
    """The name of a unit as exact text, however JSON holds it.

    7, 7.0 and "7" are one unit; "007" and "7.0" are texts, and others. A float too large to be
    exact names nobody: several units would share it.

    Returns:
        The name; None where the value is null, empty, a list or a mapping, or has lost digits.

    Example:
        >>> [unit_name(value) for value in (1234567890123456789, 7.0, "7", "007", True)]
        ['1234567890123456789', '7', '7', '007', 'true']
        >>> [unit_name(value) for value in (None, "", [7], 1234567890123456789.0)]
        [None, None, None, None]
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value) if abs(value) < MAX_EXACT else None
    if isinstance(value, str):
        return value if value.strip() else None
    return str(value) if isinstance(value, int) else None


def parse_share(text: str) -> float:
    """A share written as `5%` or `0.05`.

    Raises:
        ConfigError: If it is none, or not above 0 and below 1.
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise ConfigError(f"--canary {text}: write a share such as 5%") from error
    if not 0 < share < 1:
        raise ConfigError(f"--canary {text}: choose a share above 0 and below 100%")
    return share
