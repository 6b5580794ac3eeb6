"""Metrics: one file each, found by its name; the file defines METRIC."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from harness.errors import ConfigError, did_you_mean
from harness.evidence.metric import Metric, RowMetric


def _names() -> list[str]:
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))


@cache
def find_metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
        ConfigError: If there is none.
    """
    if name not in _names():
        raise ConfigError(f"no such metric '{name}'; {did_you_mean(name, _names())}")
    metric: Metric = importlib.import_module(f"{__name__}.{name}").METRIC
    return metric


def row_metrics() -> list[RowMetric]:
    """All metrics of scored rows."""
    return [m for m in map(find_metric, _names()) if isinstance(m, RowMetric)]
