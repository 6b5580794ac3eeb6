"""Power from rates: what criteria would need before any run or any log exists.

Each figure is taken as a share: of alerts for precision, of positives for recall, of rows
or units for others. A share p of m rows a day varies from day to day with variance
p (1 - p) / m, times the design effect of a day; a difference of two models on the same
rows is planned as if they were independent, which is the longer plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

from harness.decision import Criterion, criteria_of
from harness.decision.judge import baseline_factor, line_of
from harness.decision.power import Chance, block_chance, plan_criterion, unit_chance
from harness.errors import ConfigError, did_you_mean
from harness.power_plan import PowerPlan
from harness.rules import find_rule
from harness.settings import CriteriaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What comes in by day.

    Attributes:
        rows_per_day: Rows, or units of both variants together.
        positive_rate: Share of positives, of which recall is a share; None when not said.
        alert_rate: Share of alerts, of which precision is a share; None when not said.
        design_effect: How many rows of a day tell as much as one independent row.
        is_abtest: Whether each variant gets half the units.
    """

    rows_per_day: float
    positive_rate: float | None
    alert_rate: float | None
    design_effect: float
    is_abtest: bool


@dataclass(frozen=True, slots=True)
class _Share:
    """A metric known by its direction alone."""

    title: str
    unit: str = "share"
    higher_is_better: bool | None = True


def plan_from_rates(
    criteria: CriteriaSettings,
    rates: Mapping[str, float],
    traffic: Traffic,
    *,
    power: float,
    assumed: Mapping[str, float],
) -> PowerPlan:
    """Plan criteria whose baseline rates are typed in.

    Args:
        criteria: The criteria.
        rates: The baseline's share for each criterion that is planned, by its name.
        traffic: What comes in by day.
        power: Probability asked for that every criterion planned passes.
        assumed: True difference to the baseline by criterion, or for must_be_* the true
            level; guardrails take no difference, the others have to be said.

    Raises:
        ConfigError: If a name is no criterion, a rate no share, or an effect is missing.
    """
    by_name = {criterion.name: criterion for criterion in criteria_of(criteria)}
    for name in (*rates, *assumed):
        if name not in by_name:
            raise ConfigError(f"{name}: no such criterion; {did_you_mean(name, by_name)}")
    if not rates:
        raise ConfigError(
            f"--rate: name the baseline's share of at least one criterion: {', '.join(by_name)}"
        )
    for name, rate in rates.items():
        if not 0 < rate < 1:
            raise ConfigError(f"--rate {name}: {rate} is no share; choose one between 0 and 1")
    each = 1 - (1 - power) / len(rates)
    plans = []
    for name, rate in rates.items():
        criterion = by_name[name]
        metric = _Share(title=name)
        line, passes_above = line_of(criterion, metric)
        factor = baseline_factor(criterion, metric)
        effect = _effect(criterion, rate, assumed.get(name))
        level = rate + effect if criterion.is_paired else effect
        if not 0 < level < 1:
            raise ConfigError(
                f"--assume {name}: a share of {level:g} cannot be; choose one between 0 and 1"
                + (f", less the rate of {rate:g}" if criterion.is_paired else "")
            )
        plans.append(
            plan_criterion(
                name,
                line=line,
                passes_above=passes_above,
                assumed=level - factor * rate if criterion.is_paired else level,
                spread=_spread(criterion, rate, level, factor, traffic),
                lag1=0.0,
                chance=_chance(criteria.alpha, traffic),
                power=each,
                n_now=None,
                least=1 if traffic.is_abtest else 10,
            )
        )
    return PowerPlan(
        plans=tuple(plans),
        power=power,
        rows_per_block=traffic.rows_per_day,
        positives_per_block=traffic.rows_per_day * (traffic.positive_rate or 0.0),
        n_blocks_now=None,
        unit="days",
    )


def _chance(alpha: float, traffic: Traffic) -> Chance:
    """An A/B log has many units and a normal bound; a test window has days."""
    if traffic.is_abtest:
        return partial(unit_chance, quantile=NormalDist().inv_cdf(1 - alpha))
    return partial(block_chance, alpha=alpha, lag1=0.0)


def _effect(criterion: Criterion, rate: float, assumed: float | None) -> float:
    """The true difference to the baseline, or for fixed lines the true level."""
    if assumed is not None:
        return assumed
    if find_rule(criterion.rule).is_guard:
        return 0.0
    if not criterion.is_paired:
        return rate
    raise ConfigError(
        f"--assume {criterion.name}=...: say by how much it truly improves; its line is "
        f"{criterion.amount:g}"
    )


def _spread(
    criterion: Criterion, rate: float, level: float, factor: float, traffic: Traffic
) -> float:
    """Standard deviation of a day's figure."""
    per_day = traffic.rows_per_day
    of = {"recall": "positive_rate", "precision": "alert_rate"}.get(criterion.metric)
    if of is not None:
        share = getattr(traffic, of)
        if share is None:
            flag = f"--{of.replace('_', '-')}"
            raise ConfigError(f"{flag}: not set; {criterion.metric} is a share of these rows")
        per_day *= share
    if traffic.is_abtest:
        per_day /= 2
    variance = level * (1 - level) / per_day
    if criterion.is_paired:
        variance += factor**2 * rate * (1 - rate) / per_day
    return math.sqrt(variance * traffic.design_effect)
