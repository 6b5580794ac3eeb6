"""Job: one experiment in its own folder; whatever goes wrong is written there."""

from __future__ import annotations

import traceback
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from harness.artefacts import write_json, write_text
from harness.artefacts.run_folder import RECORD
from harness.config import load_settings
from harness.errors import ArtefactError, HarnessError
from harness.sweep.interrupt import interrupt_later
from harness.sweep.progress import Progress

# Failures of a single run, raised once Hydra is out of the way: it would print them too.
failures: list[Exception] = []


class SweepStoppedError(BaseException):
    """A job failed under `fail_fast`; no Exception, so that Hydra stops as well."""


def run_job(config: DictConfig) -> float | None:
    """Run one job; its folder says DONE, or FAILED and why.

    Args:
        config: The composed config, inside a Hydra job.

    Returns:
        The primary metric on validation, for sweepers that optimise; None when failed.
    """
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    overrides = tuple(hydra.overrides.task)
    is_sweep = hydra.mode is not None and hydra.mode.name == "MULTIRUN"
    progress = Progress(label=f"job {hydra.job.num}" if is_sweep else None)
    try:
        if (folder / RECORD).exists():
            raise ArtefactError(
                f"{folder}: holds a run already and runs are never overwritten; "
                "choose another hydra.run.dir"
            )
        return _run(config, folder, overrides, progress)
    except Exception as error:
        progress.failed(str(error), overrides)
        if not is_sweep:
            failures.append(error)
        elif config.fail_fast:
            raise SweepStoppedError(f"job {hydra.job.num} failed: {error}") from error
    finally:
        progress.stop()
    return None


def _run(config: DictConfig, folder: Path, overrides: tuple[str, ...], progress: Progress) -> float:
    record = folder / RECORD
    facts = {"overrides": list(overrides)}
    write_json(record, {"status": "UNFINISHED", **facts})
    try:
        plain = OmegaConf.to_container(config, resolve=True)
        assert isinstance(plain, dict)
        settings = load_settings({str(key): value for key, value in plain.items()})

        # Heavy imports happen here, once a config is known to be right.
        with interrupt_later():
            from harness.record import write_run, write_validation
            from harness.runner import run_experiment, validate_candidate

        primary = settings.criteria.primary_metrics[0]
        if progress.is_job and settings.holdout.select == "validation":
            validation = validate_candidate(settings, stages=progress.stages)
            write_validation(settings, validation, folder, overrides=overrides)
            progress.done("compared on validation", folder)
            return validation.candidate.get(primary, float("nan"))
        result = run_experiment(settings, stages=progress.stages)
        progress.facts(result)
        write_run(result, folder, overrides=overrides)
    except KeyboardInterrupt:
        write_json(record, {"status": "FAILED", **facts, "reason": "interrupted (Ctrl-C)"})
        raise
    except HarnessError as error:
        write_json(record, {"status": "FAILED", **facts, "reason": str(error)})
        raise
    except Exception as error:  # a defect: its traceback belongs beside the run
        write_text(folder / "error.txt", traceback.format_exc())
        reason = f"{type(error).__name__}: {error} (traceback in error.txt)"
        write_json(record, {"status": "FAILED", **facts, "reason": reason})
        raise
    progress.done(result.decision.decision, folder)
    return result.validation_metrics.get(primary, float("nan"))
