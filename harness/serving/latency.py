"""Latency over HTTP: single rows asked of a server on loopback, as a client sees it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.bundle import Bundle
from harness.errors import ConfigError, FitError

_WAIT_SECONDS = 30.0


def measure_http_latency(
    bundle: Bundle, rows: Sequence[Mapping[str, Any]], *, n_rows: int, n_warmup: int
) -> NDArray[np.float64]:
    """Wall time of one-row requests in milliseconds, shape (n_rows,).

    Client and server share a process and one kept connection, so the network between two
    machines is not in it.

    Args:
        bundle: The bundle.
        rows: Rows to score in turn.
        n_rows: Timed requests.
        n_warmup: Requests before the clock starts.

    Raises:
        ConfigError: If the server's libraries are not installed.
        FitError: If a request is refused.
    """
    bodies = [json.dumps(dict(row)).encode() for row in rows]
    with _server(bundle) as port, contextlib.closing(_connection(port)) as connection:
        times = np.empty(n_rows)
        for i in range(-n_warmup, n_rows):
            body = bodies[i % len(bodies)]
            start = time.perf_counter_ns()
            connection.request("POST", "/score", body)
            answer = connection.getresponse()
            told = answer.read()
            if i >= 0:
                times[i] = (time.perf_counter_ns() - start) / 1e6
            if answer.status != 200:
                raise FitError(f"running.latency.through=http: refused ({told.decode():.200})")
    return np.round(times, 4)


def _connection(port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WAIT_SECONDS)
    connection.connect()
    # Small packets at once: waiting to fill one would time the waiting.
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


@contextlib.contextmanager
def _server(bundle: Bundle) -> Iterator[int]:
    """The app of `harness serve` in a thread, on a free port."""
    try:
        import uvicorn

        from harness.serving.app import build_app
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"running.latency.through=http needs {error.name}: pip install 'harness[serve]'"
        ) from error
    from harness.serving.live import Loaded
    from harness.serving.options import ServeOptions

    app = build_app(ServeOptions(bundle=""), Loaded(bundle=bundle, version="unwritten"))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + _WAIT_SECONDS
    while not server.started:
        if time.monotonic() > end or not thread.is_alive():
            raise FitError("running.latency.through=http: the server did not start")
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(_WAIT_SECONDS)
