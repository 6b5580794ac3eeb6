"""Init: a first config for a table of one's own, from what the table itself tells."""

from __future__ import annotations

from harness.init.files import config_files, write_config
from harness.init.look import Looked, look_at

__all__ = ["Looked", "config_files", "look_at", "write_config"]
