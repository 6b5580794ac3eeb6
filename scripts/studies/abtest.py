"""A/B tests: every SHIP at a rule's boundary is wrong; so is one after peeking; lost units show.

Logs are drawn with a known truth and judged by the very function behind `harness abtest`.

    python scripts/studies/abtest.py [LOGS PER CELL] [OUT]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.abtest.bounds import Looks
from harness.abtest.checks import is_mismatched
from harness.abtest.figures import Arm, contrast
from harness.abtest.judge import judge_log
from harness.abtest.log import Log
from harness.abtest.metric import LogMetric
from harness.abtest.tails import HEAVY, cap_share, top_share
from harness.decision.decide import Minimums
from harness.settings import CriteriaSettings, Guardrail

sys.path.insert(0, str(Path(__file__).parent))
from table import write_table

Floats = NDArray[np.float64]

ALPHA = 0.05
N_TAIL = 10_000
ENOUGH = Minimums(rows=0, days=0, n_rows=1, n_days=1)
N_PEEKS = 20
_P99 = 2.3263478740408408
_WITHIN, _BETWEEN = 0.5, 0.4  # spread of a unit's latencies, and from unit to unit, on the log


@dataclass(frozen=True)
class Cell:
    """One rule on one kind of metric, with the truth on its line.

    Attributes:
        kind: What is measured.
        rule: The rule.
        base: Base rate, or spread of a mean.
        n_units: Units in the log.
        effect: Treatment's true figure less control's; the rule's line.
        relative: Whether the line is a share of control's figure.
    """

    kind: str
    rule: str
    base: float
    n_units: int
    effect: float
    relative: bool = False


def cells() -> list[Cell]:
    """All cells of the study."""
    found = []
    for rate in (0.0002, 0.005, 0.05, 0.2):
        for n in (10_000, 60_000):
            found += [
                Cell("proportion", "must_improve_by", rate, n, 0.2 * rate),
                Cell("proportion", "must_not_increase", rate, n, 0.2 * rate),
                Cell("proportion", "must_not_decrease", rate, n, -0.2, relative=True),
                Cell("proportion", "must_be_below", rate, n, 0.0),
            ]
    for kind in ("mean", "mean with CUPED", "ratio"):
        for spread in (0.5, 1.5):
            found += [
                Cell(kind, "must_improve_by", spread, 2_000, 0.05),
                Cell(kind, "must_not_increase", spread, 2_000, 0.05, relative=True),
            ]
    for n in (2_000, 10_000):
        found += [
            Cell("p99 of several values per unit", "must_be_below", 0.0, n, 0.0),
            Cell("p99 of several values per unit", "must_not_increase", 0.0, n, 0.1),
        ]
    return found


def draw_log(cell: Cell, rng: np.random.Generator, n: int | None = None) -> Log:
    """A log in which the cell's effect is the truth."""
    n = n or cell.n_units
    treated = rng.random(n) < 0.5
    tables: dict[str, pd.DataFrame] = {}
    frame = pd.DataFrame(index=np.arange(n))
    metric = {"name": "figure", "title": "Figure", "unit": "", "higher_is_better": True}
    if cell.kind == "proportion":
        shifted = cell.base * (1 + cell.effect) if cell.relative else cell.base + cell.effect
        frame["y"] = (rng.random(n) < np.where(treated, shifted, cell.base)).astype(float)
        found = LogMetric(kind="proportion", column="y", **metric)
    elif cell.kind.startswith("mean"):
        shared = rng.normal(size=n)
        noise = 0.7 * shared + np.sqrt(1 - 0.49) * rng.normal(size=n)
        frame["y"] = np.exp(cell.base * noise - cell.base**2 / 2)  # mean 1, skewed
        frame["y"] += cell.effect * treated
        frame["before"] = np.exp(cell.base * shared)
        covariate = "before" if "CUPED" in cell.kind else None
        found = LogMetric(kind="mean", column="y", covariate=covariate, **metric)
    elif cell.kind == "ratio":
        frame["n"] = rng.integers(1, 9, n).astype(float)
        rate = np.exp(cell.base * rng.normal(size=n) - cell.base**2 / 2) + cell.effect * treated
        frame["y"] = rate * frame["n"]
        found = LogMetric(kind="ratio", column="y", per="n", **metric)
    else:
        unit = np.repeat(np.arange(n), rng.integers(1, 6, n))
        log_value = _BETWEEN * rng.normal(size=n)[unit] + _WITHIN * rng.normal(size=len(unit))
        value = np.exp(log_value) * np.where(treated[unit], 1 + cell.effect, 1.0)
        tables["requests"] = pd.DataFrame(
            {"y": value, "unit": unit.astype(np.uint64), "arm": treated[unit].astype(np.intp)}
        )
        found = LogMetric(kind="quantile", column="y", quantile=0.99, table="requests", **metric)
    return Log(
        frame=frame,
        unit=np.arange(n, dtype=np.uint64),
        arm=treated.astype(np.intp),
        control="A",
        treatments=("B",),
        day=None,
        metrics={"figure": found},
        tables=tables,
        everyone=np.arange(n, dtype=np.uint64),
        n_other=0,
        contaminated=0,
        duplicated=0,
    )


