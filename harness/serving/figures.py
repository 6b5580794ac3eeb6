"""Figures: what a server counts, for Prometheus and for the line at its end."""

from __future__ import annotations

import os
from collections import Counter as Sums
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from harness.serving.canary import CONTROL, TREATMENT
from harness.serving.reasons import Reasons

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
# Set by the launcher when several workers add up their figures.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class Figures:
    """Counts requests, rows and alerts, and times scoring."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # This process' own sums: the metrics of several workers lie in files they share.
        self._sums: Sums[str] = Sums()
        self._reasons = Reasons()
        self._requests = Counter(
            "harness_requests", "Requests by status", ["status"], registry=self._registry
        )
        self._rows = Counter("harness_rows", "Rows scored", registry=self._registry)
        self._alerts = Counter("harness_alerts", "Alerts raised", registry=self._registry)
        self._fallbacks = Counter(
            "harness_challenger_fallbacks",
            "Rows of the challenger that the champion answered, by cause",
            ["cause"],
            registry=self._registry,
        )
        self._canary = Counter(
            "harness_canary_rows", "Rows by assigned variant", ["variant"], registry=self._registry
        )
        self._nameless = Counter(
            "harness_canary_nameless_rows",
            "Rows without a usable key, which stay with the champion",
            registry=self._registry,
        )
        self._shadow = Counter(
            "harness_shadow_rows",
            "Rows for the shadow: offered, and of these dropped or refused",
            ["what"],
            registry=self._registry,
        )
        self._unlogged = Counter(
            "harness_unlogged_rows", "Rows answered whose log line failed", registry=self._registry
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
        self._sums["requests"] += 1
        self._sums["rows"] += n_rows

    def refused(self, status: int) -> None:
        """Count a refused request."""
        self._requests.labels(str(status)).inc()
        self._sums["refused"] += 1

    def assigned(self, variant: str, n_rows: int) -> None:
        """Count rows of a canary."""
        self._canary.labels(variant).inc(n_rows)
        self._sums[variant] += n_rows

    def nameless(self, n_rows: int) -> None:
        """Count rows that name no unit."""
        self._nameless.inc(n_rows)
        self._sums["nameless"] += n_rows

    def fell_back(self, cause: str, sentence: str, n_rows: int) -> None:
        """Count rows that the champion answered in the challenger's place."""
        self._fallbacks.labels(cause).inc(n_rows)
        self._sums["fallbacks"] += n_rows
        self._reasons.add(sentence, n_rows)

    def shadowed(self, what: str, n_rows: int) -> None:
        """Count rows offered to the shadow, dropped before it, or kept from it."""
        self._shadow.labels(what).inc(n_rows)
        self._sums[what] += n_rows

    def unlogged(self, n_rows: int) -> None:
        """Count rows that were answered and could not be logged."""
        self._unlogged.inc(n_rows)
        self._sums["unlogged"] += n_rows

    def summary(self) -> str:
        """What this process did, for the end of `harness serve`."""
        sums = self._sums
        parts = [
            f"{sums['rows']:,} rows of {sums['requests']:,} requests answered, "
            f"{sums['refused']:,} requests refused"
        ]
        if sums[CONTROL] or sums[TREATMENT]:
            parts.append(
                f"canary: {sums[TREATMENT]:,} rows assigned to the challenger, of which the champion "
                f"answered {sums['fallbacks']:,}"
                + (f" (most often: {top})" if (top := self._reasons.most_frequent()) else "")
            )
        if sums["nameless"]:
            parts.append(f"{sums['nameless']:,} rows without a usable key stayed with the champion")
        if sums["offered"]:
            parts.append(
                f"shadow: {sums['offered']:,} rows offered, {sums['dropped']:,} dropped because it "
                f"was behind, {sums['unfit']:,} kept from it because it cannot score them"
            )
        if sums["unlogged"]:
            parts.append(f"{sums['unlogged']:,} rows could not be logged")
        return "; ".join(parts)

    def text(self) -> tuple[bytes, str]:
        """All figures, those of other workers included, and their media type."""
        registry = self._registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            collector: Any = MultiProcessCollector  # not annotated upstream
            collector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
