"""Monitor: whether the world still looks like the one a model was judged in."""

from __future__ import annotations

from harness.monitor.alert import Reason, WindowReport, judge_window
from harness.monitor.breaks import Break
from harness.monitor.columns import ColumnReference, column_reference
from harness.monitor.drift import ColumnDrift
from harness.monitor.outcome import Movement, ScoredWindowRows
from harness.monitor.profile import Profile, profile_frame, profile_windows
from harness.monitor.reference import Reference, importance_shares, reference_profile
from harness.monitor.store import read_reference, write_reference

__all__ = [
    "Break",
    "ColumnDrift",
    "ColumnReference",
    "Movement",
    "Profile",
    "Reason",
    "Reference",
    "ScoredWindowRows",
    "WindowReport",
    "column_reference",
    "importance_shares",
    "judge_window",
    "profile_frame",
    "profile_windows",
    "read_reference",
    "reference_profile",
    "write_reference",
]
