"""Table: run a study as asked on the command line, print it, and write it where told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def write_table(study: Callable[[int], str], default: int) -> None:
    """Run a study of the size given first, and write its Markdown to the file given second.

    Args:
        study: Makes the table, given its size.
        default: Size when none is given.
    """
    size = int(sys.argv[1]) if len(sys.argv) > 1 else default
    text = study(size)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text)
    print(text)
