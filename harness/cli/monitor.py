"""`harness monitor`: drift, broken feeds and decay in new rows."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.artefacts import to_json, write_json, write_text
from harness.artefacts.figure import figure
from harness.cli.output import FORMATS, Table, print_table
from harness.cli.registry_options import add_registry_argument
from harness.cli.run_argument import bundle_folder
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.monitor import ColumnDrift, WindowReport
    from harness.watch import MonitorResult

_MOST_COLUMNS = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bundle and the rows; everything with an equals sign is an override of monitoring."""
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("bundle", help="bundle folder, run folder, or `last`")
    parser.add_argument(
        "table",
        nargs="?",
        type=Path,
        help="CSV, Parquet, or a log folder of `harness serve`; without one, rows of the "
        "bundle's own dataset that came after",
    )
    parser.add_argument(
        "--by", choices=("day", "week", "month"), help="windows; default: all in one"
    )
    parser.add_argument("--since", metavar="DAY", help="first day to look at, without a table")
    parser.add_argument("--time", metavar="COLUMN", help="column with the prediction time")
    parser.add_argument("--labels", type=Path, metavar="TABLE", help="labels that came later")
    parser.add_argument("--key", metavar="COLUMN", help="column both tables share")
    parser.add_argument("--state", type=Path, metavar="DIR", help="remembers windows seen")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: a folder below outputs/")
    parser.add_argument(
        "--prometheus", type=Path, metavar="FILE", help="gauges of the newest window"
    )
    parser.add_argument(
        "--model", metavar="NAME", help="registered model that monitoring.on_alert=rollback moves"
    )
    add_registry_argument(parser)
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")


def run(options: argparse.Namespace) -> int:
    """Look, write what was seen, tell of news, print; status 1 on an alert."""
    if options.table is not None and "=" in str(options.table) and not options.table.exists():
        options.overrides.insert(0, str(options.table))
        options.table = None
    folder = bundle_folder(options.bundle)

    from harness.report.monitor_page import monitor_page
    from harness.watch import as_json, gauges, look_at

    result = look_at(
        folder,
        options.table,
        options.overrides,
        by=options.by,
        since=options.since,
        time=options.time,
        labels=options.labels,
        key=options.key,
        state=options.state,
        trust=options.trust,
        config_dir=options.config_dir,
    )
    if result.settings.on_alert == "rollback" and options.model is None:
        raise ConfigError("monitoring.on_alert: rollback needs --model NAME, the registered model")
    content = as_json(result)
    out = options.out or _new_folder()
    write_json(out / "monitor.json", content)
    write_text(out / "monitor.html", monitor_page(result))
    if options.prometheus is not None:
        write_text(options.prometheus, gauges(result))
    if options.format == "json":
        print(to_json(content), end="")
    else:
        _print(result, options.format)
        print(f"page: {out / 'monitor.html'}", file=sys.stderr)
    _tell(result, out)
    _act(result, options)
    return 1 if result.is_alert else 0


def _tell(result: MonitorResult, out: Path) -> None:
    """Notify of alerts that were not there before; they lie on disk already."""
    if not result.is_news:
        return
    from harness.watch import notify

    newest = next(
        window
        for window, place in zip(reversed(result.windows), reversed(result.standings), strict=True)
        if window.is_alert and place == "new"
    )
    alert = {
        "model": result.model,
        "window": newest.name,
        "reasons": [reason.sentence for reason in newest.reasons],
        "file": str((out / "monitor.json").resolve()),
    }
    for problem in notify(result.settings.notify, alert):
        print(f"harness monitor: {problem}; the alert is in {out}", file=sys.stderr)


def _act(result: MonitorResult, options: argparse.Namespace) -> None:
    """Roll the registered model back where the settings say so; what was done is printed."""
    if not result.is_news or result.settings.on_alert != "rollback":
        return
    from harness.registry import Registry
    from harness.watch.guard import leave_on_alert

    alert = next(w for w in reversed(result.windows) if w.is_alert)
    codes = list(dict.fromkeys(reason.code for reason in alert.reasons))
    done = leave_on_alert(
        Registry(options.registry),
        options.model,
        result.fingerprint,
        codes,
        [reason.sentence for reason in alert.reasons],
        result.guard,
    )
    print(f"harness monitor: {done}", file=sys.stderr)


def _print(result: MonitorResult, style: str) -> None:
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)
    if len(result.windows) > 1:
        print_table(_over_time(result), style)
        alerts = [window for window in result.windows if window.is_alert]
        shown = alerts[-1] if alerts else result.windows[-1]
    else:
        shown = result.windows[0]
    for line in _words(shown, len(result.windows)):
        print(line)
    print_table(_columns(shown), style)
    if shown.drifted_segments:
        print_table(_segments(shown), style)
    if shown.changed_pairs:
        print_table(_pairs(shown), style)
    if shown.movements:
        print_table(_figures(shown), style)


