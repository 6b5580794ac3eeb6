"""Audit: is the model too good, and which column gives it away?"""

from __future__ import annotations

from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.audit.run import FittedCandidate, audit_after, audit_before, blocking

__all__ = [
    "BLOCK",
    "NOTE",
    "WARN",
    "Finding",
    "FittedCandidate",
    "audit_after",
    "audit_before",
    "blocking",
]
