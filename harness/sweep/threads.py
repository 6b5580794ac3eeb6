"""Threads: how many cores one of several jobs at once may count on."""

from __future__ import annotations

import os
from typing import Any


def cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_of(launcher: Any) -> int:
    """Jobs a launcher carries out at once, as far as this process can tell.

    Args:
        launcher: `hydra.launcher` of the config.
    """
    target = str(launcher.get("_target_", ""))
    if target.endswith("JoblibLauncher"):
        n_jobs = int(launcher.get("n_jobs") or 1)
        return n_jobs if n_jobs > 0 else max(1, cores() + 1 + n_jobs)
    if target.endswith(("LocalLauncher", "RayLauncher")):
        return cores()
    if target.endswith("SlurmLauncher"):
        return int(launcher.get("array_parallelism") or 1)
    return 1


def threads_of(launcher: Any) -> int | None:
    """Threads of one job; None for as many as there are cores.

    Args:
        launcher: `hydra.launcher` of the config, in the job's own process.
    """
    target = str(launcher.get("_target_", ""))
    if target.endswith("JoblibLauncher"):
        return max(1, cores() // workers_of(launcher))
    if target.endswith("RayLauncher"):
        return max(1, int((launcher.ray.get("remote") or {}).get("num_cpus") or 1))
    if target.endswith(("LocalLauncher", "SlurmLauncher")):
        return int(launcher.get("cpus_per_task") or 1)
    return None
