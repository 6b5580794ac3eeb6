"""Latency of scoring one row, 99th percentile."""

from __future__ import annotations

from harness.evidence.metric import SampleQuantile

METRIC = SampleQuantile(
    name="p99_latency_ms",
    title="Latency p99",
    unit="ms",
    higher_is_better=False,
    meaning="Time to score one row through the bundle, 99th percentile.",
    sample="latency_ms",
    quantile=0.99,
)
