"""Numbers: arguments that have to be finite and within a range."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from harness.settings.ranges import Range

PORT = Range(least=0, most=65_535)


def number(allowed: Range, kind: type[float] = float) -> Callable[[str], float]:
    """What argparse reads a number with.

    Args:
        allowed: Numbers it takes; nan and infinity never.
        kind: float, or int.
    """

    def read(text: str) -> float:
        value = kind(text)
        if value not in allowed or not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"{text} must be {allowed}")
        return value

    # Of what is no number at all argparse says `invalid NAME value`.
    read.__name__ = "integer" if kind is int else "number"
    return read
