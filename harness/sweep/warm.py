"""Warm: the pool's processes import what jobs need while this one still plans and reads."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator
from typing import Any

from harness.sweep.threads import workers_of

_NEEDED = ("harness.runner", "harness.record", "xgboost", "sklearn.ensemble")


@contextlib.contextmanager
def warm_pool(launcher: Any) -> Iterator[None]:
    """Start joblib's pool beside what is done inside; other launchers have their own ways.

    Args:
        launcher: `hydra.launcher` of the config.
    """
    if not str(launcher.get("_target_", "")).endswith("JoblibLauncher"):
        yield
        return
    from joblib import Parallel, delayed

    n_workers = workers_of(launcher)
    # joblib keeps its pool for the next call, if that asks for the very same one.
    alike = {name: launcher.get(name) for name in ("max_nbytes", "mmap_mode", "temp_folder")}

    def start() -> None:
        with contextlib.suppress(Exception):  # whatever ails the pool, the launcher's call will say
            Parallel(n_jobs=n_workers, backend="loky", batch_size=1, **alike)(
                delayed(_import)(names) for names in [_NEEDED] * n_workers
            )

    starting = threading.Thread(target=start, daemon=True)
    starting.start()
    try:
        yield
    finally:
        starting.join()


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)
