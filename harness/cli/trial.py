"""`harness try`: one experiment judged on validation; the test window stays closed."""

from __future__ import annotations

import argparse
import shlex
import sys

from harness.cli import run as command
from harness.errors import ConfigError
from harness.sweep.current import current

_OPTION = "holdout=validation_only"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The same as of `harness run`."""
    command.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Run with `holdout=validation_only`, and say what would open the test window.

    Raises:
        ConfigError: If another holdout is asked for.
    """
    typed: list[str] = list(options.overrides)
    named = [word for word in typed if word.startswith("holdout") and word != _OPTION]
    if named:
        raise ConfigError(
            f"{named[0]}: a trial has a holdout of its own; leave it out, or type harness run"
        )
    options.overrides = [*typed, _OPTION]
    status = command.run(options)
    if status == 0 and options.format == "table" and (current.run or current.sweep):
        words = shlex.join(["harness", "run", *(word for word in typed if word != _OPTION)])
        print(f"nothing was spent; this opens the test window, once: {words}", file=sys.stderr)
    return status
