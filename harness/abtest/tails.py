"""Tails: whether a few units carry nearly all that a mean's interval rests on."""

from __future__ import annotations

import numpy as np

from harness.abtest.figures import Floats, has_outcome, linear_values, values_of
from harness.abtest.log import Log
from harness.abtest.metric import LogMetric

# One unit in a thousand, and its share of the variance from which on the study of A/B tests
# (docs/studies/abtest.md, heavy tails) found statistics of winsorised means 1.4 times as large, and
# more, wherever most units have a value.
TOP = 0.001
HEAVY = 0.4
# Share of the values that vary which a proposed cap reaches.
_CAPPED = 0.01


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
    return (
        f"Heavy tails: {n_top:,} of {int(known.sum()):,} units carry {share:.0%} of the variance of "
        f"{name}, so its interval is wide and rests on them; for the next test, plan "
        f"{_instead(name, metric, values['value'][known])}."
    )


def cap_share(values: Floats) -> float:
    """Quantile that caps one in a hundred of the values that differ from the most frequent one.

    Where few units have anything at all, such as buyers among visitors, 0.99 would cap them all.

    Example:
        >>> cap_share(np.arange(1000.0)), cap_share(np.repeat([0.0, 1.0, 2.0], [980, 10, 10]))
        (0.99, 0.9998)
    """
    counts = np.unique(values, return_counts=True)[1]
    varying = 1 - counts.max() / len(values) if counts.max() > 1 else 1.0
    return round(float(1 - _CAPPED * varying), 5)


def _instead(name: str, metric: LogMetric, values: Floats) -> str:
    level = cap_share(values)
    few_vary = level > 1 - _CAPPED / 2
    other = "the share of units with any" if few_vary else f"a quantile such as p95_{metric.column}"
    if metric.kind == "ratio":
        return f"a quantile of {metric.column} per {metric.per}, or a mean per unit with winsorise"
    if metric.winsorise is not None:  # capped, and heavy still
        level = round(1 - 5 * (1 - min(level, metric.winsorise)), 5)
    return f"+abtest.metrics.{name}.winsorise={level:g}, or {other}"
