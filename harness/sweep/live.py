"""Live: a sweep as it goes, read from its jobs' folders; the same for every launcher."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.artefacts import RunRecord, read_record
from harness.artefacts.run_folder import RECORD
from harness.errors import ArtefactError
from harness.sweep.progress import QUIET

_EVERY_SECONDS = 0.25


class SweepWatch:
    """Tells of each job as it ends, and on a terminal of all together.

    Args:
        sweep: The sweep's folder.
        n_jobs: Jobs there are to be, those of an earlier part included.
    """

    def __init__(self, sweep: Path, n_jobs: int) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._quiet = bool(os.environ.get(QUIET))
        self._sweep, self._n_jobs = sweep, n_jobs
        self._open: set[str] = set()
        self._ended: Counter[str] = Counter()
        self._began, self._n_before = time.monotonic(), 0
        self._lock = threading.Lock()

    def expect(self, numbers: Sequence[int], *, n_done: int | None = None) -> None:
        """Say which jobs are about to start, and how many an earlier part did."""
        with self._lock:
            self._open |= set(map(str, numbers))
            if n_done is not None:
                self._n_before = n_done

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Watch while the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._follow, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self._look()

    def _follow(self, stop: threading.Event) -> None:
        shown = self._console.is_terminal and not self._quiet
        with self._console.status("") if shown else contextlib.nullcontext() as status:
            while not stop.wait(_EVERY_SECONDS):
                n_running = self._look()
                if status is not None:
                    status.update(self._line(n_running))

    def _look(self) -> int:
        """Tell of jobs that ended since the last look; how many are under way."""
        n_running = 0
        with self._lock:
            waiting = sorted(self._open, key=int)
        for name in waiting:
            with contextlib.suppress(ArtefactError):
                if not (self._sweep / name / RECORD).exists():
                    continue
                record = read_record(self._sweep / name)
                if record.status == "UNFINISHED":
                    n_running += 1
                    continue
                with self._lock:
                    self._open.discard(name)
                self._tell(name, record)
        return n_running

    def _tell(self, name: str, record: RunRecord) -> None:
        content = record.content
        if record.status == "FAILED":
            self._ended["FAILED"] += 1
            words = " ".join(content.get("overrides", []))
            text = f"job {name}: FAILED ({words}): {content.get('reason', '')}"
        else:
            outcome = str(content.get("decision", ""))
            self._ended[outcome] += 1
            seconds = float(content.get("total_seconds", 0))
            shown = outcome.replace("NOT_JUDGED", "compared on validation")
            text = f"job {name}: {shown} ({seconds:.1f} s) {record.folder}"
        if record.status == "FAILED" or not self._quiet:
            self._console.print(text, markup=False, soft_wrap=True)

    def _line(self, n_running: int) -> str:
        n_ended = sum(self._ended.values())
        n_done = self._n_before + n_ended
        counts = ", ".join(f"{n} {name}" for name, n in sorted(self._ended.items()))
        text = f"sweep: {n_done} of {self._n_jobs} done, {n_running} running"
        if n_ended:
            left = (time.monotonic() - self._began) / n_ended * (self._n_jobs - n_done)
            text += f", about {left:.0f} s left ({counts})"
        return text
