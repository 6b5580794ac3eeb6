"""`harness power`: rows and days until each criterion could pass."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.artefacts import SCHEMA_VERSION, to_json, write_text
from harness.cli.numbers import number
from harness.cli.output import FORMATS, Table, print_table
from harness.cli.run_argument import run_folder
from harness.errors import ConfigError
from harness.settings.ranges import COUNT, POSITIVE, PROPER_SHARE, SOME_SHARE, Range

if TYPE_CHECKING:
    from harness.power_plan import PowerPlan

_POWER = Range(least=0.5, below=1)
_BARS = " ▁▂▃▄▅▆▇█"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run to plan from, or rates, and what to assume; the rest is overrides."""
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")
    parser.add_argument(
        "--power",
        type=number(_POWER),
        default=0.8,
        help="chance that all criteria pass (default: 0.8)",
    )
    parser.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="CRITERION=FIGURE",
        help="the true figure, instead of what validation showed (repeatable)",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="the same with curves, as a page")
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    rates = parser.add_argument_group(
        "before there is a run", "plan from typed-in shares: harness power --rate ... criteria=..."
    )
    rates.add_argument(
        "--rate",
        action="append",
        default=[],
        metavar="CRITERION=SHARE",
        help="the baseline's, or control's, share for a criterion (repeatable)",
    )
    rates.add_argument("--per-day", type=number(POSITIVE), default=1000, help="rows or units a day")
    rates.add_argument(
        "--positive-rate", type=number(PROPER_SHARE), help="share of positives, for recall"
    )
    rates.add_argument(
        "--alert-rate", type=number(SOME_SHARE), help="share of alerts, for precision"
    )
    rates.add_argument(
        "--design-effect",
        type=number(COUNT),
        default=1.0,
        help="rows that tell as much as one (Kish)",
    )


def run(options: argparse.Namespace) -> int:
    """Print what each criterion needs, and which needs the most."""
    from harness.artefacts.figure import amount, figure

    plan = _plan(options)
    if options.html is not None:
        from harness.report.power_page import power_page

        write_text(options.html, power_page(plan))
        print(f"curves: {options.html}", file=sys.stderr)
    if options.format == "json":
        content = {**asdict(plan), "bottleneck": plan.bottleneck.name}
        print(to_json({"schema_version": SCHEMA_VERSION, **content}), end="")
        return 0
    rows = [
        (
            one.name,
            amount(one.line),
            figure(one.assumed),
            one.needed,
            f"{one.n_blocks * plan.rows_per_block:,.0f}" if one.n_blocks else "-",
            f"{one.n_blocks * plan.positives_per_block:,.0f}"
            if one.n_blocks and plan.positives_per_block
            else "-",
            "-" if one.power_now is None else f"{100 * one.power_now:.0f} %",
            _sparkline(one.curve),
        )
        for one in plan.plans
    ]
    now = "now" if plan.n_blocks_now is None else f"with {plan.n_blocks_now} {plan.unit}"
    curve = f"chance by {plan.unit}"
    columns = ("criterion", "line", "assumed", plan.unit, "rows", "positives", now, curve)
    right = frozenset(columns[1:-1])
    print_table(Table(columns=columns, rows=rows, right=right), options.format)
    most = plan.bottleneck
    need = f"needs {most.needed} {plan.unit}" if most.is_possible else "cannot be met as assumed"
    then = f" (all criteria pass together with {100 * plan.power:.0f} % then)"
    print(
        f"The bottleneck is {most.name}, which {need}{then if most.n_blocks else ''}.",
        file=sys.stderr if options.format == "table" else sys.stdout,
    )
    return 0


def _plan(options: argparse.Namespace) -> PowerPlan:
    runs = [word for word in options.overrides if "=" not in word]
    assumed = _figures("--assume", options.assume)
    if runs and options.rate:
        raise ConfigError("power: plan from a run, or from --rate, not from both")
    if runs:
        from harness.power_plan import plan_power

        if len(options.overrides) > 1:
            raise ConfigError(f"power: one run at a time, got {' '.join(options.overrides)}")
        return plan_power(
            run_folder(runs[0], having="predictions.parquet"), power=options.power, assumed=assumed
        )

    from harness.config import compose_criteria
    from harness.power_from_rates import Traffic, plan_from_rates

    criteria, is_abtest = compose_criteria(options.overrides, config_dir=options.config_dir)
    traffic = Traffic(
        rows_per_day=options.per_day,
        positive_rate=options.positive_rate,
        alert_rate=options.alert_rate,
        design_effect=options.design_effect,
        is_abtest=is_abtest,
    )
    rates = _figures("--rate", options.rate)
    return plan_from_rates(criteria, rates, traffic, power=options.power, assumed=assumed)


def _sparkline(curve: tuple[tuple[int, float], ...]) -> str:
    """The curve in block characters, from its first number to its last.

    Example:
        >>> _sparkline(((10, 0.1), (20, 0.5), (40, 1.0)))
        '10 ▁▄█ 40'
    """
    bars = "".join(_BARS[round(chance * 8)] for _, chance in curve)
    return f"{curve[0][0]} {bars} {curve[-1][0]}"


def _figures(flag: str, words: list[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = math.nan
        if not math.isfinite(found[name]):
            raise ConfigError(f"{flag} {word}: write CRITERION=FIGURE, such as recall=0.02")
    return found
