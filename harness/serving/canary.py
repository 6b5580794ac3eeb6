"""Canary: a share of keys is answered by the challenger, always the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.column_reading import number_text
from harness.errors import ConfigError

CONTROL, TREATMENT = "champion", "challenger"


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
        """Who a row is about, as exact text: 12, 12.0 and "12" are one; None where it says nobody.

        Example:
            >>> canary = Canary(share=0.5, key="user")
            >>> [canary.name({"user": user}) for user in (1234567890123456789, 12.0, "12", None)]
            ['1234567890123456789', '12', '12', None]
        """
        value = row.get(self.key)
        if value is None or value == "":
            return None
        return number_text(value) if isinstance(value, float) else str(value)

    def variant(self, row: Mapping[str, Any]) -> str:
        """The variant a row's key belongs to; rows without the key stay with the champion.

        Example:
            >>> half = Canary(share=0.5, key="user")
            >>> {half.variant({"user": n}) for n in range(20)} == {"champion", "challenger"}
            True
        """
        name = self.name(row)
        if name is None:
            return CONTROL
        digest = hashlib.sha256(f"{self.salt}|{name}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        return TREATMENT if place < self.share else CONTROL


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
