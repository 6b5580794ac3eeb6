"""Launch: hand a run or a sweep to Hydra, and learn what became of it.

Everything a Hydra user expects (`--cfg`, `--info`, `--config-dir`, `-m`, launchers,
shell completion) is Hydra's own work here.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts.run_folder import SWEEP
from harness.config import register_schemas
from harness.config.literal import literal_words
from harness.errors import ArtefactError, ConfigError, HarnessError, did_you_mean
from harness.sweep.application import hand_over, is_informative
from harness.sweep.current import begin, current
from harness.sweep.progress import say
from harness.sweep.select import judge_winner
from harness.sweep.sweep_file import find_sweep, is_done, read_sweep, words_to_go_on

_OUTPUTS = Path("outputs")


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
        ArtefactError: If jobs of a sweep came to no end; with the line that goes on.
    """
    from hydra._internal.utils import get_args_parser  # the one place that knows Hydra's flags

    register_schemas()
    words = _overrides_first(arguments)
    options = get_args_parser().parse_args(words)
    words = _literal(words, options)
    options = get_args_parser().parse_args(words)
    informative = is_informative(options)
    if options.multirun and informative:
        raise ConfigError(
            "-m: starts a sweep, and --cfg, --info and --help print; keep one of them"
        )
    config_dir = Path(options.config_dir) if options.config_dir else None
    resumed = None
    if not informative:
        words, resumed = _resumed(words, options)
        _refuse_other_sweepers(options)
        words = _overrides_first(words)
        options = get_args_parser().parse_args(words)
    begin(config_dir, options.config_name or "config", is_resumed=resumed is not None)
    if config_dir:
        sys.path.append(str(config_dir.resolve()))
    try:
        hand_over(words, options)
    except (Exception, KeyboardInterrupt) as error:
        _name_unfinished(error)
        raise
    if current.failures:
        raise current.failures[0]
    folders, sweep = _job_folders(), current.sweep
    winner = judge_winner(sweep, folders) if sweep else None
    return Launched(folders=(*folders, *([winner] if winner else [])), sweep=sweep)


def _overrides_first(arguments: Sequence[str]) -> list[str]:
    """Overrides before all flags: Hydra's parser takes none that stand on both sides of one."""
    from hydra._internal.utils import get_args_parser

    options, others = get_args_parser().parse_known_args(list(arguments))
    for word in others:
        if word.startswith("-"):
            flags = [f"--{name.replace('_', '-')}" for name in vars(options) if name != "overrides"]
            raise ConfigError(f"{word}: no such flag; {did_you_mean(word, flags)}")
    overrides = [*options.overrides, *others]
    words = list(arguments)
    for word in overrides:
        words.remove(word)
    return [*overrides, *words]


def _literal(words: list[str], options: Any) -> list[str]:
    """Overrides, which come first, with text values quoted; a comma of a sweep stays one."""
    typed = list(options.overrides)
    is_sweep = options.multirun or "hydra.mode=MULTIRUN" in typed
    return [*literal_words(typed, is_sweep=is_sweep), *words[len(typed) :]]


def _resumed(words: list[str], options: Any) -> tuple[list[str], Path | None]:
    """Words that go on with a sweep, and its folder; as they are where none is to go on.

    Raises:
        ConfigError: If a single run is asked to.
        ArtefactError: If there is no such sweep.
    """
    asked = [w.partition("=")[2] for w in options.overrides if w.startswith("resume=")]
    if not asked or asked[-1].lower() == "false":
        return words, None
    if not options.multirun:
        raise ConfigError("resume: only a sweep goes on; type harness run -m ... resume=true")
    if asked[-1].lower() == "true":
        stored = find_sweep(_OUTPUTS, options.overrides)
    else:
        stored = read_sweep(Path(asked[-1]))
    words = [*words, *words_to_go_on(stored, options.overrides)]
    return [*words, f"hydra.sweep.dir='{stored.folder}'"], stored.folder


def _refuse_other_sweepers(options: Any) -> None:
    """Hydra's own sweepers fix no candidates before the window is opened."""
    for word in options.overrides:
        if word.startswith("hydra/sweeper="):
            raise ConfigError(
                f"{word}: the harness fixes a sweep's candidates before the test window is opened, "
                "which this sweeper does not let it; use sweeper=grid or sweeper=optuna"
            )


def _name_unfinished(error: BaseException) -> None:
    """Say which jobs of a sweep came to no end, and the line that goes on.

    Raises:
        ArtefactError: Where a launcher gave up; the harness's own errors stay as they are.
    """
    sweep = current.sweep
    if sweep is None or not (sweep / SWEEP).exists():
        return
    folder = os.path.relpath(sweep)
    candidates = read_sweep(sweep).candidates
    left = [n for n in sorted(candidates, key=int) if not is_done(sweep / n)]
    n_done = len(candidates) - len(left)
    what = (
        f"{n_done} of {len(candidates)} jobs are done" if candidates else "the search was cut off"
    )
    if left:
        shown = ", ".join(left[:12]) + (", ..." if len(left) > 12 else "")
        what += f", {shown} {'is' if len(left) == 1 else 'are'} not"
    go_on = f"go on with: harness run -m resume={shlex.quote(folder)}"
    if isinstance(error, (HarnessError, KeyboardInterrupt)):
        say(f"{what}; {go_on}")
        return
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    raise ArtefactError(f"{what} ({type(error).__name__}: {reason}); {go_on}") from error


def _job_folders() -> tuple[Path, ...]:
    if sweep := current.sweep:
        folders = [path for path in sweep.iterdir() if path.is_dir() and path.name.isdigit()]
        return tuple(sorted(folders, key=lambda path: int(path.name)))
    return (current.run,) if current.run else ()
