"""Comparison: runs side by side, ranked only where that is fair."""

from __future__ import annotations

from harness.comparison.compare import compare_runs
from harness.comparison.compared import ComparableGroup, ComparedCriterion, ComparedRun
from harness.comparison.comparison import Comparison

__all__ = ["ComparableGroup", "ComparedCriterion", "ComparedRun", "Comparison", "compare_runs"]
