"""Latency of scoring one row, 50th percentile."""

from __future__ import annotations

from harness.evidence.metric import SampleQuantile

METRIC = SampleQuantile(
    name="p50_latency_ms",
    title="Latency p50",
    unit="ms",
    higher_is_better=False,
    meaning="Time to score one row through the bundle, 50th percentile.",
    sample="latency_ms",
    quantile=0.5,
)
