"""Current: what this process is launching; worker processes never see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


@dataclass(kw_only=True)
class Current:
    """One launch, filled in as Hydra goes.

    Attributes:
        config_dir: The user's own config folder.
        config_name: Primary config file, without `.yaml`.
        is_resumed: Whether the sweep's folder holds jobs to go on with.
        run: Folder Hydra chose for a single run.
        sweep: Folder Hydra chose for a sweep.
        failures: What went wrong in a single run; raised once Hydra, which would print it as
            well, is out of the way.
    """

    config_dir: Path | None = None
    config_name: str = "config"
    is_resumed: bool = False
    run: Path | None = None
    sweep: Path | None = None
    failures: list[Exception] = field(default_factory=list)


current = Current()


def begin(config_dir: Path | None, config_name: str, *, is_resumed: bool) -> None:
    """Forget the last launch."""
    fresh = Current(config_dir=config_dir, config_name=config_name, is_resumed=is_resumed)
    vars(current).update(vars(fresh))


class Remember(Callback):
    """Hydra tells where a run or a sweep writes."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """A single run begins."""
        current.run = Path(config.hydra.run.dir).resolve()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """A sweep begins."""
        current.sweep = Path(config.hydra.sweep.dir).resolve()
