"""Job: one experiment in its own folder; whatever goes wrong is written there."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from harness.artefacts import write_json, write_text
from harness.artefacts.run_folder import RECORD
from harness.config import load_settings
from harness.errors import ArtefactError, GivenUpError, HarnessError
from harness.settings import RunSettings
from harness.sweep.current import current
from harness.sweep.interrupt import interrupt_later
from harness.sweep.progress import Progress
from harness.sweep.sweep_file import fixed_words, is_done
from harness.sweep.threads import threads_of


class SweepStoppedError(BaseException):
    """A job failed under `fail_fast`; no Exception, so that Hydra stops as well."""


def settings_of(config: DictConfig) -> RunSettings:
    """A composed config, checked.

    Args:
        config: As Hydra composed it, with or without its own node.

    Raises:
        ConfigError: If a key, option or value cannot be meant.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    plain = OmegaConf.to_container(own, resolve=True)
    assert isinstance(plain, dict)
    return load_settings({str(key): value for key, value in plain.items()})


def run_job(config: DictConfig, settings: RunSettings | None = None) -> float | None:
    """Run one job; its folder says DONE, or FAILED and why.

    Args:
        config: The composed config, inside a Hydra job.
        settings: The same, where it was checked before.

    Returns:
        The primary metric on validation, for sweepers that optimise; None when failed.
    """
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    os.chdir(hydra.runtime.cwd)  # a worker of a cluster may have begun anywhere
    folder = Path(hydra.runtime.output_dir)
    is_sweep = hydra.mode is not None and hydra.mode.name == "MULTIRUN"
    progress = Progress(is_job=is_sweep)
    try:
        _make_room(folder, is_sweep=is_sweep)
        return _run(config, settings, folder, hydra, progress)
    except Exception as error:
        if not is_sweep:
            current.failures.append(error)
        elif config.fail_fast:
            raise SweepStoppedError(f"job {folder.name} failed: {error}") from error
    finally:
        progress.stop()
    return None


def _make_room(folder: Path, *, is_sweep: bool) -> None:
    """Take away what a killed attempt left; a finished run is never overwritten.

    Raises:
        ArtefactError: If the folder holds a run that is no such thing.
    """
    if not is_sweep and not (folder / RECORD).exists():
        return
    if not is_sweep or is_done(folder):
        raise ArtefactError(
            f"{folder}: holds a run already and runs are never overwritten; "
            "choose another hydra.run.dir"
        )
    for path in folder.iterdir():
        if path.name == ".hydra":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _run(
    config: DictConfig, settings: RunSettings | None, folder: Path, hydra: Any, progress: Progress
) -> float:
    record = folder / RECORD
    overrides = fixed_words(tuple(hydra.overrides.task))
    facts = {"overrides": list(overrides)}
    write_json(record, {"status": "UNFINISHED", **facts})
    try:
        checked = settings or settings_of(config)
        if checked.running.n_jobs is None:
            checked.running.n_jobs = threads_of(hydra.launcher)

        # Heavy imports happen here, once a config is known to be right.
        with interrupt_later():
            from harness.record import write_given_up, write_run, write_validation
            from harness.runner import run_experiment, validate_candidate

        primary = checked.criteria.primary_metrics[0]
        if _is_compared_only(checked, hydra):
            validation = validate_candidate(
                checked, stages=progress.stages, on_round=_pruner(hydra, folder)
            )
            write_validation(checked, validation, folder, overrides=overrides)
            return validation.candidate.get(primary, float("nan"))
        result = run_experiment(checked, stages=progress.stages)
        progress.facts(result)
        write_run(result, folder, overrides=overrides)
    except KeyboardInterrupt:
        if not is_done(folder):  # what was written whole stays, even where Ctrl-C came at once
            write_json(record, {"status": "FAILED", **facts, "reason": "interrupted (Ctrl-C)"})
        raise
    except GivenUpError as error:
        write_given_up(checked, error, folder, overrides=overrides, stages=progress.stages)
        return float("nan")
    except HarnessError as error:
        write_json(record, {"status": "FAILED", **facts, "reason": str(error)})
        raise
    except Exception as error:  # a defect: its traceback belongs beside the run
        write_text(folder / "error.txt", traceback.format_exc())
        reason = f"{type(error).__name__}: {error} (traceback in error.txt)"
        write_json(record, {"status": "FAILED", **facts, "reason": reason})
        raise
    return result.validation_metrics.get(primary, float("nan"))


def _is_compared_only(settings: RunSettings, hydra: Any) -> bool:
    return bool(hydra.mode.name == "MULTIRUN" and settings.holdout.select == "validation")


def _pruner(hydra: Any, folder: Path) -> Callable[[int, float], bool] | None:
    """What gives up a trial that lags behind; None outside a search."""
    from harness.sweep.search import STUDY, pruner_of

    study = Path(hydra.sweep.dir) / STUDY
    return pruner_of(study, int(folder.name), hydra.sweeper) if study.exists() else None
