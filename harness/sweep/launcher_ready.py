"""Launcher ready: what a launcher needs is asked for before anything is planned or opened."""

from __future__ import annotations

from typing import Any

from harness.engine import check_ray_listens


def check_launcher(launcher: Any) -> None:
    """See that what jobs are to run on is there, where that can be told beforehand.

    Args:
        launcher: `hydra.launcher` of the config.

    Raises:
        ConfigError: If a Ray cluster is named and nobody listens there.
    """
    if str(launcher.get("_target_", "")).endswith("RayLauncher"):
        check_ray_listens("launcher=ray", str(launcher.ray.init.get("address")))