def criteria_at(cell: Cell, evidence: str = "proven") -> CriteriaSettings:
    """Criteria whose one line is the truth, as the success criterion or as a guardrail."""
    p99 = np.exp(_P99 * np.hypot(_WITHIN, _BETWEEN))
    level = p99 if cell.kind.startswith("p99") else cell.base
    amount = cell.effect * (p99 if cell.kind.startswith("p99") and cell.effect else 1.0)
    if cell.rule == "must_improve_by":
        return CriteriaSettings(
            primary_metric="figure",
            success_threshold=amount,
            relative=cell.relative,
            evidence=evidence,
        )
    guardrail = Guardrail(threshold=cell.rule, relative=cell.relative, evidence=evidence)
    if cell.rule == "must_be_below":
        guardrail.value = level
    else:
        guardrail.tolerance = abs(amount)
    return CriteriaSettings(
        primary_metric="figure",
        success_threshold=-1e9,  # passes for certain, so that the guardrail alone decides
        guardrail_metrics={"figure": guardrail},
    )


def at_boundary(arguments: tuple[int, Cell, int]) -> tuple[float, float]:
    """How often our gate ships, and how often the naive one does, in percent."""
    seed, cell, n_logs = arguments
    rng = np.random.default_rng(seed)
    ours, naive = criteria_at(cell), criteria_at(cell, "point")
    looks = Looks(is_sequential=False, n_units=cell.n_units, n_planned=cell.n_units)
    shipped = np.zeros((n_logs, 2), dtype=bool)
    for i in range(n_logs):
        log = draw_log(cell, rng)
        for j, criteria in enumerate((ours, naive)):
            verdicts = judge_log(log, criteria, ENOUGH, looks).criteria
            shipped[i, j] = all(v.verdict == "PASS" for v in verdicts)
    share = 100 * shipped.mean(axis=0)
    return float(share[0]), float(share[1])


def peeking(arguments: tuple[int, Cell, int, bool]) -> float:
    """How often any of 20 looks at a growing log ships, in percent."""
    seed, cell, n_logs, is_sequential = arguments
    rng = np.random.default_rng(seed)
    criteria = criteria_at(cell)
    shipped = 0
    for _ in range(n_logs):
        log = draw_log(cell, rng)
        for look in range(1, N_PEEKS + 1):
            seen = np.arange(cell.n_units) < cell.n_units * look // N_PEEKS
            looks = Looks(
                is_sequential=is_sequential, n_units=int(seen.sum()), n_planned=cell.n_units // 2
            )
            verdicts = judge_log(log.subset(seen), criteria, ENOUGH, looks).criteria
            if all(v.verdict == "PASS" for v in verdicts):
                shipped += 1
                break
    return 100 * shipped / n_logs


