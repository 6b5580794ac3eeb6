"""Log of requests: JSON lines in files of bounded size and number."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any


class RequestLog:
    """Appends one line per scored row; the oldest file goes when there are too many.

    Each process writes files of its own, so that workers never share a line.

    Args:
        folder: Where the files lie.
        with_values: Whether the rows themselves are written.
        max_bytes: Size at which the next file is begun.
        max_files: Closed files kept.
    """

    def __init__(self, folder: Path, *, with_values: bool, max_bytes: int, max_files: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._with_values = folder, with_values
        self._max_bytes, self._max_files = max_bytes, max_files
        self._lock = threading.Lock()
        self._file: TextIOWrapper | None = None

    def write(
        self,
        rows: Sequence[Mapping[str, Any]],
        scores: Sequence[float],
        alerts: Sequence[bool],
        *,
        version: str,
        milliseconds: float,
    ) -> None:
        """Log the rows of one request.

        Args:
            rows: What was asked.
            scores: What was answered.
            alerts: Whether each score reached the threshold.
            version: What answered.
            milliseconds: How long the request took.
        """
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        lines = []
        for row, score, alert in zip(rows, scores, alerts, strict=True):
            line: dict[str, Any] = {
                "at": at,
                "version": version,
                "score": score,
                "alert": alert,
                "ms": round(milliseconds, 3),
            }
            if self._with_values:
                line["row"] = row
            lines.append(json.dumps(line))
        text = "\n".join(lines) + "\n"
        with self._lock:
            file = self._current()
            file.write(text)
            file.flush()

    def close(self) -> None:
        """Close the open file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _current(self) -> TextIOWrapper:
        if self._file is not None and self._file.tell() >= self._max_bytes:
            self._file.close()
            self._file = None
        if self._file is None:
            at = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")
            path = self._folder / f"requests-{at}-{os.getpid()}.jsonl"
            self._file = path.open("a", encoding="utf-8")
            for old in sorted(self._folder.glob("requests-*.jsonl"))[: -self._max_files - 1]:
                old.unlink(missing_ok=True)
        return self._file
