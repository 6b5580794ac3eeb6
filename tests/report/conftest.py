"""Pages are opened in a real browser where there is one."""

from __future__ import annotations

from tests.browser import BROWSER

collect_ignore = [] if BROWSER else ["test_accessibility.py"]
