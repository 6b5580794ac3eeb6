"""The harness: should this model ship?

A handful of names for notebooks, each imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.abtest import run_abtest
    from harness.bundle import Bundle, load_bundle
    from harness.comparison import compare_runs
    from harness.config import compose_abtest, compose_settings
    from harness.data import split_by_time
    from harness.decision import Decision, Verdict
    from harness.errors import HarnessError
    from harness.evidence import Interval
    from harness.record import write_run
    from harness.result import RunResult
    from harness.runner import run_experiment

_HOMES = {
    "Bundle": "harness.bundle",
    "Decision": "harness.decision",
    "HarnessError": "harness.errors",
    "Interval": "harness.evidence",
    "RunResult": "harness.result",
    "Verdict": "harness.decision",
    "compare_runs": "harness.comparison",
    "compose_abtest": "harness.config",
    "compose_settings": "harness.config",
    "load_bundle": "harness.bundle",
    "run_abtest": "harness.abtest",
    "run_experiment": "harness.runner",
    "split_by_time": "harness.data",
    "write_run": "harness.record",
}

__all__ = [
    "Bundle",
    "Decision",
    "HarnessError",
    "Interval",
    "RunResult",
    "Verdict",
    "compare_runs",
    "compose_abtest",
    "compose_settings",
    "load_bundle",
    "run_abtest",
    "run_experiment",
    "split_by_time",
    "write_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
