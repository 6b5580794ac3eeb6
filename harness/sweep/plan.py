"""Plan: which jobs a multirun will start, checked before the first one does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from harness.config import compose_settings
from harness.config.compose import reworded
from harness.errors import ConfigError
from harness.settings import RunSettings


def jobs_of(overrides: Sequence[str]) -> list[list[str]]:
    """Overrides of each job of a grid, in Hydra's order.

    Raises:
        ConfigError: If an override cannot be parsed.

    Example:
        >>> jobs_of(["seed=1,2", "split.gap=3d"])
        [['seed=1', 'split.gap=3d'], ['seed=2', 'split.gap=3d']]
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise reworded(error) from error
    choices: list[list[str]] = []
    for override in parsed:
        if override.is_sweep_override() and override.is_discrete_sweep():
            key = override.get_key_element()
            choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
        elif override.is_sweep_override():
            continue  # a range for a sweeper of its own, such as Optuna's
        else:
            choices.append([override.input_line or ""])
    return [list(job) for job in itertools.product(*choices)]


def checked_jobs(
    overrides: Sequence[str], *, multirun: bool, config_dir: Path | None, config_name: str
) -> list[RunSettings]:
    """Compose and check every job's config; no data is read.

    Raises:
        ConfigError: Naming the job, if one cannot be meant.
    """
    jobs = jobs_of(overrides) if multirun else [list(overrides)]
    checked = []
    for number, job in enumerate(jobs):
        own = [word for word in job if not word.lstrip("+~").startswith("hydra")]
        try:
            checked.append(compose_settings(own, config_dir=config_dir, config_name=config_name))
        except ConfigError as error:
            if len(jobs) == 1:
                raise
            raise ConfigError(f"job {number} ({' '.join(job)}): {error}") from error
    return checked
