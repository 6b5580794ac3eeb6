"""Engine: the same function over many parts, here or on the workers of a cluster."""

from __future__ import annotations

from harness.engine.engine import Engine, LocalEngine, open_engine

__all__ = ["Engine", "LocalEngine", "open_engine"]
