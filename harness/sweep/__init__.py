"""Sweep: runs launched through Hydra, one folder each."""

from __future__ import annotations

from harness.sweep.launch import launch

__all__ = ["launch"]
