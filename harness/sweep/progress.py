"""Progress: what a run is doing, on standard error; plain lines when nobody watches."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.stages import Stages

if TYPE_CHECKING:
    from rich.status import Status

    from harness.result import RunResult

QUIET = "HARNESS_QUIET"  # an environment variable, so that worker processes hear it too


def say(text: str) -> None:
    """A line on standard error, whoever is asked to be quiet."""
    sys.stderr.write(f"{text}\n")


class Progress:
    """Shows stages as they pass; silent when HARNESS_QUIET is set.

    Args:
        label: What to put before each line, such as `winner`; None for a single run.
        is_job: Whether this is one job of a sweep, of which only the sweep tells.

    Attributes:
        stages: Times the steps and shows them.
    """

    def __init__(self, label: str | None = None, *, is_job: bool = False) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._quiet = is_job or bool(os.environ.get(QUIET))
        self._prefix = f"{label}: " if label else ""
        self._status: Status | None = None
        self.stages = Stages(on_start=self._start, on_end=self._end)

    def _start(self, name: str) -> None:
        if self._quiet or not self._console.is_terminal:
            return
        if self._status is None:
            self._status = self._console.status("")
            self._status.start()
        self._status.update(f"{self._prefix}{name} ...")

    def _end(self, name: str, seconds: float) -> None:
        if not self._quiet and not self._prefix and seconds >= 0.005:
            self._console.print(f"[dim]{seconds:6.1f} s[/dim]  {name}")

    def facts(self, result: RunResult) -> None:
        """Say what was read and how it was split."""
        if self._quiet or self._prefix:
            return
        dataset, split = result.dataset, result.split
        roles = dataset.roles
        lines = [
            f"rows: {len(dataset):,} labelled, {dataset.n_unlabelled:,} unlabelled and kept out "
            f"({dataset.source})",
            f"features: {len(roles.numeric)} numeric, {len(roles.categorical)} categorical"
            + (f" ({', '.join(roles.categorical[:8])})" if roles.categorical else ""),
            *dataset.notes,
        ]
        for name in ("train", "validation", "test"):
            rows = getattr(split, name)
            time = dataset.local_time()[rows]
            lines.append(
                f"{split.windows.judged if name == 'test' else name}: {len(rows):,} rows from {time.min():%Y-%m-%d %H:%M} to "
                f"{time.max():%Y-%m-%d %H:%M}, {dataset.label[rows].mean():.1%} positive"
            )
        if split.dropped:
            lines.append(
                "left out: " + ", ".join(f"{n:,} {reason}" for reason, n in split.dropped.items())
            )
        lines.append(f"baseline: {result.trial.baseline.meaning}")
        lines.append(
            f"threshold {result.trial.threshold.value:.4g}: {result.trial.threshold.reason}"
        )
        lines += result.trial.model.notes
        for line in lines:
            self._console.print(f"          [dim]{line}[/dim]", soft_wrap=True)

    def done(self, outcome: str, folder: Path) -> None:
        """One line for a winner; of jobs tells whoever watches their sweep."""
        if self._prefix and not self._quiet:
            seconds = sum(self.stages.seconds.values())
            self._console.print(f"{self._prefix}{outcome} ({seconds:.1f} s) {folder}")

    def stop(self) -> None:
        """Take the spinner off the screen."""
        if self._status is not None:
            self._status.stop()
            self._status = None
