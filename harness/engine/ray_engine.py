"""Ray engine: parts spread over the workers of a Ray cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from harness.errors import ConfigError

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")

# Results waiting for their turn are held in the cluster's memory, not in this process.
_AHEAD_PER_CORE = 2
_RETRIES = 3


class RayEngine:
    """Tasks of the cluster that RAY_ADDRESS names, else of one on this machine.

    Raises:
        ConfigError: If Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(self) -> None:
        try:
            import ray
        except ImportError as error:
            raise ConfigError(
                "running.engine: ray is not installed; pip install 'harness[ray]'"
            ) from error
        self._ray = ray
        if not ray.is_initialized():
            try:
                ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, RuntimeError, ValueError) as error:
                first = str(error).strip().splitlines()[0]
                raise ConfigError(
                    f"running.engine: no Ray cluster can be reached ({first}); start one, or set "
                    "RAY_ADDRESS to one that runs"
                ) from error

    def map(
        self, function: Callable[[_Part, Any], _Result], parts: Sequence[_Part], shared: Any
    ) -> Iterator[_Result]:
        """As `Engine.map`; a part whose worker was lost is begun again on another."""
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(function)
        held = ray.put(shared)
        at_once = max(1, int(ray.cluster_resources().get("CPU", 1))) * _AHEAD_PER_CORE
        waiting: deque[Any] = deque()
        for part in parts:
            waiting.append(task.remote(part, held))
            if len(waiting) >= at_once:
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
