"""Figures: what a server counts, for Prometheus."""

from __future__ import annotations

import os
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
# Set by the launcher when several workers add up their figures.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class Figures:
    """Counts requests, rows and alerts, and times scoring."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "harness_requests", "Requests by status", ["status"], registry=self._registry
        )
        self._rows = Counter("harness_rows", "Rows scored", registry=self._registry)
        self._alerts = Counter("harness_alerts", "Alerts raised", registry=self._registry)
        self._fallbacks = Counter(
            "harness_challenger_fallbacks",
            "Rows of the challenger that the champion answered because the challenger failed",
            registry=self._registry,
        )
        self._seconds = Histogram(
            "harness_score_seconds",
            "Time to score a request",
            buckets=_SECONDS,
            registry=self._registry,
        )

    def scored(self, n_rows: int, n_alerts: int, seconds: float) -> None:
        """Count a scored request."""
        self._requests.labels("200").inc()
        self._rows.inc(n_rows)
        self._alerts.inc(n_alerts)
        self._seconds.observe(seconds)

    def fell_back(self, n_rows: int) -> None:
        """Count rows that the champion answered in the challenger's place."""
        self._fallbacks.inc(n_rows)

    def refused(self, status: int) -> None:
        """Count a refused request."""
        self._requests.labels(str(status)).inc()

    def text(self) -> tuple[bytes, str]:
        """All figures, those of other workers included, and their media type."""
        registry = self._registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            collector: Any = MultiProcessCollector  # not annotated upstream
            collector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
