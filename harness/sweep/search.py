"""Search: candidates proposed by Optuna one after another and compared on validation alone.

A search learns from each figure it is shown, so it is shown none of the test window: its
candidates are compared on validation, and the best is judged once, at full alpha.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.artefacts import read_record
from harness.config import candidate_fingerprint, protocol_fingerprint
from harness.config.composer import Composer
from harness.errors import ConfigError
from harness.evidence import find_metric
from harness.settings import RunSettings
from harness.sweep.current import current
from harness.sweep.job_words import job_words
from harness.sweep.live import SweepWatch
from harness.sweep.plan import Job, parsed
from harness.sweep.reserve import test_fingerprints
from harness.sweep.sweep_file import begin_sweep, is_done
from harness.sweep.threads import workers_of

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution

STUDY = "study.sqlite"
GIVEN_UP = "GIVEN_UP"
_NAME = "harness"
_EVERY_ROUNDS = 10
_WARM_UP_ROUNDS = 20
_WAIT_SECONDS = 60


def sweep_search(launcher: Any, config: Any, words: Sequence[str]) -> list[Any]:
    """Propose candidates, compare them on validation, propose better ones.

    Args:
        launcher: Hydra's launcher, set up.
        config: Hydra's config of the sweep.
        words: Overrides, some of them ranges to search in.

    Raises:
        ConfigError: If Optuna is missing, the candidates cannot be meant, or more than the best
            would be judged.
    """
    fixed, space = _space(words)
    settings = Composer(current.config_dir, current.config_name).settings(
        [*fixed, *(f"{key}={_shown(_lowest(d))}" for key, d in space.items())]
    )
    if settings.holdout.select != "validation":
        raise ConfigError(
            "sweeper=optuna: a search learns from every figure it sees, so none may be of the test "
            "window; leave holdout out, or write holdout=select_on_validation"
        )
    folder, options = Path(config.hydra.sweep.dir), config.hydra.sweeper
    protocol = protocol_fingerprint(settings)
    probe = Job(
        number=0,
        words=tuple(fixed),
        settings=settings,
        protocol=protocol,
        candidate=candidate_fingerprint(settings),
    )
    tests = test_fingerprints([probe])
    begin_sweep(folder, words, {protocol: settings}, tests, {}, is_resumed=current.is_resumed)
    study = _study(folder / STUDY, settings, int(options.seed))
    watch = SweepWatch(folder, int(options.n_trials))
    at_once = int(options.n_jobs or workers_of(config.hydra.launcher))
    returned: list[Any] = []
    with watch.running():
        while trials := _next_trials(study, folder, space, at_once, int(options.n_trials)):
            n_done = sum(trial.state.is_finished() for trial in study.trials)
            watch.expect(
                [trial.number for trial in trials], n_done=n_done if not returned else None
            )
            jobs = [job_words([*fixed, *_drawn(trial)], folder, trial.number) for trial in trials]
            returned += launcher.launch(jobs, initial_job_idx=0)
            for trial in trials:
                _tell(study, trial, folder, settings)
    return returned


def pruner_of(path: Path, number: int, options: Any) -> Callable[[int, float], bool] | None:
    """What gives up a trial whose loss is worse than most others' after as many rounds.

    Args:
        path: The study's file.
        number: The trial's number.
        options: `hydra.sweeper` of the config.
    """
    if not options.prune:
        return None
    from optuna import load_study
    from optuna.pruners import MedianPruner
    from optuna.study import StudyDirection
    from optuna.trial import Trial

    pruner = MedianPruner(
        n_startup_trials=int(options.n_startup_trials), n_warmup_steps=_WARM_UP_ROUNDS
    )
    study = load_study(study_name=_NAME, storage=_storage(path), pruner=pruner)
    trial = Trial(study, study.trials[number]._trial_id)  # noqa: SLF001 - no public way to a trial of another process
    # Optuna compares reports in the study's own direction; a loss is better when lower.
    sign = 1.0 if study.direction is StudyDirection.MINIMIZE else -1.0

    def is_behind(step: int, loss: float) -> bool:
        if (step + 1) % _EVERY_ROUNDS:
            return False
        trial.report(sign * loss, step)
        return bool(trial.should_prune())

    return is_behind


def _space(words: Sequence[str]) -> tuple[list[str], dict[str, BaseDistribution]]:
    """Fixed overrides, and what each other key is drawn from."""
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(
            "sweeper=optuna: Optuna is not installed; pip install 'harness[optuna]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    fixed, space = [], {}
    for override in parsed(words):
        if override.is_sweep_override():
            space[override.get_key_element()] = _distribution(override)
        else:
            fixed.append(override.input_line or "")
    if not space:
        raise ConfigError(
            "sweeper=optuna: nothing to search; give a key a range, such as "
            "model.max_depth=range(2,8) or model.learning_rate=tag(log,interval(0.01,0.3))"
        )
    return fixed, space


def _distribution(override: Any) -> BaseDistribution:
    from hydra.core.override_parser.types import ValueType
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    value: Any = override.value()
    key = override.get_key_element()
    try:
        if override.value_type is ValueType.INTERVAL_SWEEP:
            is_log = "log" in value.tags
            if isinstance(value.start, int) and isinstance(value.end, int):
                return IntDistribution(value.start, value.end, log=is_log)
            return FloatDistribution(float(value.start), float(value.end), log=is_log)
        if override.value_type is ValueType.RANGE_SWEEP:
            start, stop, step = value.start, value.stop, value.step
            if all(isinstance(bound, int) for bound in (start, stop, step)):
                return IntDistribution(start, stop - 1, step=step)
            return FloatDistribution(float(start), float(stop - step), step=float(step))
    except ValueError as error:
        raise ConfigError(f"{override.input_line}: is no range to search in ({error})") from error
    choices = list(override.sweep_string_iterator())
    if not choices:
        raise ConfigError(f"{override.input_line}: lists no value; write {key}=choice(a,b)")
    return CategoricalDistribution(choices)


def _lowest(distribution: BaseDistribution) -> Any:
    choices = getattr(distribution, "choices", None)
    return choices[0] if choices else getattr(distribution, "low", 0)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _storage(path: Path) -> Any:
    from optuna.storages import RDBStorage

    return RDBStorage(
        f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": _WAIT_SECONDS}}
    )


def _study(path: Path, settings: RunSettings, seed: int) -> Study:
    """The study in the sweep's folder, made where there is none."""
    from optuna import create_study
    from optuna.samplers import TPESampler

    primary = find_metric(settings.criteria.primary_metrics[0])
    study = create_study(
        study_name=_NAME,
        storage=_storage(path),
        direction="minimize" if primary.higher_is_better is False else "maximize",
        load_if_exists=True,
    )
    # What was drawn before a search was cut off must not be drawn again.
    study.sampler = TPESampler(seed=seed + len(study.trials))
    return study


