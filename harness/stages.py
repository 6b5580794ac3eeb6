"""Stages: the steps of a run, named and timed."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Stages:
    """Times each step and tells whoever wants to show it.

    Attributes:
        on_start: Called with the name of a step as it begins.
        on_end: Called with the name and seconds of a step that ended well.
        seconds: Seconds by step, in order.

    Example:
        >>> stages = Stages()
        >>> with stages("read"):
        ...     pass
        >>> list(stages.seconds)
        ['read']
    """

    on_start: Callable[[str], None] | None = None
    on_end: Callable[[str, float], None] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time the block inside as the step `name`."""
        if self.on_start is not None:
            self.on_start(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + taken
        if self.on_end is not None:
            self.on_end(name, taken)


def peak_memory_mb() -> float:
    """Largest resident size of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says is inherited from the process that started this one.
        lines = status.read_text().splitlines()
        found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
        if found:
            return int(found[0]) / 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
