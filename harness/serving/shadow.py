"""Shadow: another version scores the same requests in a process of its own, and never answers.

The server keeps the bodies of requests for some milliseconds and hands them on together, in a
datagram that never waits; what the shadow is behind with stays in a bounded queue. What was handed
on, dropped, scored and failed is counted on both sides, because a shadow that silently gets nothing
looks like one that agrees. The shadow writes down which columns its version needs, and gets no rows
while the champion's clients do not send them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import multiprocessing
import os
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts import write_text
from harness.bundle import InputSchema
from harness.errors import BundleError, HarnessError
from harness.serving.challenger import other_inputs
from harness.serving.live import LiveBundle, Loaded
from harness.serving.log import JsonLines
from harness.serving.options import ServeOptions
from harness.serving.place import place_of
from harness.serving.reasons import Reasons
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


class Shadow:
    """The server's side: hands requests on, and counts.

    Args:
        options: Which bundle shadows, and where its log goes.
        count: Told how many rows were `offered`, `dropped` or `unfit`.
    """

    def __init__(
        self, options: ServeOptions, count: Callable[[str, int], None] = lambda _what, _n: None
    ) -> None:
        assert options.shadow is not None
        assert options.log_folder is not None
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ours.setblocking(False)
        for end in (self._ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self.n_offered, self.n_dropped, self._count = 0, 0, count
        self._unfit = Reasons()
        self._status: _Status | None = None
        self._fit: tuple[tuple[str, str], str] = (("", ""), "")
        self._kept: deque[tuple[bytes, int]] = deque()
        self._size = 0
        self._folder = Path(options.log_folder)
        # In a container every start has the same process ids.
        self._run = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"
        self._written = (0, 0, 0)
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(
            target=_serve, args=(theirs, options, self._run), daemon=True
        )
        self._process.start()
        theirs.close()

    def problem(self, champion: Loaded) -> str:
        """Why it gets no rows at present; empty where it gets them."""
        if not self._process.is_alive():
            return "its process has ended; restart the server"
        status = self._status
        if status is None or status.schema is None:
            return status.problem if status is not None else ""
        pair = (status.version, champion.version)
        if self._fit[0] != pair:
            needs = other_inputs(status.schema, champion.bundle.schema)
            self._fit = (pair, f"{status.name} {needs}" if needs else "")
        return self._fit[1]

    def read_status(self) -> None:
        """Read which version shadows now, as its process wrote it down."""
        with contextlib.suppress(OSError, ValueError):  # not there yet
            self._status = _Status.read(self._folder, self._run)

    def offer(
        self, body: bytes, scores: Sequence[float], alerts: Sequence[bool], champion: Loaded
    ) -> None:
        """Keep a scored request for the shadow, or drop it; never waits.

        Args:
            body: The request's body, as it was read already.
            scores: What was answered.
            alerts: Whether each score reached the threshold.
            champion: The version whose columns the request has.
        """
        self._offered(len(scores))
        if (problem := self.problem(champion)) and self._process.is_alive():
            self._unfit.add(problem, len(scores))
            self._count("unfit", len(scores))
            return
        head = json.dumps([scores, alerts], separators=(",", ":")).encode()
        size = len(head) + len(body) + _LENGTHS.size
        if self._size + size > _KEPT_BYTES:
            self._dropped(len(scores))
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
                self._dropped(n_rows)
            for _ in batch:
                self._kept.popleft()
            self._size -= size

    def close(self) -> None:
        """Let the shadow finish what it was given, and end it."""
        self._ours.settimeout(_CLOSE_SECONDS)
        with contextlib.suppress(TimeoutError):
            self.hand_on()
        self._dropped(sum(n for _, n in self._kept))
        with contextlib.suppress(HarnessError):  # the disk is full
            self.write_counts()
        with contextlib.suppress(OSError):
            self._ours.send(b"")
        self._process.join(_CLOSE_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
        self._ours.close()

    def write_counts(self) -> None:
        """Write down what was offered, dropped and kept back so far, where that changed.

        Raises:
            ArtefactError: If the disk is full.
        """
        reasons = self._unfit.counts()
        so_far = (self.n_offered, self.n_dropped, sum(reasons.values()))
        if so_far != self._written:
            told = {"offered": so_far[0], "dropped": so_far[1], "failed": so_far[2]}
            counts = self._folder / f"{PREFIX}-offered-{self._run}.json"
            write_text(counts, json.dumps(told | {"reasons": reasons}))
            self._written = so_far

    def _offered(self, n_rows: int) -> None:
        self.n_offered += n_rows
        self._count("offered", n_rows)

    def _dropped(self, n_rows: int) -> None:
        self.n_dropped += n_rows
        if n_rows:
            self._count("dropped", n_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    """Which version shadows, written by its process for the server.

    Attributes:
        version: Seal of the version; empty where none is loaded.
        name: What the registry calls it, or the seal.
        schema: Its columns; None where none is loaded.
        problem: Why none is loaded, or another was not taken up.
    """

    version: str
    name: str
    schema: InputSchema | None
    problem: str

    @staticmethod
    def path(folder: Path, run: str) -> Path:
        """The file of one run of a server."""
        return folder / f"{PREFIX}-version-{run}.json"

    @classmethod
    def of(cls, live: LiveBundle) -> _Status:
        """The status of what is loaded."""
        loaded, problem = live.current, live.problem or ""
        if loaded is None:
            return cls(version="", name="", schema=None, problem=problem)
        schema = loaded.bundle.schema
        return cls(version=loaded.version, name=loaded.name, schema=schema, problem=problem)

    @classmethod
    def read(cls, folder: Path, run: str) -> _Status:
        """The status a process wrote."""
        told = json.loads(cls.path(folder, run).read_text())
        columns = told.pop("columns")
        if columns is None:
            return cls(**told, schema=None)
        schema = InputSchema(
            numeric=tuple(columns["numeric"]), categorical=tuple(columns["categorical"])
        )
        return cls(**told, schema=schema)

    def write(self, folder: Path, run: str) -> None:
        """Leave the status where the server looks."""
        schema = self.schema
        columns = {"numeric": schema.numeric, "categorical": schema.categorical} if schema else None
        told = {"version": self.version, "name": self.name, "problem": self.problem}
        write_text(self.path(folder, run), json.dumps(told | {"columns": columns}))


def _serve(theirs: socket.socket, options: ServeOptions, run: str) -> None:
    """The shadow's side: score, write both scores, until the server ends."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)  # answers come first
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # where there is such a thing
    live = LiveBundle(place_of(str(options.shadow), options.registry, options.trust))
    live.look()
    folder = Path(str(options.log_folder))
    log = JsonLines(folder, PREFIX, max_bytes=options.log_bytes, max_files=options.log_files)
    counts = folder / f"{PREFIX}-scored-{run}.json"
    n_scored, looked, written = 0, time.monotonic(), 0.0
    n_failed, refusals, status = 0, Reasons(), None

    def write_down() -> None:
        nonlocal status
        with contextlib.suppress(HarnessError):  # the disk is full; it may not stay so
            if (now := _Status.of(live)) != status:
                now.write(folder, run)
                status = now
            told = {"scored": n_scored, "failed": n_failed, "reasons": refusals.counts()}
            write_text(counts, json.dumps(told))

    theirs.settimeout(COUNT_SECONDS)
    while True:
        now = time.monotonic()
        if now - looked > live.every_seconds:
            looked = now
            live.look()
        if now - written > COUNT_SECONDS:
            written = now
            write_down()
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
                refusals.add(str(error) or type(error).__name__, n_rows)
                n_failed += n_rows
    write_down()
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
    ours = loaded.scores(rows, is_single=len(rows) == 1)
    milliseconds = round(1000 * (time.perf_counter() - start), 3)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    lines = []
    for row, score, alert, mine in zip(rows, scores, alerts, ours, strict=True):
        line: dict[str, Any] = {
            "at": at,
            "version": loaded.name,
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