def _next_trials(
    study: Study, folder: Path, space: dict[str, BaseDistribution], at_once: int, n_trials: int
) -> list[Trial]:
    """Trials that were cut off, or new ones; none when there were enough."""
    from optuna.trial import Trial, TrialState

    open_ones = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    if open_ones:
        return [Trial(study, t._trial_id) for t in open_ones[:at_once]]  # noqa: SLF001
    n_left = n_trials - len(study.get_trials(deepcopy=False))
    return [study.ask(space) for _ in range(min(at_once, n_left))]


def _drawn(trial: Trial) -> list[str]:
    return [f"{key}={_shown(value)}" for key, value in trial.params.items()]


def _tell(study: Study, trial: Trial, folder: Path, settings: RunSettings) -> None:
    """What became of a trial, as its record says."""
    from optuna.trial import TrialState

    place = folder / str(trial.number)
    if not is_done(place):
        study.tell(trial.number, state=TrialState.FAIL)
        return
    content = read_record(place).content
    if content["decision"] == GIVEN_UP:
        study.tell(trial.number, state=TrialState.PRUNED)
        return
    value = content["validation"]["candidate"].get(settings.criteria.primary_metrics[0])
    if value is None or not math.isfinite(value):
        study.tell(trial.number, state=TrialState.FAIL)
    else:
        study.tell(trial.number, float(value))