def mismatches(share: float, n_logs: int, looks: Looks, seed: int = 0) -> float:
    """How often a log of 100,000 units with this true share is refused, in percent."""
    rng = np.random.default_rng(seed)
    treated = rng.binomial(100_000, share, n_logs)
    return 100 * float(np.mean([is_mismatched(int(k), 100_000, 0.5, looks) for k in treated]))


@dataclass(frozen=True)
class Tail:
    """Values of 10,000 units whose tail grows heavier from one to the next.

    Attributes:
        name: In words.
        draw: Values of so many units.
    """

    name: str
    draw: Callable[[np.random.Generator, int], Floats]


def tails() -> list[Tail]:
    """Distributions from a light tail to one without a variance."""
    found = [Tail("exponential", lambda rng, n: rng.exponential(size=n))]
    for spread in (1.0, 1.5, 2.0, 2.5):
        found.append(
            Tail(f"lognormal, {spread:g}", lambda rng, n, s=spread: np.exp(s * rng.normal(size=n)))
        )
    for payers, spread in ((0.05, 1.0), (0.02, 1.0), (0.02, 1.5)):
        found.append(
            Tail(
                f"{payers:.0%} pay, lognormal {spread:g}",
                lambda rng, n, p=payers, s=spread: (
                    (rng.random(n) < p) * np.exp(s * rng.normal(size=n))
                ),
            )
        )
    for power in (3.0, 2.5, 2.0, 1.5):
        found.append(Tail(f"Pareto, {power:g}", lambda rng, n, a=power: 1 + rng.pareto(a, size=n)))
    return found


def heavy(arguments: tuple[int, Tail, int, float]) -> tuple[float, float, float, float]:
    """Top share, false proofs of gain and of harm in percent, and what capping gains.

    The last figure is how much larger a test statistic winsorised values give where the
    treatment raises every value by a tenth.
    """
    seed, tail, n_logs, share = arguments
    rng = np.random.default_rng(seed)
    looks = Looks(is_sequential=False, n_units=N_TAIL, n_planned=N_TAIL)
    metric = LogMetric(name="y", title="Y", unit="", higher_is_better=True, kind="mean", column="y")
    tops, gains, harms, plain, capped = [], [], [], [], []
    for _ in range(n_logs):
        values, treated = tail.draw(rng, N_TAIL), rng.random(N_TAIL) < share
        tops.append(top_share(values))
        arms = (Arm(value=values[~treated]), Arm(value=values[treated]))
        interval = contrast(metric, *arms, looks, ALPHA, 1.0).interval
        gains.append(interval is not None and interval.lower > 0)
        harms.append(interval is not None and interval.upper < 0)
        raised = values * np.where(treated, 1.1, 1.0)
        level = cap_share(raised)
        low, high = np.quantile(raised, (1 - level, level))
        plain.append(_statistic(raised, treated))
        capped.append(_statistic(np.clip(raised, low, high), treated))
    gain = float(np.mean(capped)) / float(np.mean(plain))
    return float(np.median(tops)), 100 * np.mean(gains), 100 * np.mean(harms), gain


def _statistic(values: Floats, treated: NDArray[np.bool_]) -> float:
    ours, theirs = values[treated], values[~treated]
    error = np.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    return float((ours.mean() - theirs.mean()) / error)


