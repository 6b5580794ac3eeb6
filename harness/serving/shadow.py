"""Shadow: another version scores the same requests in a process of its own, and never answers.

The server keeps the bodies of requests for some milliseconds and hands them on together, in a
datagram that never waits; what the shadow is behind with stays in a bounded queue. What was handed
on, dropped, scored and failed is counted on both sides, because a shadow that silently gets nothing
looks like one that agrees.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import multiprocessing
import os
import re
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.artefacts import write_text
from harness.errors import BundleError
from harness.serving.live import LiveBundle
from harness.serving.log import JsonLines
from harness.serving.options import ServeOptions
from harness.serving.place import place_of
from harness.serving.request import rows_of_body

PREFIX = "shadow"
_BUFFER_BYTES = 1 << 20
_DATAGRAM_BYTES = 100_000
_KEPT_BYTES = 16_000_000
_CLOSE_SECONDS = 10.0
_LENGTHS = struct.Struct("!II")
HAND_ON_SECONDS = 0.05
COUNT_SECONDS = 0.5
_NICE = 19
# Different refusals that are told apart, and the length of each.
_MOST_REASONS, _MOST_OF_A_REASON = 20, 200


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
        self._kept: deque[tuple[bytes, int]] = deque()
        self._size = 0
        self._counts = Path(options.log_folder) / f"{PREFIX}-offered-{os.getpid()}.json"
        self._written = (0, 0)
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs, options), daemon=True)
        self._process.start()
        theirs.close()

    def offer(self, body: bytes, scores: Sequence[float], alerts: Sequence[bool]) -> None:
        """Keep a scored request for the shadow, or drop it; never waits.

        Args:
            body: The request's body, as it was read already.
            scores: What was answered.
            alerts: Whether each score reached the threshold.
        """
        self.n_offered += len(scores)
        head = json.dumps([scores, alerts], separators=(",", ":")).encode()
        size = len(head) + len(body) + _LENGTHS.size
        if self._size + size > _KEPT_BYTES:
            self.n_dropped += len(scores)
            return
        self._size += size
        self._kept.append((_LENGTHS.pack(len(head), len(body)) + head + body, len(scores)))

    def hand_on(self) -> None:
        """Send what was kept, in as few datagrams as hold it; what does not fit yet stays."""
        while self._kept:
            batch: list[bytes] = []
            n_rows = size = 0
            for message, n in self._kept:
                if batch and size + len(message) > _DATAGRAM_BYTES:
                    break
                batch.append(message)
                n_rows, size = n_rows + n, size + len(message)
            try:
                self._ours.send(b"".join(batch))
            except BlockingIOError:  # the shadow is behind; it may catch up
                return
            except OSError:  # longer than a datagram may be, or nobody is there
                self.n_dropped += n_rows
            for _ in batch:
                self._kept.popleft()
            self._size -= size

    def close(self) -> None:
        """Let the shadow finish what it was given, and end it."""
        self._ours.settimeout(_CLOSE_SECONDS)
        with contextlib.suppress(TimeoutError):
            self.hand_on()
        self.n_dropped += sum(n for _, n in self._kept)
        self.write_counts()
        with contextlib.suppress(OSError):
            self._ours.send(b"")
        self._process.join(_CLOSE_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
        self._ours.close()

    def write_counts(self) -> None:
        """Write down what was offered and dropped so far, where that changed."""
        so_far = (self.n_offered, self.n_dropped)
        if so_far != self._written:
            self._written = so_far
            told = {"offered": self.n_offered, "dropped": self.n_dropped}
            write_text(self._counts, json.dumps(told))


def _serve(theirs: socket.socket, options: ServeOptions) -> None:
    """The shadow's side: score, write both scores, until the server ends."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)  # answers come first
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # where there is such a thing
    live = LiveBundle(place_of(str(options.shadow), options.registry, options.trust))
    live.look()
    folder = Path(str(options.log_folder))
    log = JsonLines(folder, PREFIX, max_bytes=options.log_bytes, max_files=options.log_files)
    counts = folder / f"{PREFIX}-scored-{os.getpid()}.json"
    n_scored, looked, written = 0, time.monotonic(), 0.0
    refusals: Counter[str] = Counter()

    def so_far() -> str:
        told = {"scored": n_scored, "failed": refusals.total()}
        return json.dumps(told | {"reasons": dict(refusals.most_common(_MOST_REASONS))})

    theirs.settimeout(COUNT_SECONDS)
    while True:
        now = time.monotonic()
        if now - looked > live.every_seconds:
            looked = now
            live.look()
        if now - written > COUNT_SECONDS:
            written = now
            write_text(counts, so_far())
        try:
            message = theirs.recv(_BUFFER_BYTES)
        except TimeoutError:
            if os.getppid() == 1:  # the server is gone
                break
            continue
        if not message:
            break
        for body, scores, alerts in _requests(message):
            n_rows = len(scores)
            try:
                _score(live, body, scores, alerts, log, with_values=options.log_values)
                n_scored += n_rows
            except Exception as error:  # noqa: BLE001  # the next request may be scored again
                refusals[_reason(error)] += n_rows
    write_text(counts, so_far())
    log.close()


def _requests(message: bytes) -> Iterator[tuple[bytes, list[float], list[bool]]]:
    """Bodies, scores and alerts of a datagram."""
    place = 0
    while place < len(message):
        n_head, n_body = _LENGTHS.unpack_from(message, place)
        place += _LENGTHS.size
        scores, alerts = json.loads(message[place : place + n_head])
        yield message[place + n_head : place + n_head + n_body], scores, alerts
        place += n_head + n_body


def _score(
    live: LiveBundle,
    body: bytes,
    scores: list[float],
    alerts: list[bool],
    log: JsonLines,
    *,
    with_values: bool,
) -> None:
    """Score the rows of a request as the server did, and log both scores.

    Raises:
        HarnessError: If they cannot be scored.
    """
    rows = rows_of_body(json.loads(body))
    loaded = live.current
    if loaded is None:
        raise BundleError(f"no bundle is loaded ({live.problem})")
    start = time.perf_counter()
    if len(rows) == 1:
        ours = [loaded.bundle.score_one(rows[0])]
    else:
        ours = [float(score) for score in loaded.bundle.score(rows)]
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


def _reason(error: Exception) -> str:
    """Why rows were refused, without what differs from row to row."""
    sentence = str(error) or type(error).__name__
    return re.sub(r"\brow \d+", "a row", sentence)[:_MOST_OF_A_REASON]
