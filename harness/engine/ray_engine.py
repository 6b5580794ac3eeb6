"""Ray engine: parts spread over the workers of a Ray cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from harness.engine.ray_address import check_ray_listens, ray_address, ray_is_away
from harness.errors import ConfigError, HarnessError

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")

# Results waiting for their turn are held in the cluster's memory, not in this process.
_AHEAD_PER_CORE = 2
_RETRIES = 3
_KEY = "running.engine"


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
            address = ray_address()
            check_ray_listens(_KEY, address)
            try:
                ray.init(
                    address,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise ray_is_away(_KEY, str(error).strip().splitlines()[0]) from error

    def map(
        self, function: Callable[[_Part, Any], _Result], parts: Sequence[_Part], shared: Any
    ) -> Iterator[_Result]:
        """As `Engine.map`; a part whose worker was lost is begun again on another.

        Raises:
            HarnessError: What the function raised on a worker.
            ConfigError: If the cluster, or every worker tried, was lost.
        """
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(function)
        held = ray.put(shared)
        at_once = max(1, int(ray.cluster_resources().get("CPU", 1))) * _AHEAD_PER_CORE
        waiting: deque[Any] = deque()
        for part in parts:
            waiting.append(task.remote(part, held))
            if len(waiting) >= at_once:
                yield self._result(waiting.popleft())
        while waiting:
            yield self._result(waiting.popleft())

    def _result(self, task: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(task)
        except errors.RayTaskError as error:
            if isinstance(error.cause, HarnessError):
                raise error.cause from None
            if isinstance(error.cause, errors.RayError):
                raise _lost(error.cause) from error
            raise
        except errors.RayError as error:
            raise _lost(error) from error


def _lost(error: Exception) -> ConfigError:
    first = str(error).strip().splitlines()[0].rstrip(".")
    return ConfigError(
        f"{_KEY}: the Ray cluster lost a part of the work ({first}); see that its nodes "
        "are up and have memory, or write running.engine=local"
    )
