"""A/B test: a control/treatment log judged by the same criteria and the same decision."""

from __future__ import annotations

from harness.abtest.judge import AbtestResult, run_abtest
from harness.abtest.log import Log, read_log
from harness.abtest.metric import LogMetric, find_log_metric

__all__ = ["AbtestResult", "Log", "LogMetric", "find_log_metric", "read_log", "run_abtest"]
