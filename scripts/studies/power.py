"""Power: how often criteria pass that were planned to pass four times in five.

Offline: a plan is made from one simulated validation window, then test windows of the
planned length are judged. A/B: a plan is made from typed-in rates, then logs of the
planned size are judged. With no, three and five guardrails.

    python scripts/studies/power.py [WINDOWS PER CELL] [OUT]
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from harness.abtest.bounds import Looks
from harness.abtest.judge import judge_log
from harness.abtest.log import Log
from harness.abtest.metric import LogMetric
from harness.decision import Criterion, Judged, judge
from harness.decision.decide import Minimums
from harness.evaluation import ScoredWindow
from harness.power_from_rates import Traffic, plan_from_rates
from harness.power_plan import plan_for_window
from harness.settings import CriteriaSettings, Guardrail

sys.path.insert(0, str(Path(__file__).parent))
from simulate import Process, draw, truths
from table import write_table

ALPHA, PLANNED, PER_DAY = 0.05, 0.8, 2_000
ENOUGH = Minimums(rows=0, days=0, n_rows=1, n_days=1)
GUARDED = ("recall", "precision", "brier", "pr_auc", "alert_rate")
VALIDATION_DAYS = 60


def offline(arguments: tuple[int, int, float, int]) -> tuple[float, float]:
    """Days planned on average, and the share of test windows in which all criteria pass, in %."""
    seed, n_guardrails, rho, n_windows = arguments
    process = Process(base_rate=0.2, n_blocks=VALIDATION_DAYS, rho=rho, rows_per_day=150)
    true = truths(process, seed=50_000 + seed, n_windows=400)
    criteria = [_primary(true)] + [_guardrail(name, true) for name in GUARDED[:n_guardrails]]
    rng = np.random.default_rng(seed)
    days, passes = [], 0
    for _ in range(n_windows):
        ours, theirs = draw(process, rng)
        window = ScoredWindow(
            rows=np.arange(len(ours)),
            local_time=pd.DatetimeIndex([]),
            candidate=ours,
            baseline=theirs,
            segments={},
        )
        assumed = {c.metric: true[c.metric][0] - true[c.metric][1] for c in criteria}
        plans = plan_for_window(criteria, window, ALPHA, PLANNED, None, assumed)
        n_days = max(plan.n_blocks or 0 for plan in plans)
        days.append(n_days)
        test = draw(replace(process, n_blocks=n_days), rng)
        judged = Judged(candidate=test[0], baseline=test[1], segments={}, samples={}, alpha=ALPHA)
        passes += all(judge(c, judged)[0].verdict == "PASS" for c in criteria)
    return float(np.mean(days)), 100 * passes / n_windows


def _primary(true: dict[str, tuple[float, float]]) -> Criterion:
    """Half of the true improvement is asked for."""
    gain = true["roc_auc"][0] - true["roc_auc"][1]
    return Criterion(
        name="roc_auc", metric="roc_auc", rule="must_improve_by", amount=gain / 2, is_primary=False
    )


def _guardrail(name: str, true: dict[str, tuple[float, float]]) -> Criterion:
    """A tolerance as wide as the true difference from the line shall be: a tenth of the level."""
    ours, theirs = true[name]
    room = 0.1 * theirs
    rule = "must_not_increase" if name in ("brier", "alert_rate") else "must_not_decrease"
    harm = ours - theirs if rule == "must_not_increase" else theirs - ours
    return Criterion(name=name, metric=name, rule=rule, amount=max(harm + room, 1e-6))


def abtest(arguments: tuple[int, int, float, int]) -> tuple[float, float]:
    """Days planned, and the share of logs that ship, in percent."""
    seed, n_guardrails, rate, n_logs = arguments
    names = [f"guard_{i}" for i in range(n_guardrails)]
    criteria = CriteriaSettings(
        primary_metric="primary",
        success_threshold=0.02,
        guardrail_metrics={
            name: Guardrail(threshold="must_not_increase", tolerance=rate / 4) for name in names
        },
    )
    traffic = Traffic(
        rows_per_day=PER_DAY, positive_rate=None, alert_rate=None, design_effect=1.0, is_abtest=True
    )
    plan = plan_from_rates(
        criteria,
        {"primary": 0.3, **dict.fromkeys(names, rate)},
        traffic,
        power=PLANNED,
        assumed={"primary": 0.04},
    )
    n_days = max(one.n_blocks or 0 for one in plan.plans)
    n = n_days * PER_DAY
    rng = np.random.default_rng(seed)
    looks = Looks(is_sequential=False, n_units=n, n_planned=n)
    shipped = 0
    for _ in range(n_logs):
        treated = rng.random(n) < 0.5
        columns = {"primary": rng.random(n) < 0.3 + 0.04 * treated}
        columns |= {name: rng.random(n) < rate for name in names}
        log = Log(
            frame=pd.DataFrame(columns).astype(float),
            unit=np.arange(n, dtype=np.uint64),
            arm=treated.astype(np.intp),
            control="A",
            treatments=("B",),
            day=None,
            metrics={
                name: LogMetric(
                    name=name,
                    title=name,
                    unit="share of units",
                    higher_is_better=True,
                    kind="proportion",
                    column=name,
                )
                for name in columns
            },
            tables={},
            everyone=np.arange(n, dtype=np.uint64),
            n_other=0,
            contaminated=0,
            duplicated=0,
        )
        shipped += judge_log(log, criteria, ENOUGH, looks).ship
    return float(n_days), 100 * shipped / n_logs


def study(n_windows: int) -> str:
    """All cells on two processes, as Markdown."""
    ways = [("offline", offline, rho) for rho in (0.0, 0.3)]
    ways += [("A/B", abtest, rate) for rate in (0.01, 0.1)]
    jobs = [(name, way, g, shape) for name, way, shape in ways for g in (0, 3, 5)]
    with ProcessPoolExecutor(2) as pool:
        waiting = [
            pool.submit(way, (seed, g, shape, n_windows))
            for seed, (_, way, g, shape) in enumerate(jobs)
        ]
        found = [job.result() for job in waiting]
    error = 100 * np.sqrt(PLANNED * (1 - PLANNED) / n_windows)
    lowest = min(reached for _, reached in found)
    lines = [
        "# Power reached",
        "",
        f"Made by `scripts/studies/power.py {n_windows}`; {n_windows} windows or logs per cell, "
        f"simulation standard error {error:.1f} points. Planned: {100 * PLANNED:.0f} % for all criteria "
        f"together. Lowest reached: {lowest:.1f} %.",
        "",
        "Plans share the risk among criteria (Bonferroni) and take the longest, so several "
        "guardrails reach more than was planned.",
        "",
        "| kind | days' correlation, or guardrails' rate | guardrails | days planned | all pass % |",
        "|---|---:|---:|---:|---:|",
    ]
    for (name, _, g, shape), (days, reached) in zip(jobs, found, strict=True):
        lines.append(f"| {name} | {shape:g} | {g} | {days:.0f} | {reached:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_table(study, default=1000)
