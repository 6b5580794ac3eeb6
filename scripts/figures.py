"""Figures of the explanation pages, each from a seeded simulation with the harness's own parts.

python scripts/figures.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from harness.evidence import Blocks, ScoredRows, estimate_contrast, find_metric
from harness.evidence.metric import RowMetric

INK, CANDIDATE, BASELINE, WRONG = "#3b3f45", "#2a7f9e", "#9aa3ad", "#c2410c"
WINDOWS, DAYS, ROWS, ALPHA = 60, 40, 150, 0.05
LOOKS = (1, 2, 5, 10, 20, 50)
REPEATS = 4_000


def window(rng: np.random.Generator) -> tuple[ScoredRows, ScoredRows, np.ndarray]:
    """Two models of equal worth; each day favours one of them, as weather does."""
    day = np.repeat(np.arange(DAYS), ROWS)
    label = rng.random(len(day)) < 0.2
    favours = rng.normal(0, 0.06, DAYS)[day]
    found = []
    for sign in (1, -1):
        right = rng.random(len(day)) < 0.75 + sign * favours
        alert = np.where(right, label, ~label)
        names = tuple(f"day {d}" for d in range(DAYS))
        found.append(
            ScoredRows(
                label=label,
                score=alert.astype(float),
                alert=alert,
                value_if_alert=np.zeros(len(day)),
                value_if_silent=np.zeros(len(day)),
                blocks=Blocks(code=day, names=names, in_time_order=True),
            )
        )
    return found[0], found[1], day


def intervals(axes: tuple[Axes, Axes]) -> None:
    """The same sixty windows, with days and with rows as what is independent."""
    metric = find_metric("accuracy")
    assert isinstance(metric, RowMetric)
    rng = np.random.default_rng(4)
    missed = [0, 0]
    for place in range(WINDOWS):
        ours, theirs, _ = window(rng)
        gain = (ours.alert == ours.label).astype(float) - (theirs.alert == theirs.label)
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        by_days = estimate_contrast(metric, ours, theirs, ALPHA)
        assert by_days.interval is not None
        bounds = (
            (gain.mean() - 1.645 * error, gain.mean() + 1.645 * error),
            (by_days.interval.lower, by_days.interval.upper),
        )
        for number, (ax, (low, high)) in enumerate(zip(axes, bounds, strict=True)):
            is_wrong = not low <= 0 <= high
            missed[number] += is_wrong
            ax.plot([place, place], [low, high], color=WRONG if is_wrong else CANDIDATE, lw=2)
    for ax, words, count in zip(axes, ("rows", "days"), missed, strict=True):
        ax.axhline(0, color=INK, lw=1)
        ax.set_title(
            f"{words} taken for independent: {count} of {WINDOWS} miss the truth", loc="left"
        )
        ax.set_xticks([])
        ax.set_ylabel("difference in accuracy")


def best_of_many(ax: Axes) -> None:
    """How often the best of k worthless candidates ships."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(REPEATS, max(LOOKS)))
    from scipy.stats import norm

    rules = {
        "better by estimate": (lambda k: 0.0, WRONG),
        "each at full alpha": (lambda k: norm.isf(ALPHA), BASELINE),
        "k share alpha": (lambda k: norm.isf(ALPHA / k), CANDIDATE),
    }
    for name, (line, colour) in rules.items():
        share = [100 * (z[:, :k].max(axis=1) > line(k)).mean() for k in LOOKS]
        ax.plot(LOOKS, share, marker="o", color=colour, lw=2)
        ax.annotate(name, (LOOKS[-1], share[-1]), xytext=(8, 0), textcoords="offset points",
                    va="center", color=colour)  # fmt: skip
    ax.axhline(100 * ALPHA, color=INK, lw=1, ls=":")
    ax.set_xscale("log")
    ax.set_xticks(LOOKS, [str(k) for k in LOOKS])
    ax.set_xlabel("candidates looked at on one test window, none of them better")
    ax.set_ylabel("% of sweeps that ship one")
    ax.set_xlim(0.9, 160)


def split(ax: Axes) -> None:
    """Windows along time, and which outcomes are known when."""
    spans = {
        "train": (0, 60, BASELINE),
        "validation": (67, 90, "#c79a3b"),
        "test": (97, 120, CANDIDATE),
    }
    for name, (start, end, colour) in spans.items():
        ax.barh(1, end - start, left=start, height=0.5, color=colour)
        ax.text((start + end) / 2, 1, name, ha="center", va="center", color="white", weight="bold")
    for start in (60, 90):
        ax.text(start + 3.5, 1.42, "gap", ha="center", color=INK)
        ax.annotate(
            "", (start + 7, 0.55), (start, 0.55), arrowprops={"arrowstyle": "->", "color": INK}
        )
    ax.text(60, 0.22, "a row's outcome becomes known this much later", color=INK, fontsize=9)
    ax.set_ylim(0, 1.7)
    ax.set_yticks([])
    ax.set_xlabel("days")
    for side in ("left", "top", "right"):
        ax.spines[side].set_visible(False)


def main() -> None:
    """Draw all of them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "harness", "font.size": 10,
                         "axes.spines.top": False, "axes.spines.right": False})  # fmt: skip
    drawings = {"intervals": ((2, 1), (8, 5.2), intervals), "best_of_many": ((1, 1), (8, 3.6), best_of_many),
                "split": ((1, 1), (8, 1.9), split)}  # fmt: skip
    for name, (grid, size, draw) in drawings.items():
        figure, axes = plt.subplots(*grid, figsize=size, layout="constrained")
        figure.patch.set_facecolor("white")
        draw(axes)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
