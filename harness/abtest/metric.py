"""Metric of a log: which column it comes from, and how units become one figure.

What the config leaves out is found by the metric's name: `p99_latency_ms` is the 99th
percentile of `latency_ms`, `7_day_retention_lift` the mean of `7_day_retention`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.errors import ConfigError, did_you_mean
from harness.settings import AbtestMetric
from harness.settings.abtest import KINDS

_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|99\d)_(.+)")
_ENDINGS = ("_lift", "_rate", "_mean", "_per_unit", "_per_user", "_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMetric:
    """One metric of an A/B log.

    Attributes:
        name: Name in criteria, JSON and tables.
        title: Name for readers.
        unit: Unit in words.
        higher_is_better: Direction.
        kind: proportion, mean, ratio or quantile.
        column: Column with the value.
        per: Column a ratio divides by.
        covariate: The same quantity before the test.
        per_covariate: What a ratio's covariate is divided by.
        quantile: Which quantile, between 0 and 1.
        cluster: Column of what belongs together; None means the unit.
        table: Another file with several rows per unit.
        missing: exclude, or zero where no value means none.
        winsorise: Quantile of all units' values at which a mean is capped; None for none.
        caps: Lowest and highest value that counts, by `value` and `covariate`; found in the log.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool
    kind: str
    column: str
    per: str | None = None
    covariate: str | None = None
    per_covariate: str | None = None
    quantile: float | None = None
    cluster: str | None = None
    table: str | None = None
    missing: str = "exclude"
    winsorise: float | None = None
    caps: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns read from the log or from the metric's own table."""
        named = (self.column, self.per, self.covariate, self.per_covariate, self.cluster)
        return tuple(dict.fromkeys(name for name in named if name is not None))


def find_log_metric(
    name: str,
    declared: AbtestMetric | None,
    columns: Mapping[str | None, Iterable[str]],
    example: Callable[[str | None], str] = lambda _: "COLUMN",
) -> LogMetric:
    """What a criterion's metric means in this log.

    Args:
        name: The metric's name in the criteria.
        declared: What the config says about it.
        columns: Columns of the log (under None) and of other tables, by path.
        example: A column of a table that fits, for errors.

    Raises:
        ConfigError: If no column fits, or the words contradict each other.
    """
    said = declared or AbtestMetric()
    key = f"abtest.metrics.{name}"
    named = _QUANTILE.fullmatch(name)
    quantile = said.quantile
    if quantile is None and said.kind in (None, "quantile") and named:
        quantile = _share(named[1])
    kind = said.kind or ("quantile" if quantile is not None else "ratio" if said.per else "mean")
    if kind not in KINDS:
        raise ConfigError(f"{key}.kind: '{kind}' is unknown; {did_you_mean(kind, KINDS)}")
    if kind == "ratio" and not said.per:
        raise ConfigError(f"{key}.per: missing; a ratio needs the column to divide by")
    if kind == "quantile" and (quantile is None or not 0 < quantile < 1):
        raise ConfigError(f"{key}.quantile: {quantile} must lie between 0 and 1, such as 0.99")
    if kind == "quantile" and said.covariate:
        raise ConfigError(f"{key}.covariate: a quantile takes none; remove it")
    if kind == "quantile" and said.missing == "zero":
        raise ConfigError(f"{key}.missing: a quantile has no use for zeros; remove it")
    if said.winsorise is not None and kind != "mean":
        raise ConfigError(
            f"{key}.winsorise: only a mean can be winsorised, not a {kind}; remove it"
        )
    if said.table and kind != "quantile":
        raise ConfigError(
            f"{key}.table: only quantiles read another table; add its sums per unit to the log"
        )
    there = list(columns[said.table])
    base = named[2] if named and kind == "quantile" else name
    column = _column(key, said.column, base, there, lambda: example(said.table))
    for part in ("per", "covariate", "per_covariate", "cluster"):
        other = getattr(said, part)
        if other is not None and other not in there:
            raise ConfigError(f"{key}.{part}: no column '{other}'; {did_you_mean(other, there)}")
    unit = said.unit
    if unit is None:
        unit = "ms" if column.endswith("_ms") else ""
    return LogMetric(
        name=name,
        title=said.title or _title(name),
        unit=unit,
        higher_is_better=said.higher_is_better,
        kind=kind,
        column=column,
        per=said.per,
        covariate=said.covariate,
        per_covariate=said.per_covariate,
        quantile=quantile if kind == "quantile" else None,
        cluster=said.cluster,
        table=said.table,
        missing=said.missing,
        winsorise=said.winsorise,
    )


def _column(
    key: str, said: str | None, base: str, columns: list[str], example: Callable[[], str]
) -> str:
    """The column said, or the one the metric's name leads to."""
    if said is not None:
        if said not in columns:
            raise ConfigError(f"{key}.column: no column '{said}'; {did_you_mean(said, columns)}")
        return said
    tried = [base]
    for ending in _ENDINGS:
        if base.endswith(ending):
            stem = base.removesuffix(ending)
            tried += [stem, f"{stem}s"]
    for name in tried:
        if name in columns:
            return name
    raise ConfigError(
        f"{key}.column: no column is called {' or '.join(tried)}; say which one it is, "
        f"e.g. '+abtest.metrics={{{key.rpartition('.')[2]}: {{column: {example()}}}}}'"
    )


def _share(digits: str) -> float:
    """99 is 0.99, 999 is 0.999, 99.5 is 0.995."""
    return float(digits) / (1000 if len(digits) == 3 and digits.isdigit() else 100)


def _title(name: str) -> str:
    words = name.replace("_", " ")
    return words[0].upper() + words[1:]
