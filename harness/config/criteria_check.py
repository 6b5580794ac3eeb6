"""Check of criteria: words that cannot be meant, tolerances that cannot be proved."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

from harness.errors import ConfigError, did_you_mean
from harness.rules import find_rule, rule_names
from harness.rules.rule import GAIN
from harness.settings import CriteriaSettings, Guardrail

_METRICS = Path(__file__).resolve().parent.parent / "evidence" / "metrics"


@cache
def metric_names() -> tuple[str, ...]:
    """Names of all metrics: one file each, so the listing needs no heavy import."""
    stems = (path.stem for path in _METRICS.glob("*.py"))
    return tuple(sorted(stem for stem in stems if not stem.startswith("_")))


def check_criteria(criteria: CriteriaSettings, *, of_log: bool = False) -> None:
    """Refuse criteria that could never be judged as written.

    Args:
        criteria: The criteria.
        of_log: Whether metrics are named after an A/B log's columns, not by the catalogue.

    Raises:
        ConfigError: With the key and what to write instead.
    """
    if not isinstance(criteria.primary_metric, (str, list)):
        raise ConfigError(
            f"criteria.primary_metric: expected a metric's name or a list of names, "
            f"got {criteria.primary_metric!r}"
        )
    if not criteria.primary_metric or not all(criteria.primary_metrics):
        raise ConfigError(
            "criteria.primary_metric: no metric named; a run without a success criterion "
            f"cannot ship anything; {did_you_mean('', metric_names())}"
        )
    for metric in criteria.primary_metrics:
        if not of_log:
            _check_metric("criteria.primary_metric", str(metric))
            _check_direction("criteria.primary_metric", str(metric))
        _check_margin(criteria, metric)
    for name, guardrail in criteria.guardrail_metrics.items():
        key = f"criteria.guardrail_metrics.{name}"
        if not of_log:
            _check_metric(f"{key}.metric" if guardrail.metric else key, guardrail.metric or name)
            if guardrail.threshold in rule_names() and find_rule(guardrail.threshold).of == GAIN:
                _check_direction(key, guardrail.metric or name)
        _check_guardrail(key, guardrail)


def _check_margin(criteria: CriteriaSettings, metric: str) -> None:
    key = "criteria.success_threshold"
    try:
        margin = criteria.margin(metric)
    except KeyError as error:
        raise ConfigError(
            f"{key}: says nothing about {metric}; give each metric a number"
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {criteria.success_threshold!r} is no number") from error
    if not math.isfinite(margin):
        raise ConfigError(f"{key}: {margin} is no finite number")
    if margin < 0:
        raise ConfigError(f"{key}: {margin} would let a worse candidate pass; choose 0 or more")
    if (
        margin > 0
        and len(criteria.primary_metrics) > 1
        and not isinstance(criteria.success_threshold, dict)
    ):
        raise ConfigError(
            f"{key}: one number for metrics of several units means nothing; give each its own, "
            f"such as {{{metric}: {margin:g}}}"
        )


def _check_guardrail(key: str, guardrail: Guardrail) -> None:
    rule = find_rule(guardrail.threshold)
    needed = rule.needs
    other = "tolerance" if needed == "value" else "value"
    given = getattr(guardrail, needed)
    if given is None:
        raise ConfigError(f"{key}.{needed}: missing; {guardrail.threshold} needs a number there")
    if getattr(guardrail, other) is not None:
        raise ConfigError(f"{key}.{other}: {guardrail.threshold} has no {other}; remove it")
    if needed == "tolerance" and given <= 0:
        raise ConfigError(
            f"{key}.tolerance: {given} cannot be proved by any amount of data; "
            "choose the largest harm you would still call none, above 0"
        )
    if guardrail.relative and not rule.is_paired:
        raise ConfigError(f"{key}.relative: {guardrail.threshold} has a fixed line; remove it")


def _check_metric(key: str, metric: str) -> None:
    names = metric_names()
    if metric not in names:
        raise ConfigError(f"{key}: no such metric '{metric}'; {did_you_mean(metric, names)}")


def _check_direction(key: str, metric: str) -> None:
    # Read as text: importing a metric would import numpy before a typo is found.
    if "higher_is_better=None" in (_METRICS / f"{metric}.py").read_text():
        raise ConfigError(
            f"{key}: {metric} has no direction of its own, so it cannot improve; "
            "use must_be_below or must_be_above as a guardrail"
        )
