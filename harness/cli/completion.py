"""Completion: subcommands by us, config groups and keys by Hydra.

`eval "$(harness run --shell-completion install=bash)"` installs Hydra's own completion
for the word `harness`; the shell then asks `harness -sc query=bash`, with the line typed
so far in the environment. Hydra does not know of subcommands, so theirs is taken out of
that line before Hydra sees it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

FLAGS = ("-sc", "--shell-completion")


def is_completion(arguments: Sequence[str]) -> bool:
    """Whether a shell is asking, or wants the script that asks."""
    return any(word in FLAGS for word in arguments)


def command_choices(commands: Mapping[str, object]) -> list[str] | None:
    """Subcommands that fit the line so far; None once one is there."""
    line = os.environ.get("COMP_LINE", "")
    words = line.split(" ")
    if len(words) > 2:
        return None
    start = words[1] if len(words) == 2 else ""
    return [name for name in commands if name.startswith(start)]


def hide_subcommand() -> None:
    """Take the subcommand out of the line the shell handed over."""
    line = os.environ.get("COMP_LINE")
    if line is None:
        return
    words = line.split(" ")
    if len(words) > 2:
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
        point = int(os.environ.get("COMP_POINT", len(line)))
        os.environ["COMP_POINT"] = str(point - len(words[1]) - 1)
