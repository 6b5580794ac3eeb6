"""Shadow: another version scores the same requests in a process of its own, and never answers.

The server hands each request on by a datagram that is sent or dropped at once: an answer never
waits for the shadow. What was handed on, dropped, scored and failed is counted on both sides, because
a shadow that silently gets nothing looks like one that agrees.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import multiprocessing
import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.artefacts import write_text
from harness.errors import HarnessError
from harness.serving.live import LiveBundle
from harness.serving.log import JsonLines
from harness.serving.options import ServeOptions
from harness.serving.place import place_of

PREFIX = "shadow"
_BUFFER_BYTES = 1 << 20
COUNT_SECONDS = 0.5
_NICE = 19


class Shadow:
    """The server's side: hands requests on, and counts.

    Args:
        options: Which bundle shadows, and where its log goes.
    """

    def __init__(self, options: ServeOptions) -> None:
        assert options.shadow is not None
        assert options.log_folder is not None
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ours.setblocking(False)
        for end in (self._ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self.n_offered, self.n_dropped = 0, 0
        self._counts = Path(options.log_folder) / f"{PREFIX}-offered-{os.getpid()}.json"
        self._written = 0
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs, options), daemon=True)
        self._process.start()
        theirs.close()

    def offer(
        self, rows: Sequence[Mapping[str, Any]], scores: Sequence[float], alerts: Sequence[bool]
    ) -> None:
        """Hand a scored request on, or drop it; never waits."""
        self.n_offered += len(rows)
        message = json.dumps([rows, scores, alerts], separators=(",", ":")).encode()
        try:
            self._ours.send(message)
        except OSError:  # full, too long for one datagram, or nobody there
            self.n_dropped += len(rows)

    def write_counts(self) -> None:
        """Write down what was offered and dropped so far, where that changed."""
        if self.n_offered != self._written:
            self._written = self.n_offered
            told = {"offered": self.n_offered, "dropped": self.n_dropped}
            write_text(self._counts, json.dumps(told))

    def close(self) -> None:
        """Let the shadow finish what it was given, and end it."""
        self.write_counts()
        self._ours.setblocking(True)
        with contextlib.suppress(OSError):
            self._ours.send(b"")
        self._process.join(10)
        if self._process.is_alive():
            self._process.terminate()
        self._ours.close()


def _serve(theirs: socket.socket, options: ServeOptions) -> None:
    """The shadow's side: score, write both scores, until the server ends."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)  # answers come first
    live = LiveBundle(place_of(str(options.shadow), options.registry, options.trust))
    live.look()
    folder = Path(str(options.log_folder))
    log = JsonLines(folder, PREFIX, max_bytes=options.log_bytes, max_files=options.log_files)
    counts = folder / f"{PREFIX}-scored-{os.getpid()}.json"
    n_scored, n_failed, looked, written = 0, 0, time.monotonic(), 0.0
    theirs.settimeout(COUNT_SECONDS)
    while True:
        now = time.monotonic()
        if now - looked > live.every_seconds:
            looked = now
            live.look()
        if now - written > COUNT_SECONDS:
            written = now
            write_text(counts, json.dumps({"scored": n_scored, "failed": n_failed}))
        try:
            message = theirs.recv(_BUFFER_BYTES)
        except TimeoutError:
            if os.getppid() == 1:  # the server is gone
                break
            continue
        if not message:
            break
        done = _score(live, message, log, with_values=options.log_values)
        n_scored, n_failed = n_scored + done[0], n_failed + done[1]
    write_text(counts, json.dumps({"scored": n_scored, "failed": n_failed}))
    log.close()


def _score(
    live: LiveBundle, message: bytes, log: JsonLines, *, with_values: bool
) -> tuple[int, int]:
    """Rows scored, and rows that could not be."""
    rows, scores, alerts = json.loads(message)
    loaded = live.current
    if loaded is None:
        return 0, len(rows)
    start = time.perf_counter()
    try:
        if len(rows) == 1:
            ours = [loaded.bundle.score_one(rows[0])]
        else:
            ours = [float(score) for score in loaded.bundle.score(rows)]
    except HarnessError:
        return 0, len(rows)
    milliseconds = round(1000 * (time.perf_counter() - start), 3)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    lines = []
    for row, score, alert, mine in zip(rows, scores, alerts, ours, strict=True):
        line: dict[str, Any] = {
            "at": at,
            "version": loaded.label or loaded.version,
            "score": score,
            "alert": alert,
            "shadow_score": mine,
            "shadow_alert": mine >= loaded.bundle.threshold,
            "shadow_ms": milliseconds,
        }
        if with_values:
            line["row"] = row
        lines.append(line)
    log.write(lines)
    return len(rows), 0
