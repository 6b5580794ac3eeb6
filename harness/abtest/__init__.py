"""A/B test: a control/treatment log judged by the same criteria and the same decision."""

from __future__ import annotations

from harness.abtest.judge import AbtestResult, run_abtest
from harness.abtest.log import Log, read_log
from harness.abtest.metric import LogMetric, find_log_metric
from harness.abtest.used import UnitsUsed

__all__ = [
    "AbtestResult",
    "Log",
    "LogMetric",
    "UnitsUsed",
    "find_log_metric",
    "read_log",
    "run_abtest",
]
