"""Job: one experiment in its own folder; whatever goes wrong is written there."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from harness.artefacts import write_json, write_text
from harness.artefacts.run_folder import RECORD
from harness.config import load_settings
from harness.errors import ArtefactError, HarnessError
from harness.sweep.progress import Progress


def run_job(config: DictConfig) -> float | None:
    """Run one job; its folder says DONE, or FAILED and why.

    Args:
        config: The composed config, inside a Hydra job.

    Returns:
        The primary metric on validation, for sweepers that optimise; None when failed.
    """
    from hydra.core.hydra_config import HydraConfig

    job = HydraConfig.get()
    folder = Path(job.runtime.output_dir)
    overrides = tuple(job.overrides.task)
    is_sweep = job.mode is not None and job.mode.name == "MULTIRUN"
    progress = Progress(label=f"job {job.job.num}" if is_sweep else None)
    try:
        if (folder / RECORD).exists():
            raise ArtefactError(
                f"{folder}: holds a run already; choose another hydra.run.dir, runs are never overwritten"
            )
        write_json(folder / RECORD, {"status": "UNFINISHED", "overrides": list(overrides)})
        plain = OmegaConf.to_container(config, resolve=True)
        assert isinstance(plain, dict)
        settings = load_settings({str(k): v for k, v in plain.items()})
        return _run(settings, folder, overrides, progress)
    except HarnessError as error:
        _failed(folder, overrides, str(error))
        progress.failed(str(error), overrides)
        if not is_sweep or config.running.fail_fast:
            raise
    except KeyboardInterrupt:
        _failed(folder, overrides, "interrupted (Ctrl-C)")
        raise
    except Exception as error:  # a defect: its traceback belongs beside the run
        reason = f"{type(error).__name__}: {error}"
        write_text(folder / "error.txt", traceback.format_exc())
        _failed(folder, overrides, reason)
        progress.failed(f"{reason} (traceback in {folder / 'error.txt'})", overrides)
        if not is_sweep or config.running.fail_fast or os.environ.get("HARNESS_DEBUG"):
            raise
    finally:
        progress.stop()
    return None


def _run(settings: Any, folder: Path, overrides: tuple[str, ...], progress: Progress) -> float:
    # Heavy imports happen here, once a config is known to be right.
    from harness.record import write_run
    from harness.runner import run_experiment

    result = run_experiment(settings, stages=progress.stages)
    progress.facts(result)
    write_run(result, folder, overrides=overrides)
    progress.done(result, folder)
    return result.validation_metrics.get(settings.criteria.primary_metric, float("nan"))


def _failed(folder: Path, overrides: tuple[str, ...], reason: str) -> None:
    record = folder / RECORD
    if record.exists() and "holds a run already" in reason:
        return
    write_json(record, {"status": "FAILED", "overrides": list(overrides), "reason": reason})
