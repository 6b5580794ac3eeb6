"""Engine: maps a function over parts and gives the results back in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from harness.engine.memory import give_back

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


class Engine(Protocol):
    """What carries out work on parts."""

    def map(
        self, function: Callable[[_Part, Any], _Result], parts: Sequence[_Part], shared: Any
    ) -> Iterator[_Result]:
        """Apply a function to each part.

        Args:
            function: A module's own function; it may run in another process.
            parts: What to work on, one by one.
            shared: What all parts need, sent to a worker once.
        """


class LocalEngine:
    """One part after another, in this process: no more than one is in memory."""

    def map(
        self, function: Callable[[_Part, Any], _Result], parts: Sequence[_Part], shared: Any
    ) -> Iterator[_Result]:
        """As `Engine.map`."""
        for part in parts:
            yield function(part, shared)
        give_back()


def open_engine(name: str) -> Engine:
    """An engine by its name.

    Args:
        name: local or ray.

    Raises:
        ConfigError: If what it needs is not installed.
    """
    if name == "ray":
        from harness.engine.ray_engine import RayEngine

        return RayEngine()
    return LocalEngine()