def _over_time(result: MonitorResult) -> Table:
    rows = [
        (
            window.name,
            f"{window.n_rows:,}",
            "ALERT" if window.is_alert else "fine",
            place,
            str(len(window.drifted)),
            ", ".join(dict.fromkeys(reason.code for reason in window.reasons)),
        )
        for window, place in zip(result.windows, result.standings, strict=True)
    ]
    return Table(
        columns=("window", "rows", "", "standing", "drifted", "why"),
        rows=rows,
        title=f"{result.model}, against {result.reference.first_day} to {result.reference.last_day}",
        right=frozenset({"rows", "drifted"}),
    )


def _words(window: WindowReport, n_windows: int) -> Iterator[str]:
    when = f"{window.first_day} to {window.last_day}" if window.first_day else window.name
    answer = "ALERT" if window.is_alert else "fine"
    n = len(window.drifted)
    yield f"{answer}: {when}, {window.n_rows:,} rows, {n} of {len(window.columns)} features drifted"
    for advice, reasons in window.by_advice:
        yield from (f"  {reason.code}: {reason.sentence}" for reason in reasons)
        yield f"    {advice}"
    for broken in window.breaks:
        if not broken.is_serious:
            yield f"  note: {broken.sentence}"
    yield from _outcomes(window)
    yield from (f"  note: {sentence}" for sentence in window.not_judged)
    if n_windows > 1:
        yield ""


def _outcomes(window: WindowReport) -> Iterator[str]:
    """How many rows have an outcome, and whether those stand for the rest."""
    coverage = window.coverage
    if coverage is None or coverage.n_labelled == coverage.n_rows:
        return
    yield f"  outcomes: {coverage.sentence}"
    if coverage.caveat is not None:
        yield f"  outcomes: figures made from them may not hold for all rows: {coverage.caveat}"


def _segments(window: WindowReport) -> Table:
    """Columns that drifted inside segments."""
    return Table(
        columns=("column in segment", "rows", "distance", "matters above", "p"),
        rows=[
            (
                each.sentence,
                f"{each.n_rows:,}",
                figure(each.drift.distance),
                figure(each.drift.limit),
                f"{each.drift.p_value:.1g}",
            )
            for each in window.drifted_segments[:_MOST_COLUMNS]
        ],
        title=f"Drifted inside segments ({len(window.drifted_segments)} of {len(window.segments)})",
        right=frozenset({"rows", "distance", "matters above", "p"}),
    )


def _pairs(window: WindowReport) -> Table:
    """Pairs of columns whose correlation changed."""
    return Table(
        columns=("column", "with", "then", "now", "change matters above", "p"),
        rows=[
            (
                change.first,
                change.second,
                figure(change.then),
                figure(change.now),
                figure(change.limit),
                f"{change.p_value:.1g}",
            )
            for change in window.changed_pairs[:_MOST_COLUMNS]
        ],
        title=f"Correlations that changed ({len(window.changed_pairs)} of {len(window.joint)})",
        right=frozenset({"then", "now", "change matters above", "p"}),
    )


def _columns(window: WindowReport) -> Table:
    rows = [
        (
            column.name,
            "drifted" if column.has_drifted else "",
            figure(column.distance),
            figure(column.limit),
            f"{column.p_value:.1g}",
            f"{100 * column.importance:.0f} %",
            f"{100 * column.null_then:.1f} % / {100 * column.null_now:.1f} %",
            _then_and_now(column),
        )
        for column in window.columns[:_MOST_COLUMNS]
    ]
    left = len(window.columns) - len(rows)
    return Table(
        columns=("column", "", "distance", "matters above", "p", "importance", "null then / now",
                 "then / now"),
        rows=rows,
        title="Columns, the furthest first" + (f" ({left} more in monitor.json)" if left else ""),
        right=frozenset({"distance", "matters above", "p", "importance"}),
    )  # fmt: skip


def _then_and_now(column: ColumnDrift) -> str:
    if "mean" in column.then:
        parts = [
            f"{float(told['mean']):.3g} ± {float(told['sd']):.2g}"
            for told in (column.then, column.now)
        ]
        return " / ".join(parts)
    return " / ".join(str(told.get("most_frequent", "-")) for told in (column.then, column.now))


def _figures(window: WindowReport) -> Table:
    rows = [
        (
            movement.title,
            figure(movement.then),
            figure(movement.now),
            f"{figure(movement.low)} .. {figure(movement.high)}"
            if movement.problem is None
            else movement.problem,
            "moved" if movement.has_moved else "",
        )
        for movement in window.movements
    ]
    rows += [
        (f"{name}, estimated from scores", "", figure(value), "", "")
        for name, value in window.estimated.items()
    ]
    return Table(
        columns=("figure", "then", "now", "stays within", ""),
        rows=rows,
        title="Scores and outcomes",
        right=frozenset({"then", "now"}),
    )


def _new_folder() -> Path:
    now = dt.datetime.now().astimezone()
    return Path("outputs") / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S-%f}-monitor"
