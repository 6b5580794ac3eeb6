"""Sweepers of the harness, in the one package where Hydra looks for them.

Hydra imports this whenever it starts, so nothing heavy is imported before a sweep begins. It
does so outside sys.modules, where dataclasses cannot resolve annotations kept as text.
"""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class GridConf:
    """Options of `sweeper=grid`.

    Attributes:
        params: Overrides swept besides those typed.
    """

    _target_: str = "hydra_plugins.harness_sweepers.GridSweeper"
    params: dict[str, str] | None = None


@dataclass
class SearchConf:
    """Options of `sweeper=optuna`.

    Attributes:
        params: Overrides swept besides those typed; `interval(a, b)` and `tag(log, ...)` as well.
        n_trials: Candidates tried in all, those of an earlier part included.
        n_jobs: Candidates tried at once; null: as many as the launcher has workers.
        seed: Seed of the sampler.
        prune: Whether boosted candidates that lag behind are given up early.
        n_startup_trials: Candidates finished before any is given up.
    """

    _target_: str = "hydra_plugins.harness_sweepers.SearchSweeper"
    params: dict[str, str] | None = None
    n_trials: int = 20
    n_jobs: int | None = None
    seed: int = 0
    prune: bool = True
    n_startup_trials: int = 5


class _HarnessSweeper(Sweeper):
    """Keeps what Hydra hands over until the sweep begins."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.launcher: Launcher | None = None
        self.config: DictConfig | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def begun(self) -> tuple[Any, Any]:
        """Launcher and config, once what the launcher needs has been seen to be there."""
        from harness.sweep.launcher_ready import check_launcher

        assert self.config is not None
        check_launcher(self.config.hydra.launcher)
        return self.launcher, self.config

    def words(self, arguments: list[str]) -> list[str]:
        """Overrides of the config file first, so that those typed win."""
        params = self.options.get("params") or {}
        return [*(f"{key}={value}" for key, value in params.items()), *arguments]


class GridSweeper(_HarnessSweeper):
    """Every combination of the values listed."""

    def sweep(self, arguments: list[str]) -> Any:
        """Hydra hands over the overrides typed."""
        from harness.sweep.grid import sweep_grid

        return sweep_grid(*self.begun(), self.words(arguments))


class SearchSweeper(_HarnessSweeper):
    """Candidates proposed by Optuna, compared on validation."""

    def sweep(self, arguments: list[str]) -> Any:
        """Hydra hands over the overrides typed."""
        from harness.sweep.search import sweep_search

        return sweep_search(*self.begun(), self.words(arguments))


_STORE = ConfigStore.instance()
_STORE.store(group="hydra/sweeper", name="harness_grid", node=GridConf, provider="harness")
_STORE.store(group="hydra/sweeper", name="harness_optuna", node=SearchConf, provider="harness")
