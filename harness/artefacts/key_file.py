"""Key file: a secret from a file, else from the environment, never from the command line."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import ConfigError


def read_key(option: str, file: str | Path | None, variable: str) -> str | None:
    """The secret; None where neither is given.

    Args:
        option: Flag that names the file.
        file: The file; None for the variable.
        variable: Environment variable.

    Raises:
        ConfigError: If the file cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(variable) or None
    try:
        key = Path(file).expanduser().read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{option} {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{option} {file}: is no text") from error
    if not key:
        raise ConfigError(f"{option} {file}: is empty")
    return key
