"""Application: what Hydra's own main does with a run or a sweep, but for composing it once.

`hydra.main` composes a config to learn whether it is a sweep and again to run it; here it is
composed once, checked, and only then given a folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from harness.config import CONF_DIR
from harness.config.compose import compose_dict, hydra_of
from harness.config.reworded import reworded
from harness.sweep import job
from harness.sweep.current import current
from harness.sweep.interrupt import interrupt_later

# Flags that print something and start no run.
_INFORMATIVE = ("help", "hydra_help", "cfg", "info", "shell_completion")
# Flags that bring a config from elsewhere.
_ELSEWHERE = ("config_path", "experimental_rerun")


def is_informative(options: Any) -> bool:
    """Whether Hydra is only asked to print something."""
    return any(getattr(options, name) for name in _INFORMATIVE)


def hand_over(words: Sequence[str], options: Any) -> None:
    """Let Hydra carry out a command line.

    Args:
        words: Overrides and flags, overrides first.
        options: The same, parsed.

    Raises:
        ConfigError: If the config cannot be composed or meant; nothing was written then.
    """
    with _full_errors(options.overrides):
        if is_informative(options) or any(getattr(options, name) for name in _ELSEWHERE):
            _main(words, is_completion=bool(options.shell_completion))
        else:
            _start(options)


def _main(words: Sequence[str], *, is_completion: bool) -> None:
    """Hydra's own main; completion hooks onto the bare command."""
    from hydra import main as hydra_main

    program = "harness" if is_completion else "harness run"
    typed, sys.argv = sys.argv, [program, *words]
    try:
        hydra_main(config_path=str(CONF_DIR), config_name="config", version_base="1.3")(
            job.run_job
        )()
    finally:
        sys.argv = typed


def _start(options: Any) -> None:
    from hydra.types import RunMode

    hydra = hydra_of(Path(options.config_dir) if options.config_dir else None)
    name, overrides = current.config_name, list(options.overrides)
    is_sweep = options.multirun
    if not is_sweep:
        with interrupt_later():  # checking a model's parameters imports its library
            config = hydra.compose_config(name, overrides, RunMode.RUN, with_log_configuration=True)
            is_sweep = config.hydra.mode is RunMode.MULTIRUN  # a config may say so itself
            settings = None if is_sweep else job.settings_of(config)
    if is_sweep:
        hydra.multirun(name, job.run_job, [*overrides, "hydra.mode=MULTIRUN"])
    else:
        _single(hydra.config_loader, config, name, partial(job.run_job, settings=settings))


def _single(loader: Any, config: DictConfig, name: str, task: Any) -> None:
    """What `Hydra.run` does once it has composed."""
    from hydra._internal.callbacks import Callbacks
    from hydra.core.utils import run_job
    from hydra.types import HydraContext, RunMode

    config.hydra.mode = RunMode.RUN
    callbacks = Callbacks(config)
    callbacks.on_run_start(config=config, config_name=name)
    done = run_job(
        hydra_context=HydraContext(config_loader=loader, callbacks=callbacks),
        task_function=task,
        config=config,
        job_dir_key="hydra.run.dir",
        job_subdir_key=None,
    )
    callbacks.on_run_end(config=config, config_name=name, job_return=done)
    _ = done.return_value  # raises what the job raised


@contextmanager
def _full_errors(overrides: Sequence[str]) -> Iterator[None]:
    """Hydra would print and exit with status 1; asked for full errors it lets them through."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    GlobalHydra.instance().clear()
    full = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        if _is_interrupt(error):
            raise KeyboardInterrupt from error
        compose = partial(
            compose_dict, config_dir=current.config_dir, config_name=current.config_name
        )
        raise reworded(error, overrides, compose) from error
    finally:
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        GlobalHydra.instance().clear()


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C lies behind an error: composing a config words whatever it catches anew."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
