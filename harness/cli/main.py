"""Main: finds the command, words errors, sets the exit status.

Status 0: it ran. 1: it ran and the answer is no (gate, audit). 2: it could not run.
3 and 4: gate says INCONCLUSIVE or INVALID. 130: Ctrl-C.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from harness.cli import completion
from harness.errors import ConfigError, HarnessError, did_you_mean

# Importing makes many objects and no garbage: looking for it every 700 of them takes a fifth of
# the time until the first word.
COLLECT = (20_000, 20, 20)
COULD_NOT_RUN = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand: where its code lives, and what it is for."""

    module: str
    summary: str
    example: str
    takes_overrides: bool = False
    takes_hydra_flags: bool = False


COMMANDS = {
    "init": Command(
        "init",
        "a first config for a table of your own",
        "harness init loans.csv --time issued --label defaulted",
    ),
    "run": Command(
        "run",
        "train, evaluate and decide; -m sweeps",
        "harness run model=logistic split.test=1mo",
        takes_overrides=True,
        takes_hydra_flags=True,
    ),
    "try": Command(
        "trial",
        "train and judge on validation alone; the test window stays closed",
        "harness try model=logistic",
        takes_overrides=True,
        takes_hydra_flags=True,
    ),
    "audit": Command(
        "audit",
        "leakage audit alone; status 1 on a blocking finding",
        "harness audit dataset.leaky=true",
        takes_overrides=True,
    ),
    "protocol": Command(
        "protocol",
        "the evaluation protocol as a document, or the difference of two",
        "harness protocol diff outputs/a outputs/b",
        takes_overrides=True,
    ),
    "check": Command("check", "whether config files can be meant", "harness check conf"),
    "schema": Command("schema", "JSON Schemas of config files, for editors", "harness schema conf"),
    "compare": Command("compare", "runs side by side", "harness compare outputs/2013-11-01"),
    "gate": Command("gate", "a run's decision as exit status, for pipelines", "harness gate last"),
    "decide": Command(
        "decide",
        "a run's decision again, from predictions and protocol alone",
        "harness decide last --criteria ranking",
    ),
    "power": Command(
        "power",
        "days and rows until each criterion could pass, from a run or from rates",
        "harness power last --assume value_per_1000=40",
        takes_overrides=True,
    ),
    "abtest": Command(
        "abtest",
        "an A/B log judged by criteria",
        "harness abtest users.parquet abtest.unit=user abtest.variant=arm abtest.control=A "
        "abtest.enrolled=joined",
        takes_overrides=True,
    ),
    "ledger": Command(
        "ledger",
        "openings and looks per test window; verify, export, unseal",
        "harness ledger verify",
    ),
    "cache": Command("cache", "what is kept for later runs; clear", "harness cache clear"),
    "monitor": Command(
        "monitor",
        "drift, broken feeds and decay in new rows; status 1 on an alert",
        "harness monitor last new.parquet --by week",
        takes_overrides=True,
    ),
    "score": Command(
        "score",
        "a bundle's scores for every row of a file",
        "harness score last new.parquet --out scores.parquet",
    ),
    "serve": Command(
        "serve",
        "a bundle's scores over HTTP",
        "harness serve last --port 8000",
    ),
    "export": Command(
        "export",
        "a bundle as a model of another tool",
        "harness export last --to mlflow --out model",
    ),
    "register": Command(
        "register",
        "a run's bundle as a version in the registry",
        "harness register last --name flights",
    ),
    "promote": Command(
        "promote", "a version goes live; only a SHIP by itself", "harness promote flights 2"
    ),
    "rollback": Command(
        "rollback",
        "back to the last healthy version",
        'harness rollback flights --reason "alerts doubled overnight"',
    ),
    "history": Command(
        "history", "every move of a model, or what was live then", "harness history flights"
    ),
    "shadow": Command(
        "shadow", "what a shadow got, and how far it agrees", "harness shadow report requests"
    ),
    "canary": Command(
        "canary",
        "the log of a canary as a table for harness abtest",
        "harness canary requests --out units.csv",
    ),
    "guard": Command(
        "guard",
        "watches what the live version answers, and rolls back by policy",
        "harness guard flights --log requests --once --dry-run",
        takes_overrides=True,
    ),
    "models": Command("models", "what is registered, and what is live", "harness models"),
    "ui": Command(
        "ui", "one page on the registry, with promote and rollback", "harness ui --port 8001"
    ),
    "sign": Command(
        "sign", "vouch for a bundle with an Ed25519 key", "harness sign last --key private.pem"
    ),
    "verify": Command(
        "verify", "check a bundle's files and replay its golden rows", "harness verify last"
    ),
}


def entry() -> None:
    """Console script."""
    gc.set_threshold(*COLLECT)
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status.

    Args:
        arguments: Words after `harness`.
    """
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if completion.is_completion(arguments):
        return _complete(arguments)
    name, *rest = arguments
    if name in ("-V", "--version"):
        from importlib.metadata import version

        print(f"harness {version('harness')}")
        return 0
    if name not in COMMANDS:
        print(f"harness: no command '{name}'; {did_you_mean(name, COMMANDS)}", file=sys.stderr)
        return COULD_NOT_RUN
    return _guarded(name, rest)


def _guarded(name: str, words: list[str]) -> int:
    """Run a command; errors become one sentence on standard error."""
    try:
        return _dispatch(name, words)
    except HarnessError as error:
        if _wants_traceback():
            raise
        print(f"harness {name}: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print(f"harness {name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if _wants_traceback():
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"harness {name}: {where}{error.strerror or error}", file=sys.stderr)
        return COULD_NOT_RUN
    except Exception as error:
        if _wants_traceback():
            raise
        print(
            f"harness {name}: {type(error).__name__}: {error} "
            "(a defect of the harness; HARNESS_DEBUG=1 shows the traceback)",
            file=sys.stderr,
        )
        return COULD_NOT_RUN


def _complete(arguments: Sequence[str]) -> int:
    choices = completion.command_choices(COMMANDS) if "COMP_LINE" in os.environ else None
    if choices is not None:
        print(" ".join(choices))
        return 0
    completion.hide_subcommand()
    return _dispatch("run", [word for word in arguments if word != "run"])


class _Parser(argparse.ArgumentParser):
    """Argparse, which says in one sentence what it does not understand."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the whole usage and leaving."""
        raise ConfigError(f"{message} ({self.prog} --help)")


def _dispatch(name: str, words: list[str]) -> int:
    command = COMMANDS[name]
    module = importlib.import_module(f"harness.cli.{command.module}")
    parser = _Parser(
        prog=f"harness {name}",
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        epilog=f"example: {command.example}",
        add_help=not command.takes_overrides,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    if command.takes_overrides:
        known, others = parser.parse_known_args(words)
        flags = [word for word in others if word.startswith("-")]
        if flags and not command.takes_hydra_flags:
            parser.error(f"unrecognized arguments: {' '.join(flags)}")
        known.overrides = others
    else:
        known = parser.parse_args(words)
    status: int = module.run(known)
    return status


def _wants_traceback() -> bool:
    return bool(os.environ.get("HARNESS_DEBUG") or os.environ.get("HYDRA_FULL_ERROR"))


def _usage() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = ["usage: harness COMMAND [ARGUMENT ...]", "", "Should this model ship?", ""]
    for name, command in COMMANDS.items():
        lines.append(f"  {name:<{width}}  {command.summary}")
        lines.append(f"  {'':<{width}}  example: {command.example}")
    lines += [
        "",
        "`harness COMMAND --help` says more; `harness run --help` lists every config group.",
    ]
    return "\n".join(lines)
