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


class JsonLines:
    """Appends lines to files of one prefix; the oldest file goes when there are too many.

    Each process writes files of its own, so that workers never share a line.

    Args:
        folder: Where the files lie.
        prefix: What their names begin with.
        max_bytes: Size at which the next file is begun.
        max_files: Closed files kept.
    """

    def __init__(self, folder: Path, prefix: str, *, max_bytes: int, max_files: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._prefix = folder, prefix
        self._max_bytes, self._max_files = max_bytes, max_files
        self._lock = threading.Lock()
        self._file: TextIOWrapper | None = None

    def write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append lines together."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
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
            path = self._folder / f"{self._prefix}-{at}-{os.getpid()}.jsonl"
            self._file = path.open("a", encoding="utf-8")
            for old in sorted(self._folder.glob(f"{self._prefix}-*.jsonl"))[: -self._max_files - 1]:
                old.unlink(missing_ok=True)
        return self._file


class RequestLog:
    """One line per scored row, one per refused request.

    Args:
        folder: Where the files lie.
        with_values: Whether the rows themselves are written.
        max_bytes: Size at which the next file is begun.
        max_files: Closed files kept.
    """

    def __init__(self, folder: Path, *, with_values: bool, max_bytes: int, max_files: int) -> None:
        self._with_values = with_values
        self._lines = JsonLines(folder, "requests", max_bytes=max_bytes, max_files=max_files)
        self._refused = JsonLines(folder, "refused", max_bytes=max_bytes, max_files=max_files)

    def write(
        self,
        rows: Sequence[Mapping[str, Any]],
        scores: Sequence[float],
        alerts: Sequence[bool],
        *,
        version: str,
        milliseconds: float,
        more: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Log the rows of one request.

        Args:
            rows: What was asked.
            scores: What was answered.
            alerts: Whether each score reached the threshold.
            version: What answered.
            milliseconds: How long the request took.
            more: Further entries of each row's line, or none.
        """
        at = _now()
        lines = []
        for i, (row, score, alert) in enumerate(zip(rows, scores, alerts, strict=True)):
            line: dict[str, Any] = {
                "at": at,
                "version": version,
                "score": score,
                "alert": alert,
                "ms": round(milliseconds, 3),
            }
            if more:
                line |= more[i]
            if self._with_values:
                line["row"] = row
            lines.append(line)
        self._lines.write(lines)

    def refuse(self, status: int, sentence: str) -> None:
        """Log a request that was refused."""
        self._refused.write([{"at": _now(), "status": status, "why": sentence[:200]}])

    def close(self) -> None:
        """Close the open files."""
        self._lines.close()
        self._refused.close()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
