"""A/B logs: which column is what, and how often the log may be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.settings.dataset import FileSettings
from harness.settings.protocol import CriteriaSettings

KINDS = ("proportion", "mean", "ratio", "quantile")
CORRECTIONS = ("holm", "bonferroni", "none")


@dataclass(kw_only=True)
class AbtestMetric:
    """Where one metric of an A/B log comes from; what is left out is inferred.

    Attributes:
        kind: proportion, mean, ratio or quantile; null takes it from name and column.
        column: Column with the value of each unit.
        per: ratio: the column to divide by, such as sessions.
        covariate: Column with the same quantity before the test; narrows the interval (CUPED).
            Units without one stay in, with the mean of their own kind as their prediction.
        per_covariate: ratio: the column to divide the covariate by.
        quantile: quantile: which one, between 0 and 1.
        cluster: quantile: column of what belongs together; null takes the unit.
        table: quantile: another file with several rows per unit, such as requests.
        missing: exclude (units without a value are left out, counted and said) or zero (no value
            means none, such as revenue of a unit that never ordered).
        winsorise: mean: quantile such as 0.99 of all units' values, beyond which a value counts as
            that quantile, and below the opposite quantile as that one; one cap for all variants.
        higher_is_better: Direction; success metrics and tolerances need it.
        title: Name for readers.
        unit: Unit in words.
    """

    kind: str | None = None
    column: str | None = None
    per: str | None = None
    covariate: str | None = None
    per_covariate: str | None = None
    quantile: float | None = None
    cluster: str | None = None
    table: str | None = None
    missing: str = "exclude"
    winsorise: float | None = None
    higher_is_better: bool = True
    title: str = ""
    unit: str | None = None


@dataclass(kw_only=True)
class AbtestSettings(FileSettings):
    """What the columns of an A/B log mean.

    Attributes:
        unit: Column that names who was assigned to a variant.
        variant: Column with the variant.
        control: The variant that stands for things as they are.
        treatment: The variant to be judged; null judges every other one against control.
        correction: How several treatments share alpha: holm, bonferroni or none.
        enrolled: Column with the time of assignment; needed for a minimum duration.
        time_unit: What integers in that column count since 1970: day, s, ms, us or ns.
        time_format: How `enrolled` is written: `dd/mm/yyyy`, `epoch_s`, `excel`, a strptime pattern;
            null detects it.
        timezone: IANA zone whose midnights separate days.
        share: Planned share of treatment among both variants; with several treatments, of each
            among itself and control.
        shares: Planned share of every variant by name, where treatments get different ones.
        looks: fixed (one look, once the minimums are met) or sequential (any number of looks,
            with wider bounds that hold at all of them together).
        metrics: Metrics by name, each an `AbtestMetric`; others are found by their name.
    """

    kind: str = "abtest"
    unit: str | None = None
    variant: str | None = None
    control: bool | int | float | str | None = None
    treatment: bool | int | float | str | None = None
    correction: str = "holm"
    enrolled: str | None = None
    time_unit: str | None = None
    time_format: str | None = None
    timezone: str = "UTC"
    share: float = 0.5
    shares: dict[Any, Any] = field(default_factory=dict)  # variants may be called 0 and 1
    looks: str = "fixed"
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AbtestRunning:
    """Place of an A/B evaluation: nothing here may change a decision.

    Attributes:
        ledger: File of the holdout ledger, or postgresql://USER@HOST/DATABASE for a team's; null
            takes HARNESS_LEDGER, else the user's data folder.
        folder: Where results go; null makes a folder below outputs/.
    """

    ledger: str | None = None
    folder: str | None = None


@dataclass(kw_only=True)
class AbtestRunSettings:
    """A whole A/B config: criteria, roles, and where to write.

    Attributes:
        criteria: What counts as success and what must not get worse.
        abtest: What the columns mean.
        running: Where results go.
    """

    criteria: CriteriaSettings = field(default_factory=CriteriaSettings)
    abtest: AbtestSettings = field(default_factory=AbtestSettings)
    running: AbtestRunning = field(default_factory=AbtestRunning)
