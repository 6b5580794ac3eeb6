"""`harness guard`: watches what the live version answers, and rolls back by policy."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.numbers import number
from harness.cli.registry_options import add_registry_argument
from harness.settings.ranges import POSITIVE

if TYPE_CHECKING:
    from harness.watch.guard import GuardLook


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and its server's log; everything with an equals sign is an override of guard."""
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("name", help="the model's name")
    parser.add_argument("--log", type=Path, required=True, help="folder of `harness serve --log`")
    parser.add_argument("--once", action="store_true", help="look once, for cron")
    parser.add_argument("--every", type=number(POSITIVE), default=30.0, metavar="SECONDS")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen")
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    add_registry_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Look, and go on looking; status 1 where a single look found a reason."""
    from harness.config import compose_guard

    policy = compose_guard(options.overrides, config_dir=options.config_dir)

    from harness.errors import HarnessError
    from harness.registry import Registry
    from harness.watch.guard import guard_once

    registry = Registry(options.registry)
    while True:
        try:
            look = guard_once(registry, options.name, options.log, policy, dry_run=options.dry_run)
            _tell(options.name, look)
            if options.once:
                return 1 if look.reasons else 0
        except HarnessError as error:
            if options.once:
                raise
            # A registry that is away for a while must not end the watch.
            print(f"harness guard: {error}; looking again", file=sys.stderr, flush=True)
        time.sleep(options.every)


def _tell(name: str, look: GuardLook) -> None:
    print(f"{name} version {look.version}: {look.n_rows:,} rows, ", end="")
    if not look.reasons:
        print("no reason to move", flush=True)
        return
    if look.rolled_back_to is not None:
        after = f", {look.seconds:.0f} s after the first bad request" if look.seconds else ""
        print(f"rolled back to version {look.rolled_back_to}{after}")
    else:
        print(f"would leave, but: {look.why_not}")
    for reason in look.reasons:
        print(f"  {reason}", flush=True)
