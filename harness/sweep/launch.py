"""Launch: hand a run or a sweep to Hydra, and learn what became of it.

Everything a Hydra user expects (`--cfg`, `--info`, `--config-dir`, `-m`, launchers,
sweepers, shell completion) is Hydra's own work here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.config import CONF_DIR, register_schemas
from harness.config.compose import reworded
from harness.sweep import callback, job
from harness.sweep.interrupt import interrupt_later
from harness.sweep.plan import checked_jobs
from harness.sweep.reserve import reserve_looks
from harness.sweep.select import judge_winner

# Flags that print something and start no run.
_INFORMATIVE = ("help", "hydra_help", "cfg", "info", "shell_completion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """Folders of the jobs a launch started.

    Attributes:
        folders: One per job, in order; empty when only something was printed.
        sweep: The sweep's folder; None for a single run.
    """

    folders: tuple[Path, ...]
    sweep: Path | None


def launch(arguments: Sequence[str]) -> Launched:
    """Run Hydra on command-line arguments.

    Args:
        arguments: Overrides and Hydra's own flags, as typed after `harness run`.

    Raises:
        ConfigError: If a config cannot be meant; before any data is read.
    """
    from hydra import main as hydra_main
    from hydra._internal.utils import get_args_parser  # the one place that knows Hydra's flags
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    register_schemas()
    options = get_args_parser().parse_args(list(arguments))
    informative = any(getattr(options, name) for name in _INFORMATIVE)
    if not informative:
        with interrupt_later():  # checking a model's parameters imports its library
            jobs = checked_jobs(
                options.overrides,
                multirun=options.multirun,
                config_dir=Path(options.config_dir) if options.config_dir else None,
                config_name=options.config_name or "config",
            )
        if options.multirun:
            reserve_looks(jobs)
    if options.config_dir:
        sys.path.append(str(Path(options.config_dir).resolve()))
    GlobalHydra.instance().clear()
    callback.started.clear()
    job.failures.clear()
    words, sys.argv = sys.argv, [_program(options.shell_completion), *arguments]
    # Hydra would print and exit with status 1; asked for full errors it lets them through.
    full = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra_main(config_path=str(CONF_DIR), config_name="config", version_base="1.3")(
            job.run_job
        )()
    except (HydraException, OmegaConfBaseException) as error:
        raise reworded(error, options.overrides) from error
    finally:
        sys.argv = words
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        GlobalHydra.instance().clear()
    if job.failures:
        raise job.failures[0]
    folders, sweep = _job_folders(), callback.started.get("sweep")
    winner = judge_winner(sweep, folders) if sweep else None
    return Launched(folders=(*folders, *([winner] if winner else [])), sweep=sweep)


def _program(is_completion: bool) -> str:
    """What Hydra calls this program: completion hooks onto the bare command."""
    return "harness" if is_completion else "harness run"


def _job_folders() -> tuple[Path, ...]:
    if sweep := callback.started.get("sweep"):
        folders = [path for path in sweep.iterdir() if path.is_dir() and path.name.isdigit()]
        return tuple(sorted(folders, key=lambda path: int(path.name)))
    run = callback.started.get("run")
    return (run,) if run else ()
