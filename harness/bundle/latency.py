"""Latency: how long one row takes through the bundle, after warm-up."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.bundle.bundle import Bundle


def measure_latency(
    bundle: Bundle, rows: Sequence[Mapping[str, Any]], *, n_rows: int, n_warmup: int
) -> NDArray[np.float64]:
    """Wall time of single-row scoring in milliseconds, shape (n_rows,).

    Args:
        bundle: The bundle.
        rows: Rows to score in turn.
        n_rows: Timed calls.
        n_warmup: Calls before the clock starts.
    """
    for i in range(n_warmup):
        bundle.score_one(rows[i % len(rows)])
    times = np.empty(n_rows)
    # A collection in mid-call would time the garbage of training, not the scoring.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for i in range(n_rows):
            row = rows[i % len(rows)]
            start = time.perf_counter_ns()
            bundle.score_one(row)
            times[i] = (time.perf_counter_ns() - start) / 1e6
    finally:
        if was_enabled:
            gc.enable()
    return np.round(times, 4)  # as stored: the decision is made, and made again, on these
