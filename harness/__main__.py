"""`python -m harness`, the same as the command `harness`."""

from __future__ import annotations

from harness.cli.main import entry

entry()
