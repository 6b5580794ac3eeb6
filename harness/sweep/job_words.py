"""Job words: a job's overrides, made to mean the same on whatever machine it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

# What this process was told by its environment, and its workers may not be. Keys are not among
# them: Hydra writes these words down.
_TOLD = ("HARNESS_CACHE", "HARNESS_LEDGER", "HARNESS_QUIET", "HARNESS_REGISTRY")


def job_words(words: Sequence[str], sweep: Path, number: int) -> list[str]:
    """A job's words for Hydra: its folder by its number, wherever the count begins.

    Args:
        words: Its own overrides.
        sweep: The sweep's folder.
        number: Its number.
    """
    told = [
        f"+hydra.job.env_set.{name}={_quoted(os.environ[name])}"
        for name in _TOLD
        if name in os.environ
    ]
    place = [
        f"hydra.sweep.dir={_quoted(str(sweep.resolve()))}",
        f"hydra.sweep.subdir={_quoted(str(number))}",
    ]
    return [*words, *place, *told]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
