"""False SHIP: each rule at its own boundary, where the truth just fails it.

Two models on simulated windows; the line of each rule is put exactly at the truth, so that
every SHIP is wrong. Independent and clustered days, base rates and numbers of blocks; the
gate that compares point estimates stands beside ours.

    python scripts/studies/false_ship.py [WINDOWS PER CELL] [OUT]
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.decision import Criterion, Judged, decide, judge
from harness.decision.decide import Minimums
from harness.evidence import Blocks, ScoredRows

sys.path.insert(0, str(Path(__file__).parent))
from simulate import Process, draw, truths

ALPHA = 0.05
BASE_RATES, BLOCKS = (0.005, 0.05, 0.2), (10, 30, 90)
SHAPES = {"independent": 0.0, "clustered by day": 0.3}
# Rule, metric, and whether the first model is the candidate (else the second, worse one).
RULES = (
    ("must_improve_by", "roc_auc", True),
    ("must_improve_by", "recall", True),
    ("must_not_decrease", "roc_auc", False),
    ("must_not_decrease", "recall", False),
    ("must_not_increase", "brier", False),
    ("must_be_above", "recall", True),
    ("must_be_below", "alert_rate", True),
)
ENOUGH = Minimums(rows=0, days=0, n_rows=1, n_days=1)


def criterion_at(rule: str, metric: str, ours: float, theirs: float) -> Criterion | None:
    """The criterion whose line is the truth; None where its tolerance would be negative."""
    gap = ours - theirs
    amount = {
        "must_improve_by": gap,
        "must_not_decrease": -gap,
        "must_not_increase": gap,
        "must_be_above": ours,
        "must_be_below": ours,
    }[rule]
    if amount <= 0:
        return None
    return Criterion(name=metric, metric=metric, rule=rule, amount=amount)


def ships(criterion: Criterion, ours: ScoredRows, theirs: ScoredRows) -> tuple[bool, bool, bool]:
    """Whether our gate ships, whether it resolves, and whether the naive gate ships."""
    judged = Judged(candidate=ours, baseline=theirs, segments={}, samples={}, alpha=ALPHA)
    (proven,) = judge(criterion, judged)
    (naive,) = judge(replace(criterion, evidence="point"), judged)
    # Marked as the success criterion only now: judging it as such adds a design effect.
    shipped = [
        decide([replace(verdict, is_primary=True)], ENOUGH, alpha=ALPHA).ship
        for verdict in (proven, naive)
    ]
    has_interval = proven.verdict != "UNRESOLVED" or proven.code == "STRADDLES"
    return shipped[0], has_interval, shipped[1]


def cell(arguments: tuple[int, Process, int]) -> list[tuple[object, ...]]:
    """All rules on one process."""
    seed, process, n_windows = arguments
    true = truths(process, seed=20_000 + seed)
    rng = np.random.default_rng(seed)
    asked = []
    for rule, metric, first_is_ours in RULES:
        pair = true[metric] if first_is_ours else true[metric][::-1]
        criterion = criterion_at(rule, metric, *pair)
        if criterion is not None:
            asked.append((criterion, first_is_ours))
    counts = np.zeros((len(asked), 3))
    for _ in range(n_windows):
        windows = draw(process, rng)
        for i, (criterion, first_is_ours) in enumerate(asked):
            counts[i] += ships(criterion, *(windows if first_is_ours else windows[::-1]))
    shape = "independent" if process.spread == 0 else "clustered by day"
    return [
        (
            c.rule,
            c.metric,
            process.base_rate,
            process.n_blocks,
            shape,
            *(100 * counts[i] / n_windows),
        )
        for i, (c, _) in enumerate(asked)
    ]


def study(n_windows: int) -> list[tuple[object, ...]]:
    """All cells, on two processes."""
    processes = [
        Process(
            base_rate=rate,
            n_blocks=blocks,
            rho=rho,
            spread=0.0 if shape == "independent" else 0.3,
            rows_per_day=1500 if rate < 0.01 else 300,
        )
        for rate, blocks, (shape, rho) in itertools.product(BASE_RATES, BLOCKS, SHAPES.items())
    ]
    jobs = [(seed, process, n_windows) for seed, process in enumerate(processes)]
    with ProcessPoolExecutor(2) as pool:
        return [row for rows in pool.map(cell, jobs) for row in rows]


def rare_losses(n_different: int, n_windows: int) -> tuple[float, float]:
    """False SHIP % of two models alike but for some rows, and % of windows that show no loss.

    Such a row gains 1, or loses 9 one time in ten: nothing on average, over 30 days of 20 rows.
    """
    metric = "value_per_1000"
    criterion = Criterion(name=metric, metric=metric, rule="must_improve_by", amount=0.0)
    rng = np.random.default_rng(n_different)
    code = np.repeat(np.arange(30), 20)
    blocks = Blocks(code=code, names=tuple(map(str, range(30))), in_time_order=True)
    counts = np.zeros(2)
    for _ in range(n_windows):
        worth = np.where(rng.random(600) < 0.1, -9.0, 1.0)
        alert = np.zeros(600, dtype=bool)
        alert[rng.choice(600, n_different, replace=False)] = True
        label = rng.random(600) < 0.3
        ours, theirs = (
            ScoredRows(
                score=a.astype(float),
                alert=a,
                label=label,
                value_if_alert=worth,
                value_if_silent=np.zeros(600),
                blocks=blocks,
            )
            for a in (alert, np.zeros(600, dtype=bool))
        )
        counts += ships(criterion, ours, theirs)[0], (worth[alert] > 0).all()
    return float(100 * counts[0] / n_windows), float(100 * counts[1] / n_windows)


def rare_losses_table(n_windows: int) -> list[str]:
    """Small changes with rare large losses, at and around the fewest rows that are judged."""
    lines = [
        "",
        "## Small changes with rare large losses",
        "",
        "Two models alike but for some rows, which gain 1 each and lose 9 one time in ten; "
        f"{n_windows} windows of 30 days, must_improve_by 0. Below 30 such rows nothing is judged "
        "(FEW_DIFFERENCES).",
        "",
        "| rows that differ | windows that show no loss % | false SHIP % |",
        "|---:|---:|---:|",
    ]
    for n_different in (12, 29, 30, 45, 60, 120):
        shipped, spotless = rare_losses(n_different, n_windows)
        lines.append(f"| {n_different} | {spotless:.1f} | {shipped:.1f} |")
    return lines


def main() -> None:
    """Run the study and write its table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    rows = study(n)
    error = 100 * np.sqrt(ALPHA * (1 - ALPHA) / n)
    paired = [r for r in rows if str(r[0]).startswith(("must_improve", "must_not"))]
    levels = [r for r in rows if r not in paired]
    lines = [
        "# False SHIP at each rule's own boundary",
        "",
        f"Made by `scripts/studies/false_ship.py {n}`; {n} windows per cell, alpha 5 %, simulation "
        f"standard error {error:.1f} points. Every SHIP here is wrong.",
        "",
        "| rules | worst false SHIP % | mean % | naive gate, mean % |",
        "|---|---:|---:|---:|",
    ]
    for name, part in (("against the baseline", paired), ("one model's level", levels)):
        ours = np.array([r[5] for r in part], dtype=float)
        naive = np.array([r[7] for r in part], dtype=float)
        lines.append(f"| {name} | {ours.max():.1f} | {ours.mean():.1f} | {naive.mean():.1f} |")
    lines += [
        "",
        "| rule | metric | base rate | blocks | days | false SHIP % | had an interval % | naive gate % |",
        "|---|---|---:|---:|---|---:|---:|---:|",
    ]
    lines += [
        f"| {r[0]} | {r[1]} | {r[2]} | {r[3]} | {r[4]} | {r[5]:.1f} | {r[6]:.0f} | {r[7]:.1f} |"
        for r in rows
    ]
    lines += rare_losses_table(5 * n)
    text = "\n".join(lines) + "\n"
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text)
    print("\n".join(text.splitlines()[:10]))


if __name__ == "__main__":
    main()
