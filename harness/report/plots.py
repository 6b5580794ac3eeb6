"""Plots: matplotlib figures as inline SVG that follow the page's colours."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import TightLayoutEngine
from numpy.typing import NDArray

from harness.candidate import ThresholdCurve
from harness.evaluation import BlockSeries, Curves, PeriodFigure, SegmentFigure

# Okabe and Ito's palette: told apart by colour-blind readers, legible on light and dark.
CANDIDATE, BASELINE, ACCENT, QUIET = "#0072b2", "#e69f00", "#009e73", "#8a94a0"
_CANDIDATES = ("o-", "s--", "^:", "D-.")  # several candidates, told apart without colour
_INK = "#123456"  # stands for the page's text colour until the SVG is written
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "Segoe UI", "Roboto", "Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "harness",
}


def split_picture(days: Sequence[tuple[str, pd.DatetimeIndex]], n_blocks: int) -> str:
    """Rows per day, coloured by window."""
    with _Canvas(7.6, 1.9) as (figure, axes):
        for (name, time), colour in zip(days, (QUIET, BASELINE, CANDIDATE), strict=True):
            day, count = np.unique(
                time.tz_localize(None).normalize().to_numpy(), return_counts=True
            )
            width = max(1.0, (day[-1] - day[0]) / np.timedelta64(1, "D") / 400)
            axes.bar(day, count, width=width, color=colour, label=name, linewidth=0)
        axes.set_ylabel("rows per day")
        axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
        figure.autofmt_xdate(rotation=0, ha="center")
        return _svg(figure, f"Rows per day of each window; {n_blocks} blocks are judged")


def series_picture(series: BlockSeries, line: float, estimate: float, title: str, unit: str) -> str:
    """What each block says about the success criterion, with its line and the estimate."""
    with _Canvas(7.6, 2.1) as (figure, axes):
        place = np.arange(len(series.values))
        axes.bar(place, series.values, width=0.8, color=CANDIDATE, alpha=0.7, linewidth=0)
        axes.axhline(line, color=_INK, linewidth=1.2)
        axes.axhline(estimate, color=ACCENT, linewidth=1.5)
        step = max(1, -(-len(place) // 6))
        axes.set_xticks(place[::step], series.names[::step])
        axes.set_ylabel(unit or title)
        return _svg(figure, f"{title}, candidate less baseline, block by block")


def roc_and_pr(candidate: Curves, baseline: Curves, base_rate: float) -> tuple[str, str]:
    """ROC and precision-recall curves."""
    with _Canvas(3.7, 3.1) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=":")
        for curves, colour, name in _both(candidate, baseline):
            axes.plot(
                np.append(0, curves.false_positive_rate),
                np.append(0, curves.recall),
                color=colour,
                label=name,
            )
        axes.set(
            xlabel="false alarms among negatives", ylabel="recall", xlim=(0, 1), ylim=(0, 1.01)
        )
        axes.legend(loc="lower right")
        roc = _svg(figure, "ROC curve of candidate and baseline")
    with _Canvas(3.7, 3.1) as (figure, axes):
        axes.axhline(base_rate, color=QUIET, linewidth=1, linestyle=":")
        for curves, colour, name in _both(candidate, baseline):
            axes.plot(curves.recall, curves.precision, color=colour, label=name)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.01))
        axes.legend(loc="upper right")
        return roc, _svg(figure, "Precision-recall curve of candidate and baseline")


def calibration(candidate: Curves, threshold: float) -> tuple[str, str]:
    """Reliability diagram, and scores of both classes."""
    with _Canvas(3.7, 3.1) as (figure, axes):
        top = min(1.0, 1.15 * max(candidate.mean_score.max(), candidate.observed_rate.max(), 1e-3))
        axes.plot([0, top], [0, top], color=QUIET, linewidth=1, linestyle=":")
        axes.plot(
            candidate.mean_score, candidate.observed_rate, "o-", color=CANDIDATE, markersize=4
        )
        axes.set(xlabel="mean score", ylabel="observed rate", xlim=(0, top), ylim=(0, top))
        reliability = _svg(figure, "Observed rate against mean score, in 15 bins of equal count")
    with _Canvas(3.7, 3.1) as (figure, axes):
        for counts, colour, name in (
            (candidate.negatives, QUIET, "negative"),
            (candidate.positives, CANDIDATE, "positive"),
        ):
            share = counts / max(counts.sum(), 1)
            axes.stairs(
                share, candidate.score_edges, color=colour, label=name, fill=True, alpha=0.55
            )
        axes.axvline(threshold, color=ACCENT, linewidth=1.5)
        axes.annotate(
            "threshold",
            (threshold, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -10),
            textcoords="offset points",
            color=ACCENT,
            fontsize=9,
        )
        axes.set(xlabel="score", ylabel="share of the class")
        axes.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
        return reliability, _svg(figure, "Scores of positives and negatives with the threshold")


def threshold_curve(curve: ThresholdCurve, chosen: float, unit: str) -> tuple[str, str]:
    """What each threshold would have done on validation, with the chosen one."""
    keep = np.unique(np.linspace(0, len(curve.threshold) - 1, 250).astype(np.intp))
    at = curve.threshold[keep]
    with _Canvas(3.7, 3.1) as (figure, axes):
        lines: Sequence[tuple[str, NDArray[np.float64], str]] = (
            ("precision", curve.precision[keep], CANDIDATE),
            ("recall", curve.recall[keep], BASELINE),
            ("alert rate", curve.alert_share[keep], QUIET),
        )
        for name, values, colour in lines:
            axes.plot(at, values, color=colour, label=name)
        axes.axvline(chosen, color=ACCENT, linewidth=1.5)
        axes.set(xlabel="threshold", ylim=(0, 1.01))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, columnspacing=1)
        rates = _svg(figure, "Precision, recall and alert rate by threshold, on validation")
    with _Canvas(3.7, 3.1) as (figure, axes):
        axes.axhline(0, color=QUIET, linewidth=1)
        axes.plot(at, 1000 * curve.value[keep] / curve.n_rows, color=CANDIDATE)
        axes.axvline(chosen, color=ACCENT, linewidth=1.5)
        axes.set(xlabel="threshold", ylabel=f"{unit} per 1,000 rows")
        return rates, _svg(figure, "Value per 1,000 rows by threshold, on validation")


def over_time(
    periods: Sequence[PeriodFigure], metric: str, title: str, unit: str
) -> tuple[str, str]:
    """Scores against outcomes by week, and the primary metric of both models by week."""
    week = np.array([period.start for period in periods], dtype="datetime64[D]")
    with _Canvas(3.7, 2.8) as (figure, axes):
        observed = [period.n_positives / period.n_rows for period in periods]
        axes.plot(week, observed, "o-", color=ACCENT, markersize=3.5, label="observed rate")
        axes.plot(
            week,
            [p.mean_score for p in periods],
            "o-",
            color=CANDIDATE,
            markersize=3.5,
            label="mean score",
        )
        axes.set_ylim(bottom=0)
        axes.legend(loc="best")
        _date_ticks(axes, week)
        scores = _svg(figure, "Observed rate and mean score by week of the judged window")
    both = {
        "candidate": (week, np.array([p.candidate[metric] for p in periods])),
        "baseline": (week, np.array([p.baseline[metric] for p in periods])),
    }
    return scores, two_series(both, unit, f"{title} by week of the judged window")


def two_series(lines: Mapping[str, tuple[Any, Any]], unit: str, alternative: str) -> str:
    """Candidates and the baseline over time.

    Args:
        lines: Name to days and values; the baseline comes last.
        unit: Unit of the values.
        alternative: The picture in words.
    """
    with _Canvas(3.7, 2.8) as (figure, axes):
        styles = (_CANDIDATES * len(lines))[: len(lines) - 1]
        drawn = [*((style, CANDIDATE) for style in styles), ("o-", BASELINE)]
        for (name, (day, value)), (style, colour) in zip(lines.items(), drawn, strict=True):
            axes.plot(day, value, style, color=colour, markersize=3.5, label=name)
        axes.set_ylabel(unit)
        axes.legend(loc="best")
        _date_ticks(axes, np.concatenate([np.asarray(day) for day, _ in lines.values()]))
        return _svg(figure, alternative)


def heat(values: Any, windows: Sequence[str], columns: Sequence[str], alternative: str) -> str:
    """Columns against windows; 1 is where a distance begins to matter.

    Args:
        values: Distances over limits, shape (n_columns, n_windows); nan where not there.
        windows: What each window is called.
        columns: Column names, top to bottom.
        alternative: The picture in words.
    """
    with _Canvas(7.6, 0.7 + 0.24 * len(columns)) as (figure, axes):
        colours = mpl.colormaps["cividis"].with_extremes(bad="#00000000")
        drawn = axes.pcolormesh(values[::-1], cmap=colours, vmin=0, vmax=2, edgecolors="none")
        axes.set_yticks(np.arange(len(columns)) + 0.5, list(columns)[::-1])
        step = max(1, -(-len(windows) // 6))
        axes.set_xticks(np.arange(len(windows))[::step] + 0.5, list(windows)[::step])
        figure.colorbar(drawn, ax=axes, ticks=[0, 1, 2], extend="max", shrink=0.9)
        return _svg(figure, alternative)


def banded(days: Any, values: Any, band: Any, then: float, alternative: str) -> str:
    """A figure over time, and the band it stays within when nothing changes.

    Args:
        days: First day of each window, shape (n_windows,).
        values: The figure, shape (n_windows,).
        band: Lower and upper end, shape (n_windows, 2); nan where not known.
        then: Its value in the reference.
        alternative: The picture in words.
    """
    with _Canvas(3.7, 2.4) as (figure, axes):
        axes.fill_between(days, band[:, 0], band[:, 1], color=QUIET, alpha=0.25, linewidth=0)
        axes.axhline(then, color=QUIET, linewidth=1, linestyle=":")
        axes.plot(days, values, "o-", color=CANDIDATE, markersize=3.5)
        with np.errstate(invalid="ignore"):
            outside = (values < band[:, 0]) | (values > band[:, 1])
        axes.plot(days[outside], values[outside], "o", color="#d55e00", markersize=5)
        _date_ticks(axes, days)
        return _svg(figure, alternative)


def power_curves(curves: Mapping[str, Sequence[tuple[int, float]]], power: float, unit: str) -> str:
    """Chance of each criterion to pass, by amount of data."""
    colours = (CANDIDATE, BASELINE, ACCENT, "#cc79a7", "#56b4e9", "#d55e00")
    with _Canvas(7.6, 3.0 + 0.2 * -(-len(curves) // 2)) as (figure, axes):
        axes.axhline(power, color=QUIET, linewidth=1, linestyle=":")
        for i, (name, curve) in enumerate(curves.items()):
            n, chance = zip(*curve, strict=True)
            style = ("-", "--", ":")[i // len(colours) % 3]
            axes.plot(n, chance, style, color=colours[i % len(colours)], label=name)
        axes.set(xlabel=unit, ylabel="chance to pass", ylim=(0, 1.02), xscale="log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
        return _svg(figure, "Chance of each criterion to pass, by amount of data")


def segments(figures: Sequence[SegmentFigure], metric: str, title: str, unit: str) -> str:
    """The primary metric of both models, segment by segment."""
    with _Canvas(7.6, 0.6 + 0.27 * len(figures)) as (figure, axes):
        place = np.arange(len(figures))[::-1]
        ours = np.array([f.candidate[metric] for f in figures])
        theirs = np.array([f.baseline[metric] for f in figures])
        axes.hlines(place, theirs, ours, color=QUIET, linewidth=1.2)
        axes.plot(theirs, place, "o", color=BASELINE, label="baseline", markersize=5)
        axes.plot(ours, place, "o", color=CANDIDATE, label="candidate", markersize=5)
        axes.set_yticks(place, [f"{f.segment} {f.value}" for f in figures])
        axes.set_xlabel(f"{title}{f' ({unit})' if unit else ''}")
        axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
        return _svg(figure, f"{title} of candidate and baseline by segment")


def _both(candidate: Curves, baseline: Curves) -> Sequence[tuple[Curves, str, str]]:
    return ((baseline, BASELINE, "baseline"), (candidate, CANDIDATE, "candidate"))


def _date_ticks(axes: Axes, days: Any) -> None:
    """At most six dates, each one of the days drawn."""
    shown = pd.DatetimeIndex(np.unique(np.asarray(days)))
    shown = shown[:: -(-len(shown) // 6)]
    axes.set_xticks(shown, [f"{day:%b} {day.day}" for day in shown])


class _Canvas:
    """A figure in the page's style; widths in inches, drawn without pyplot's state."""

    def __init__(self, width: float, height: float) -> None:
        self._size = (width, height)
        self._context = mpl.rc_context(_STYLE)

    def __enter__(self) -> tuple[Figure, Axes]:
        self._context.__enter__()
        # Measured once; the constrained layout measures every label twice.
        layout = TightLayoutEngine(pad=0.3)
        figure = Figure(figsize=self._size, layout=layout, facecolor="none")
        return figure, figure.add_subplot(facecolor="none")

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)


def _svg(figure: Figure, alternative: str) -> str:
    """The figure as an SVG element that scales, takes the page's ink, and has a name."""
    buffer = io.StringIO()
    # Not savefig: it draws each figure once more, without output, to learn its size.
    canvas: Any = FigureCanvasSVG(figure)  # matplotlib has no types for it
    canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    head_end = text.index(">")
    head = re.sub(r' (width|height)="[^"]*"', "", text[:head_end])
    # Ids are per document: keep those of several figures apart.
    mark = f"f{zlib.crc32(alternative.encode())}"
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{mark}", text[head_end:])
    return f'{head} role="img" aria-label="{alternative}"{body}'
