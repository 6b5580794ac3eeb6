"""Monitor: whether the world still looks like the one a model was judged in."""

from __future__ import annotations

from harness.monitor.alert import Reason, WindowReport, judge_window
from harness.monitor.breaks import Break
from harness.monitor.columns import ColumnReference, column_reference
from harness.monitor.coverage import LabelCoverage, label_coverage
from harness.monitor.drift import ColumnDrift
from harness.monitor.inside import InsideWindow, inside_columns, inside_window, with_inside
from harness.monitor.joint import JointChange
from harness.monitor.outcome import Movement, ScoredWindowRows
from harness.monitor.profile import Profile, profile_frame, profile_windows
from harness.monitor.reference import Reference, importance_shares, reference_profile
from harness.monitor.segments import SegmentDrift
from harness.monitor.store import read_reference, write_reference

__all__ = [
    "Break",
    "ColumnDrift",
    "ColumnReference",
    "InsideWindow",
    "JointChange",
    "LabelCoverage",
    "Movement",
    "Profile",
    "Reason",
    "Reference",
    "ScoredWindowRows",
    "SegmentDrift",
    "WindowReport",
    "column_reference",
    "importance_shares",
    "inside_columns",
    "inside_window",
    "judge_window",
    "label_coverage",
    "profile_frame",
    "profile_windows",
    "read_reference",
    "reference_profile",
    "with_inside",
    "write_reference",
]
