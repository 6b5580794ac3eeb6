"""Callback: Hydra tells where a run or a sweep writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

# Filled in the launching process: `run` or `sweep` to its folder.
started: dict[str, Path] = {}


class Remember(Callback):
    """Remembers the folder Hydra chose."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """A single run begins."""
        started["run"] = Path(config.hydra.run.dir).resolve()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """A sweep begins."""
        started["sweep"] = Path(config.hydra.sweep.dir).resolve()
