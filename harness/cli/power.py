"""`harness power`: rows and days until each criterion could pass."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from harness.artefacts import SCHEMA_VERSION, find_run, to_json
from harness.cli.output import Table, add_format_argument, print_table
from harness.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run to plan from, and what to assume."""
    parser.add_argument("run", help="run folder whose validation window to plan from, or `last`")
    parser.add_argument(
        "--power", type=float, default=0.8, help="chance that all criteria pass (default: 0.8)"
    )
    parser.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="CRITERION=FIGURE",
        help="the true figure, instead of what validation showed (repeatable)",
    )
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print what each criterion needs, and which needs the most."""
    from harness.decision.sentence import amount, figure
    from harness.power_plan import plan_power

    plan = plan_power(find_run(options.run), power=options.power, assumed=_assumed(options.assume))
    if options.format == "json":
        content = {**asdict(plan), "bottleneck": plan.bottleneck.name}
        print(to_json({"schema_version": SCHEMA_VERSION, **content}), end="")
        return 0
    rows = [
        (
            one.name,
            amount(one.line),
            figure(one.assumed),
            figure(one.spread),
            f"{one.n_blocks:,}" if one.n_blocks else "never",
            f"{one.n_blocks * plan.rows_per_block:,.0f}" if one.n_blocks else "-",
            f"{one.n_blocks * plan.positives_per_block:,.0f}" if one.n_blocks else "-",
            f"{100 * one.power_now:.0f} %",
        )
        for one in plan.plans
    ]
    now = f"with {plan.n_blocks_now} {plan.unit}"
    columns = ("criterion", "line", "assumed", "spread", plan.unit, "rows", "positives", now)
    right = frozenset(columns[1:])
    print_table(Table(columns=columns, rows=rows, right=right), options.format)
    most = plan.bottleneck
    need = f"needs {most.n_blocks:,} {plan.unit}" if most.n_blocks else "cannot be met as assumed"
    print(
        f"The bottleneck is {most.name}, which {need} (all criteria pass together with "
        f"{100 * plan.power:.0f} % then).",
        file=sys.stderr if options.format == "table" else sys.stdout,
    )
    return 0


def _assumed(words: list[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            found[name] = float(text)
        except ValueError as error:
            raise ConfigError(
                f"--assume {word}: write CRITERION=FIGURE, such as recall=0.02"
            ) from error
    return found
