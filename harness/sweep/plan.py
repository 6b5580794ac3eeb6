"""Plan: which candidates a sweep will judge, checked before the first of them starts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import candidate_fingerprint, protocol_fingerprint
from harness.config.composer import Composer
from harness.config.fingerprint import protocol_dict
from harness.config.flat import flat
from harness.config.reworded import reworded
from harness.errors import ConfigError
from harness.settings import RunSettings

# From so many candidates on, sharing one opening of the window costs most of its power.
MANY = 100
_MOST_SHOWN = 300  # characters of a line one might still read
_GUESSED_SECONDS = 10
# More candidates than anyone judges; a range mistyped by a few zeros would fill the memory.
_MOST_JOBS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One candidate of a sweep.

    Attributes:
        number: Place in the grid, from 0; its folder is named by it.
        words: Its overrides.
        settings: Its config, checked.
        protocol: Protocol fingerprint.
        candidate: Candidate fingerprint.
    """

    number: int
    words: tuple[str, ...]
    settings: RunSettings
    protocol: str
    candidate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A sweep's candidates.

    Attributes:
        words: What was typed.
        jobs: Distinct candidates, in the grid's order.
        repeats: Number of a job that repeats an earlier one, to that one's number.
    """

    words: tuple[str, ...]
    jobs: tuple[Job, ...]
    repeats: dict[int, int]

    def notes(self) -> list[str]:
        """What whoever started it should know before it runs."""
        found = []
        if self.repeats:
            pairs = ", ".join(f"{job} (as {first})" for job, first in self.repeats.items())
            found.append(f"judged once: jobs {pairs} are candidates listed before")
        settings, n = self.jobs[0].settings, len(self.jobs)
        if n >= MANY and settings.holdout.select == "all":
            hours = n * _GUESSED_SECONDS / 3600
            words = " ".join(w for w in self.words if not w.startswith("holdout="))
            if len(words) > _MOST_SHOWN:
                words = "(the same words)"
            found.append(
                f"{n:,} candidates share one opening of the test window: each bound is held at alpha / "
                f"{n:,}, and at {_GUESSED_SECONDS} seconds a job they take {hours:,.1f} hours one after "
                "another. To compare them on validation and judge the best alone, type\n"
                f"  harness run -m {words} holdout=select_on_validation"
            )
        return found


def jobs_of(overrides: Sequence[str]) -> list[list[str]]:
    """Overrides of each job of a grid, in Hydra's order.

    Raises:
        ConfigError: If an override cannot be parsed, or is a range that no grid can list.

    Example:
        >>> jobs_of(["seed=1,2", "split.gap=3d"])
        [['seed=1', 'split.gap=3d'], ['seed=2', 'split.gap=3d']]
    """
    choices: dict[str, list[str]] = {}
    for override in parsed(overrides):
        key = override.get_key_element()
        word = override.input_line or ""
        if not override.is_sweep_override():
            choices[key] = [word]
        elif override.is_discrete_sweep():
            choices[key] = [f"{key}={value}" for value in _values(override)]
        else:
            raise ConfigError(
                f"{word}: a grid lists its values, such as {key}=1,2,3; for a range to "
                "search in, add sweeper=optuna"
            )
        if not choices[key]:
            raise ConfigError(f"{word}: lists no value, so there is no candidate; write {key}=1,2")
    n_jobs = math.prod(map(len, choices.values()))
    if n_jobs > _MOST_JOBS:
        swept = ", ".join(f"{key} ({len(v):,})" for key, v in choices.items() if len(v) > 1)
        raise ConfigError(
            f"{swept}: a grid of {n_jobs:,} candidates, at most {_MOST_JOBS:,} are listed; list fewer "
            "values, or add sweeper=optuna to search among them"
        )
    return [list(job) for job in itertools.product(*choices.values())]


def _values(override: Any) -> list[str]:
    """Values a word lists, as text."""
    word = override.input_line
    try:
        values = list(itertools.islice(override.sweep_string_iterator(), _MOST_JOBS + 1))
    except ValueError as error:
        raise ConfigError(f"{word}: is no range ({error}); write range(START,STOP,STEP)") from error
    if len(values) > _MOST_JOBS:
        raise ConfigError(
            f"{word}: lists more than {_MOST_JOBS:,} values; list fewer, or add sweeper=optuna to "
            "search among them"
        )
    return values


def parsed(overrides: Sequence[str]) -> list[Any]:
    """Hydra's own reading of overrides.

    Raises:
        ConfigError: If one cannot be parsed.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    for word in overrides:
        key, _, value = word.partition("=")
        if value.lstrip().startswith("glob("):
            raise ConfigError(f"{word}: glob is not understood here; list the options: {key}=a,b")
    try:
        return list(OverridesParser.create().parse_overrides(list(overrides)))
    except HydraException as error:
        raise reworded(error) from error


def plan_grid(words: Sequence[str], *, config_dir: Path | None, config_name: str) -> Plan:
    """Compose and check every job's config; no data is read.

    Args:
        words: Overrides, some of them lists of values.
        config_dir: A user's own config folder.
        config_name: Primary config file, without `.yaml`.

    Raises:
        ConfigError: Naming the job, if one cannot be meant; or if protocols differ.
    """
    composer = Composer(config_dir, config_name)
    listed = jobs_of(words)
    shared = set(words)  # what every job has needs no naming
    jobs: dict[tuple[str, str], Job] = {}
    repeats: dict[int, int] = {}
    for number, job in enumerate(listed):
        try:
            settings = composer.settings(job)
        except ConfigError as error:
            if len(listed) == 1:
                raise
            own = " ".join(word for word in job if word not in shared)
            raise ConfigError(f"job {number} ({own}): {error}") from error
        protocol, candidate = protocol_fingerprint(settings), candidate_fingerprint(settings)
        first = jobs.setdefault(
            (protocol, candidate),
            Job(
                number=number,
                words=tuple(job),
                settings=settings,
                protocol=protocol,
                candidate=candidate,
            ),
        )
        if first.number != number:
            repeats[number] = first.number
    plan = Plan(words=tuple(words), jobs=tuple(jobs.values()), repeats=repeats)
    _share_a_protocol(plan.jobs)
    return plan


def _share_a_protocol(jobs: Sequence[Job]) -> None:
    first = jobs[0]
    other = next((job for job in jobs if job.protocol != first.protocol), None)
    if other is None or first.settings.across_protocols:
        return
    ours, theirs = (flat(protocol_dict(job.settings)) for job in (first, other))
    key = next(k for k in sorted({*ours, *theirs}) if ours.get(k) != theirs.get(k))
    raise ConfigError(
        f"{key}: is {ours.get(key, 'not set')} in job {first.number} and "
        f"{theirs.get(key, 'not set')} in job {other.number}, but it belongs to the protocol, which the "
        "candidates of a sweep share; run one sweep for each value, or add across_protocols=true to "
        "judge each protocol's candidates as a family of their own"
    )
