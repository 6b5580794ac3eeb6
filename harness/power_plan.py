"""Power plan: what every criterion of a run would need, from its validation window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from harness.artefacts.one_run import open_run
from harness.config import load_settings
from harness.decision import Criterion, criteria_of
from harness.decision.judge import baseline_factor, line_of
from harness.decision.power import Plan, block_chance, plan_criterion
from harness.errors import ConfigError, EvidenceError, did_you_mean
from harness.evaluation import ScoredWindow, read_window
from harness.evidence import RowMetric, find_metric
from harness.evidence.bounds import Floats, influence, lag1_correlation
from harness.evidence.estimate import MIN_BLOCKS, MIN_DIFFERENCES
from harness.ledger import TRIAL
from harness.rules import find_rule


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """Plans of all criteria that are judged on rows.

    Attributes:
        plans: One per criterion.
        power: Probability asked for that all of them pass.
        rows_per_block: Mean rows of a block.
        positives_per_block: Mean positives of a block.
        n_blocks_now: Blocks of the run's test window; None for a plan from rates.
        unit: What a block is.
    """

    plans: tuple[Plan, ...]
    power: float
    rows_per_block: float
    positives_per_block: float
    n_blocks_now: int | None
    unit: str

    @property
    def bottleneck(self) -> Plan:
        """The criterion that needs the most blocks; one that cannot be met before all others."""
        return max(self.plans, key=lambda one: (not one.is_possible, one.n_blocks or float("inf")))


def plan_power(folder: Path, *, power: float, assumed: Mapping[str, float]) -> PowerPlan:
    """Plan from a run's validation window; its test window is not looked at.

    Each criterion is planned with probability 1 - (1 - power) / number of criteria, so that
    all of them together pass with probability `power` at least (Bonferroni).

    Args:
        folder: The run's folder.
        power: Probability asked for that every criterion passes.
        assumed: True figures by criterion name; others take what validation showed, and
            guardrails against harm take no difference.

    Raises:
        ConfigError: If `assumed` names no criterion.
        ArtefactError: If the run came to no end, has no predictions, or its files disagree.
    """
    run = open_run(folder)
    run.judged()
    content = run.content
    if "abtest" in content.get("protocol", {}):
        raise ConfigError(f"{folder}: an A/B test has no validation window; plan with --rate")
    parts = {**content["protocol"], **content["candidate"], "running": content["running"]}
    settings = load_settings(parts)
    criteria = settings.criteria
    asked = [c for c in criteria_of(criteria) if isinstance(find_metric(c.metric), RowMetric)]
    names = [criterion.name for criterion in asked]
    for name in assumed:
        if name not in names:
            raise ConfigError(f"--assume {name}: no such criterion; {did_you_mean(name, names)}")
    in_time = criteria.blocks in ("day", "week")
    path, zone = folder / "predictions.parquet", settings.dataset.timezone
    n_now = None
    if settings.holdout.is_trial:  # the half of validation that chose nothing
        window = read_window(path, TRIAL, zone, in_time_order=in_time)
    else:
        window = read_window(path, "validation", zone, in_time_order=in_time)
        n_now = read_window(path, "test", zone, in_time_order=in_time).candidate.blocks.n_blocks
    plans = plan_for_window(asked, window, criteria.alpha, power, n_now, assumed)
    blocks = window.candidate.blocks.n_blocks
    return PowerPlan(
        plans=tuple(plans),
        power=power,
        rows_per_block=len(window.candidate) / blocks,
        positives_per_block=int(window.candidate.label.sum()) / blocks,
        n_blocks_now=n_now,
        unit={"day": "days", "week": "weeks"}.get(criteria.blocks, "blocks"),
    )


def plan_for_window(
    criteria: Sequence[Criterion],
    window: ScoredWindow,
    alpha: float,
    power: float,
    n_now: int | None,
    assumed: Mapping[str, float],
) -> list[Plan]:
    """Plans of criteria from the blocks of one scored window.

    Args:
        criteria: Criteria judged on rows.
        window: Rows as candidate and baseline scored them, usually of validation.
        alpha: Error probability of each bound.
        power: Probability asked for that every criterion passes.
        n_now: Blocks of the test window there is; None where there is none.
        assumed: True figures by criterion name.

    Raises:
        EvidenceError: If a figure does not vary from block to block.
    """
    judged = [(c, part) for c in criteria for part in _parts(c, window)]
    each = 1 - (1 - power) / len(judged)
    return [
        _plan(name, c, part, alpha, each, n_now, assumed.get(c.name)) for c, (name, part) in judged
    ]


def _parts(criterion: Criterion, window: ScoredWindow) -> list[tuple[str, ScoredWindow]]:
    """The window, or its part for each value of the criterion's segment column."""
    if criterion.segment is None:
        return [(criterion.name, window)]
    column = window.segments[criterion.segment]
    found = []
    for code, value in enumerate(column.categories):
        mask = column.codes == code
        if mask.any():
            part = replace(
                window,
                candidate=window.candidate.subset(mask),
                baseline=window.baseline.subset(mask),
            )
            found.append((f"{criterion.name}[{criterion.segment}={value}]", part))
    return found


def _planned_lag1(without: Floats) -> float:
    """Correlation of neighbouring blocks to plan with: a little above what was seen.

    A short window understates it (Kendall 1954), and a plan that trusts a lucky estimate is
    too short; half a standard error more keeps the promised power in simulations.
    """
    n = len(without)
    return max(0.0, lag1_correlation(without) + 1.5 / n + 0.5 / math.sqrt(n))


def _plan(
    name: str,
    criterion: Criterion,
    window: ScoredWindow,
    alpha: float,
    power: float,
    n_now: int | None,
    assumed: float | None,
) -> Plan:
    metric = find_metric(criterion.metric)
    assert isinstance(metric, RowMetric)
    factor = baseline_factor(criterion, metric)
    value = metric.point(window.candidate)
    ours = metric.sums(window.candidate)
    without = metric.value(ours.sum(axis=0) - ours)
    least = MIN_BLOCKS
    if criterion.is_paired:
        n_different = metric.n_different(window.candidate, window.baseline)
        if n_different == 0:
            raise EvidenceError(
                f"{name}: candidate and baseline are alike on every row of validation, so nothing "
                "can be planned; plan for a candidate that differs from its baseline"
            )
        least = max(least, math.ceil(MIN_DIFFERENCES * len(without) / n_different))
        theirs = metric.sums(window.baseline)
        without = without - factor * metric.value(theirs.sum(axis=0) - theirs)
        value -= factor * metric.point(window.baseline)
    if not np.isfinite(without).all() or np.ptp(without) == 0:
        raise EvidenceError(
            f"{name}: validation shows no spread from block to block, so nothing can be "
            "planned; use a run with a longer validation window"
        )
    line, passes_above = line_of(criterion, metric)
    if assumed is None:
        harmless = (1 - factor) * metric.point(window.baseline)
        # Rules that guard against harm are planned for a candidate that does none.
        assumed = harmless if find_rule(criterion.rule).is_guard else value
    n = len(without)
    # A block's contribution to a mean of n blocks is (n - 1) times its influence.
    spread = float((n - 1) * np.sqrt((influence(without) ** 2).sum() / (n - 1)))
    lag1 = _planned_lag1(without) if window.candidate.blocks.in_time_order else 0.0
    return plan_criterion(
        name,
        line=line,
        passes_above=passes_above,
        assumed=assumed,
        spread=spread,
        lag1=lag1,
        chance=partial(block_chance, alpha=alpha, lag1=lag1),
        power=power,
        n_now=n_now,
        least=least,
    )
