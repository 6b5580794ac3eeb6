"""Report: pages and documents people read."""

from __future__ import annotations

from harness.report.abtest_page import abtest_page
from harness.report.protocol_document import protocol_document
from harness.report.run_page import run_page

__all__ = ["abtest_page", "protocol_document", "run_page"]
