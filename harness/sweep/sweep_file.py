"""Sweep file: what a sweep set out to do, written before its first job and read to go on."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts import read_json, read_record, write_json
from harness.artefacts.run_folder import RECORD, SWEEP
from harness.config.fingerprint import protocol_dict
from harness.config.flat import flat
from harness.errors import ArtefactError, ConfigError
from harness.settings import RunSettings

# Overrides that say how a sweep is carried out; those kept hold again when it goes on, unless typed otherwise.
_KEPT = ("running", "fail_fast")
_FREE = ("resume", "launcher", "hydra/launcher", "hydra", *_KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFile:
    """What sweep.json says.

    Attributes:
        folder: The sweep's folder.
        words: What was typed and makes the sweep what it is.
        running: What was typed of how it is carried out: ledger, cache and the like.
        protocols: Protocols by fingerprint.
        tests: Fingerprints of their test rows.
        candidates: Candidate fingerprints of a grid by job number; empty for a search.
    """

    folder: Path
    words: tuple[str, ...]
    running: tuple[str, ...]
    protocols: dict[str, Any]
    tests: dict[str, str]
    candidates: dict[str, str]


def fixed_words(words: Sequence[str]) -> tuple[str, ...]:
    """Overrides that make a sweep what it is."""
    return tuple(word for word in words if _group(word) not in _FREE)


def words_to_go_on(sweep: SweepFile, typed: Sequence[str]) -> list[str]:
    """What has to be added to the words that were typed, for a sweep to go on as it began.

    One that went on with another ledger would open its window a second time.
    """
    keys = {_key(word) for word in typed}
    kept = [word for word in sweep.running if _key(word) not in keys]
    return kept if fixed_words(typed) else [*sweep.words, *kept]


def begin_sweep(
    folder: Path,
    words: Sequence[str],
    protocols: dict[str, RunSettings],
    tests: dict[str, str],
    candidates: dict[int, str],
    *,
    is_resumed: bool,
) -> None:
    """Write sweep.json, or make sure that it says the same.

    Args:
        folder: The sweep's folder.
        words: What was typed.
        protocols: A config of each protocol, by fingerprint.
        tests: Fingerprint of the test rows, by protocol.
        candidates: Candidate fingerprints by job number; empty for a search.
        is_resumed: Whether the folder is expected to hold this very sweep.

    Raises:
        ConfigError: If it holds another one; with what differs.
    """
    if not (folder / SWEEP).exists():
        content = {
            "words": list(fixed_words(words)),
            "running": [word for word in words if _group(word) in _KEPT],
            "protocols": {key: protocol_dict(settings) for key, settings in protocols.items()},
            "tests": tests,
            "candidates": candidates,
        }
        write_json(folder / SWEEP, content)
        return
    if not is_resumed:
        raise ArtefactError(
            f"{folder}: holds a sweep already and runs are never overwritten; choose another "
            f"hydra.sweep.dir, or go on with it: harness run -m resume={folder}"
        )
    stored = read_sweep(folder)
    before = next(iter(stored.protocols.values()))
    for key, settings in protocols.items():
        if key not in stored.protocols:
            raise ConfigError(f"resume: {folder} {_differs(before, protocol_dict(settings))}")
    if tests != stored.tests:
        raise ConfigError(
            f"resume: {folder} was begun on other test rows than this table holds now; restore the "
            "table, or start a sweep of its own without resume"
        )
    if {str(n): c for n, c in candidates.items()} != stored.candidates:
        raise ConfigError(
            f"resume: {folder} was begun with other candidates ({shlex.join(stored.words)}); type "
            "those words, or start a sweep of its own without resume"
        )


def read_sweep(folder: Path) -> SweepFile:
    """Read a sweep's file.

    Raises:
        ArtefactError: If the folder holds none, or one that was changed by hand.
    """
    if not (folder / SWEEP).is_file():
        raise ArtefactError(f"resume: no sweep in {folder} (no {SWEEP}); name a sweep's folder")
    content = read_json(folder / SWEEP)
    content.setdefault("running", [])  # early ones have none
    lists, maps = ("words", "running"), ("protocols", "tests", "candidates")
    is_whole = (
        all(isinstance(content.get(key), list) for key in lists)
        and all(isinstance(word, str) for key in lists for word in content[key])
        and all(isinstance(content.get(key), dict) for key in maps)
        and bool(content["protocols"])
    )
    if not is_whole:
        raise ArtefactError(
            f"resume: {folder / SWEEP} was changed and no longer says what the sweep is; restore it"
        )
    return SweepFile(
        folder=folder,
        words=tuple(content["words"]),
        running=tuple(content["running"]),
        protocols=content["protocols"],
        tests=content["tests"],
        candidates=content["candidates"],
    )


def find_sweep(root: Path, words: Sequence[str]) -> SweepFile:
    """The newest sweep below a folder that was started with the same words.

    Raises:
        ArtefactError: If there is none.
    """
    found = sorted(root.glob(f"**/{SWEEP}"), key=lambda path: path.stat().st_mtime_ns)
    sweeps = [read_sweep(path.parent) for path in found]
    wanted = fixed_words(words)
    same = [sweep for sweep in sweeps if sweep.words == wanted]
    if same:
        return same[-1]
    newest = (
        f"; the newest is {sweeps[-1].folder} ({shlex.join(sweeps[-1].words)})" if found else ""
    )
    raise ArtefactError(
        f"resume: no sweep below {root}/ was started with these words{newest}; name the folder of "
        "the one you mean: resume=FOLDER"
    )


def is_done(folder: Path) -> bool:
    """Whether a job's folder holds its finished run."""
    try:
        return (folder / RECORD).exists() and read_record(folder).status == "DONE"
    except ArtefactError:
        return False


def _differs(before: Any, after: Any) -> str:
    ours, theirs = flat(before), flat(after)
    keys = [k for k in sorted({*ours, *theirs}) if ours.get(k) != theirs.get(k)]
    shown = ", ".join(
        f"{k} was {ours.get(k, 'not set')} and is {theirs.get(k, 'not set')} now" for k in keys[:4]
    )
    return (
        f"was begun with another protocol: {shown}; restore that, or start a sweep of its own without "
        "resume"
    )


def _key(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def _group(word: str) -> str:
    key = _key(word)
    return key if key.startswith("hydra/") else key.partition(".")[0]
