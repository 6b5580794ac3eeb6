"""Tails: whether a few units carry nearly all that a mean's interval rests on."""

from __future__ import annotations

import numpy as np

from harness.abtest.figures import Floats, has_outcome, linear_values, values_of
from harness.abtest.log import Log
from harness.abtest.metric import LogMetric

# One unit in a thousand, and the share of the variance from which on the study of A/B tests
# (docs/studies/abtest.md, heavy tails) found bounds off their level or twice as wide as capped ones.
TOP = 0.001
HEAVY = 0.5


def top_share(values: Floats) -> float:
    """Share of the sum of squared deviations held by one unit in a thousand, at least by one.

    Example:
        >>> bool(top_share(np.random.default_rng(0).normal(size=10_000)) < 0.03)
        True
    """
    squares = np.sort((values - values.mean()) ** 2)
    total = float(squares.sum())
    n_top = max(1, round(TOP * len(values)))
    return float(squares[-n_top:].sum()) / total if total > 0 else 0.0


def tail_warning(name: str, metric: LogMetric, log: Log) -> str | None:
    """A sentence where a mean or ratio rests on few units, with what to use instead.

    Args:
        name: The metric's name in the criteria.
        metric: What it measures.
        log: The log.
    """
    if metric.kind not in ("mean", "ratio"):
        return None
    values = values_of(metric, log.frame)
    known = has_outcome(values)
    if known.sum() < 1 / TOP:
        return None
    per = values["per"][known] if "per" in values else None
    share = top_share(linear_values(values["value"][known], per))
    if share < HEAVY:
        return None
    n_top = max(1, round(TOP * int(known.sum())))
    instead = f"a quantile such as p95_{metric.column}"
    if metric.kind == "mean":
        level = 0.99 if metric.winsorise is None or metric.winsorise > 0.99 else 0.95
        instead = f"+abtest.metrics.{name}.winsorise={level:g}, or {instead}"
    return (
        f"Heavy tails: {n_top:,} of {int(known.sum()):,} units carry {share:.0%} of the variance of "
        f"{name}, so its interval is wide and rests on them; for the next test, plan {instead}."
    )
