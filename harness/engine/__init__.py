"""Engine: the same function over many parts, here or on the workers of a cluster."""

from __future__ import annotations

from harness.engine.engine import Engine, LocalEngine, open_engine
from harness.engine.ray_address import check_ray_listens

__all__ = ["Engine", "LocalEngine", "check_ray_listens", "open_engine"]
