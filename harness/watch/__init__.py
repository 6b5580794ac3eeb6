"""Watch: new rows, read, scored and judged by what a bundle remembers."""

from __future__ import annotations

from harness.watch.look import look_at
from harness.watch.notify import notify, run_command
from harness.watch.result import MonitorResult, as_json, gauges, weigh
from harness.watch.rows import MonitoredRows, read_rows, rows_since
from harness.watch.run import followed_metrics, monitor_rows

__all__ = [
    "MonitorResult",
    "MonitoredRows",
    "as_json",
    "followed_metrics",
    "gauges",
    "look_at",
    "monitor_rows",
    "notify",
    "read_rows",
    "rows_since",
    "run_command",
    "weigh",
]
