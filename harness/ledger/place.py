"""Place: which ledger a run writes to."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import ConfigError


def ledger_place(configured: str | None) -> str:
    """The ledger: as configured, else HARNESS_LEDGER, else a file in the user's data folder.

    Args:
        configured: A file, or postgresql://USER@HOST/DATABASE.

    Raises:
        ConfigError: If the URL holds a password, which every run's record would hold as well.
    """
    named = configured or os.environ.get("HARNESS_LEDGER")
    if named and "://" in named:
        if urlsplit(named).password or "password=" in named:
            raise ConfigError(
                "running.ledger: the URL holds a password, and would be written into every run's "
                "record; leave it out, and set PGPASSWORD or ~/.pgpass"
            )
        return named
    if named:
        return str(Path(named).expanduser())
    home = os.environ.get("XDG_DATA_HOME")
    data = Path(home) if home else Path.home() / ".local" / "share"
    return str(data / "harness" / "ledger.sqlite")
