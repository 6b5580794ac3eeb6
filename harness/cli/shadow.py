"""`harness shadow report`: what a shadow got, and how far it agrees."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.artefacts.figure import figure
from harness.cli.output import Table, add_format_argument, print_table
from harness.cli.run_argument import bundle_folder
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.watch.shadow_report import ShadowReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The log, and labels where there are some."""
    parser.add_argument("action", choices=("report",))
    parser.add_argument("log", type=Path, help="folder of `harness serve --shadow ... --log`")
    parser.add_argument("--bundle", help="whose criteria decide, once there are labels")
    parser.add_argument("--labels", type=Path, metavar="TABLE", help="labels that came later")
    parser.add_argument("--key", metavar="COLUMN", help="column of rows and labels")
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the report."""
    if options.labels is not None and options.bundle is None:
        raise ConfigError("--labels needs --bundle: its criteria decide")
    criteria = None
    dataset: dict[str, Any] = {}

    from harness.watch.shadow_report import criteria_of_bundle, read_shadow

    if options.bundle is not None:
        criteria, dataset = criteria_of_bundle(bundle_folder(options.bundle))
    report = read_shadow(
        options.log,
        criteria=criteria,
        labels=options.labels,
        key=options.key,
        positive=dataset.get("positive"),
        timezone=dataset.get("timezone", "UTC"),
    )
    if options.format == "json":
        print(to_json({"schema_version": SCHEMA_VERSION, "shadow": report}), end="")
        return 0
    print(_got(report))
    print_table(_table(report), options.format)
    for line in report.examples:
        print(
            f"differs: {figure(line['score'])} answered, {figure(line['shadow_score'])} in the shadow"
        )
    if report.n_nameless:
        print(f"{report.n_nameless:,} rows have no {options.key}, so no label is theirs")
    if report.decision is not None:
        print(f"by the criteria, shadow against what answered: {report.decision.decision}")
        for reason in report.decision.reasons:
            print(f"  {reason}", file=sys.stderr)
    return 0


def _got(report: ShadowReport) -> str:
    """What the shadow really got, before anything is said about agreement."""
    lost = report.n_dropped + report.n_failed + report.n_lost
    share = 100 * report.n_scored / report.n_offered if report.n_offered else 0.0
    text = f"the shadow scored {report.n_scored:,} of {report.n_offered:,} rows ({share:.1f} %)"
    if not lost:
        return text
    text += (
        f"; {report.n_dropped:,} dropped because it was behind, {report.n_failed:,} refused, "
        f"{report.n_lost:,} lost or under way"
    )
    return f"{text}\nmost refused because: {report.refusal}" if report.refusal else text


def _table(report: ShadowReport) -> Table:
    rows = [
        ("mean difference of scores", figure(report.mean_difference)),
        ("rank agreement of scores", figure(report.rank_agreement)),
        ("rows done otherwise", f"{report.n_differ:,}"),
        ("alerted by what answered", figure(report.alert_share, "share")),
        ("alerted by the shadow", figure(report.shadow_alert_share, "share")),
        ("shadow, median ms", figure(report.shadow_ms[0])),
        ("shadow, p99 ms", figure(report.shadow_ms[1])),
        ("rows with a label", f"{report.n_labelled:,}"),
    ]
    title = f"shadow {', '.join(report.versions)}" if report.versions else "shadow"
    return Table(columns=("figure", "value"), rows=rows, title=title, right=frozenset({"value"}))