def study(n_logs: int) -> str:
    """All cells on two processes, as Markdown."""
    all_cells = cells()
    with ProcessPoolExecutor(2) as pool:
        jobs = [(seed, cell, n_logs) for seed, cell in enumerate(all_cells)]
        rates = list(pool.map(at_boundary, jobs))
        peeked = [
            Cell("proportion", "must_improve_by", 0.05, 10_000, 0.01),
            Cell("mean with CUPED", "must_improve_by", 1.5, 4_000, 0.05),
            Cell("p99 of several values per unit", "must_be_below", 0.0, 10_000, 0.0),
        ]
        jobs = [
            (100 + i, c, max(n_logs // 2, 10), s)
            for i, c in enumerate(peeked)
            for s in (True, False)
        ]
        shipped = list(pool.map(peeking, jobs))
    error = 100 * np.sqrt(ALPHA * (1 - ALPHA) / n_logs)
    ours, naive = (np.array([r[i] for r in rates]) for i in (0, 1))
    fixed = Looks(is_sequential=False, n_units=100_000, n_planned=100_000)
    often = Looks(is_sequential=True, n_units=100_000, n_planned=50_000)
    lines = [
        "# A/B tests",
        "",
        f"Made by `scripts/studies/abtest.py {n_logs}`; {n_logs} logs per cell, alpha 5 %, simulation "
        f"standard error {error:.1f} points.",
        "",
        "## At each rule's own boundary",
        "",
        f"Every SHIP is wrong. Worst {ours.max():.1f} %, mean {ours.mean():.1f} %; comparing point "
        f"estimates ships {naive.mean():.1f} % on average.",
        "",
        "| metric | rule | base rate or spread | units | false SHIP % | by point estimate % |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for cell, (us, them) in zip(all_cells, rates, strict=True):
        rule = f"{cell.rule}{' (relative)' if cell.relative else ''}"
        lines.append(
            f"| {cell.kind} | {rule} | {cell.base:g} | {cell.n_units:,} | {us:.1f} | {them:.1f} |"
        )
    lines += [
        "",
        f"## Looking {N_PEEKS} times and stopping at the first SHIP",
        "",
        "| metric | looks=sequential, false SHIP % | bounds of a single look, false SHIP % |",
        "|---|---:|---:|",
    ]
    for cell, one, other in zip(peeked, shipped[::2], shipped[1::2], strict=True):
        lines.append(f"| {cell.kind} | {one:.1f} | {other:.1f} |")
    n = 20 * n_logs
    lines += [
        "",
        "## Sample-ratio mismatch, 100,000 units, planned half and half",
        "",
        f"{n:,} logs per line. One in a hundred of treatment's units lost is a share of 49.75 %; a "
        "mismatch of 1 % is one of 49 %, or 51 %.",
        "",
        "| true share of treatment | refused at a single look % | refused by sequential bounds % |",
        "|---|---:|---:|",
    ]
    for name, share in (("50 %", 0.5), ("49.75 %", 0.4975), ("49.5 %", 0.495), ("49 %", 0.49)):
        lines.append(
            f"| {name} | {mismatches(share, n, fixed):.2f} | {mismatches(share, n, often):.2f} |"
        )
    lines += heavy_tails(max(n_logs // 5, 10))
    return "\n".join(lines) + "\n"


def heavy_tails(n_logs: int) -> list[str]:
    """What heavy tails do to bounds and to power, as lines of Markdown."""
    lines = [
        "",
        f"## Heavy tails, {N_TAIL:,} units",
        "",
        f"{n_logs} logs per line and share of treatment, no true effect. The top share is that of one "
        "unit in a thousand in the sum of squared deviations; the last column is how much larger a "
        "test statistic the mean winsorised as proposed gives when every value rises by a tenth. "
        f"`harness abtest` warns from {100 * HEAVY:.0f} % on.",
        "",
        "| values | top share % | half and half: false gain %, harm % | one in ten treated: "
        "false gain %, harm % | statistic of capped values |",
        "|---|---:|---:|---:|---:|",
    ]
    for i, tail in enumerate(tails()):
        even, uneven = (heavy((200 + i, tail, n_logs, share)) for share in (0.5, 0.1))
        lines.append(
            f"| {tail.name} | {100 * even[0]:.0f} | {even[1]:.1f}, {even[2]:.1f} | "
            f"{uneven[1]:.1f}, {uneven[2]:.1f} | {even[3]:.1f}x |"
        )
    return lines


if __name__ == "__main__":
    write_table(study, default=2000)
