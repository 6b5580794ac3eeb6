"""The protocol half of a config: fixed before anyone models.

Plain dataclasses, standard library only, so that a typo is found without importing
pandas. They are not frozen because OmegaConf turns frozen classes into read-only
configs, which no override could change. `kind` names the option of its group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class TemporalSplit:
    """train | gap | validation | gap | test, by dates or by durations from the end.

    Attributes:
        train: Longest training window (`12mo`); null uses all earlier rows.
        validation: Length of the validation window, unless `validation_start` is set.
        test: Length of the test window, unless `test_start` is set.
        gap: Time left out before validation and before test; null takes the label delay.
        validation_start: First day of validation, as a date.
        test_start: First day of test, as a date.
        test_end: First day after the test window; null ends after the last row's day.
        entity: Column whose values may appear on one side only; rows of an entity
            seen in a later window leave the earlier ones.
    """

    kind: str = "temporal"
    train: str | None = None
    validation: str = "2mo"
    test: str = "2mo"
    gap: str | None = None
    validation_start: str | None = None
    test_start: str | None = None
    test_end: str | None = None
    entity: str | None = None


@dataclass(kw_only=True)
class RollingSplit(TemporalSplit):
    """The temporal split, repeated at earlier origins as a backtest.

    Attributes:
        origins: Number of test windows; the last one is judged.
        step: Distance between origins; null takes the length of the test window.
    """

    kind: str = "rolling"
    origins: int = 3
    step: str | None = None


@dataclass(kw_only=True)
class Guardrail:
    """One thing that must not get worse, or must stay beyond a line.

    Attributes:
        threshold: must_not_increase, must_not_decrease, must_be_below, must_be_above
            or must_improve_by.
        tolerance: Largest harm still called none; must_not_* need it, above zero.
        value: The line of must_be_* rules, or the margin of must_improve_by.
        relative: Whether the tolerance or margin is a share of the baseline's value.
        per_segment: Column each of whose values has to pass.
        metric: Metric meant, when the guardrail's own name is another.
        evidence: proven, not_disproven or point; null takes the criteria's.
        description: What this protects, in words for the protocol document.
    """

    threshold: str = ""
    tolerance: float | None = None
    value: float | None = None
    relative: bool = False
    per_segment: str | None = None
    metric: str | None = None
    evidence: str | None = None
    description: str = ""


@dataclass(kw_only=True)
class OutcomeValues:
    """What each outcome is worth; a number, or a column with the amount per row.

    Attributes:
        true_positive: Worth of an alert on a positive row.
        false_positive: Worth of an alert on a negative row; below zero for a cost.
        false_negative: Worth of silence on a positive row.
        true_negative: Worth of silence on a negative row.
        unit: What these are counted in: EUR, points.
    """

    true_positive: Any = 1.0
    false_positive: Any = 0.0
    false_negative: Any = 0.0
    true_negative: Any = 0.0
    unit: str = "points"


@dataclass(kw_only=True)
class CriteriaSettings:
    """What counts as success and what must not get worse.

    Attributes:
        primary_metric: Metric that must improve on the baseline; of a list, any one.
        success_threshold: By more than how much, in the metric's unit; for a list of
            metrics, a number for each by name, or 0 for all.
        relative: Whether the success threshold is a share of the baseline's value.
        guardrail_metrics: Guardrails by name, each a `Guardrail`.
        minimum_sample_size: Fewest test rows that may decide.
        minimum_duration_days: Fewest days the test window must span.
        alpha: Error probability of each one-sided bound.
        evidence: proven, not_disproven or point.
        blocks: Resampling unit: day, week or entity; row takes rows for independent and is
            refused where they are not.
        outcome_values: Worth of right and wrong alerts, for value metrics.
        description: What the criteria protect, in words for the protocol document.
        owner: Who answers for them.
    """

    kind: str = "criteria"
    primary_metric: Any = ""
    success_threshold: Any = 0.0
    relative: bool = False
    guardrail_metrics: dict[str, Any] = field(default_factory=dict)
    minimum_sample_size: int = 1000
    minimum_duration_days: float = 7.0
    alpha: float = 0.05
    evidence: str = "proven"
    blocks: str = "day"
    outcome_values: OutcomeValues = field(default_factory=OutcomeValues)
    description: str = ""
    owner: str = ""

    @property
    def primary_metrics(self) -> tuple[str, ...]:
        """The success metrics, one or several."""
        named = self.primary_metric
        return (named,) if isinstance(named, str) else tuple(named)

    def margin(self, metric: str) -> float:
        """By more than how much a success metric must improve."""
        threshold = self.success_threshold
        return float(threshold[metric] if isinstance(threshold, dict) else threshold)


@dataclass(kw_only=True)
class PriorBaseline:
    """Scores every row with the training label rate and alerts on none."""

    kind: str = "prior"


@dataclass(kw_only=True)
class RuleBaseline:
    """Scores a row with the historic label rate of its column values.

    Attributes:
        columns: Columns whose values form the cells; none means one cell for all.
        smoothing_rows: Weight of the overall rate in each cell, in rows.
        threshold: Threshold policy of the baseline, part of the protocol.
    """

    kind: str = "rule"
    columns: list[str] = field(default_factory=list)
    smoothing_rows: float = 50.0
    threshold: Any = None


@dataclass(kw_only=True)
class ChampionBaseline:
    """A registered model as it is: scored on the same rows, never trained again.

    Attributes:
        name: Registered model.
        alias: Which of its versions: champion, previous, or another alias.
        registry: URI of the registry; null takes HARNESS_REGISTRY, else the user's data folder.
    """

    kind: str = "champion"
    name: str | None = None
    alias: str = "champion"
    registry: str | None = None


@dataclass(kw_only=True)
class LogisticBaseline:
    """A plain logistic regression on the same features.

    Attributes:
        c: Inverse strength of the L2 penalty.
        threshold: Threshold policy of the baseline, part of the protocol.
    """

    kind: str = "logistic"
    c: float = 1.0
    threshold: Any = None


@dataclass(kw_only=True)
class HoldoutSettings:
    """How often the test window may be looked at, and what a look shows.

    Attributes:
        select: all; validation: a sweep's candidates are compared on validation and only the
            best is judged; none: a trial, judged on validation alone, which spends nothing.
        looks: Looks planned; each is taken at alpha / looks.
        disclosure: full, or verdict: nothing but the verdict until the looks are spent.
    """

    kind: str = "holdout"
    select: str = "all"
    looks: int = 1
    disclosure: str = "full"

    @property
    def is_trial(self) -> bool:
        """Whether the test window stays closed and everything is shown on validation."""
        return self.select == "none"


@dataclass(kw_only=True)
class AcceptedFinding:
    """A finding the protocol's owner has looked at and accepts."""

    check: str = ""
    column: str = ""
    reason: str = ""


@dataclass(kw_only=True)
class AuditSettings:
    """Which leakage checks run, and from where on they speak.

    Attributes:
        enabled: Off marks the whole run as unaudited, in every artefact.
        block_auc: A single column ranking the label this well out of time blocks.
        warn_auc: ... and this well warns.
        warn_lead: A lead over the runner-up column that warns (with `lead_auc`).
        lead_auc: Least AUC for `warn_lead` to speak.
        missing_block_auc: A column whose mere absence ranks the label this well blocks.
        missing_warn_auc: ... and this well warns.
        rule_block: A pure rule covering this share of the rarer class blocks ...
        rule_block_few: ... or this share, where the column has at most 64 values ...
        rule_warn: ... and this share warns.
        identifier_warn_auc: An identifier's beginning, digits or order ranking this well warns.
        future_block: Share of a column's variance explained by labels around the row, later
            ones among them, that blocks.
        future_warn: ... and this share warns.
        late_share: Share of rows whose feature was computed after the prediction that blocks.
        duplicate_share: Share of test rows seen in training, beyond what is ordinary, that blocks.
        model_warn_auc: A model ranking validation this well warns.
        dominant_loss: Share of the model's lead over chance lost by shuffling one column, and
        dominant_share: that column's share of all such losses, from which on it is refitted
            without the column, and
        dominant_drop: a fall of the AUC by this much without it warns.
        accept: Findings looked at and accepted, with reasons.
    """

    kind: str = "standard"
    enabled: bool = True
    block_auc: float = 0.999
    warn_auc: float = 0.95
    warn_lead: float = 0.15
    lead_auc: float = 0.85
    missing_block_auc: float = 0.99
    missing_warn_auc: float = 0.85
    rule_block: float = 0.9
    rule_block_few: float = 0.7
    rule_warn: float = 0.3
    identifier_warn_auc: float = 0.8
    future_block: float = 0.97
    future_warn: float = 0.9
    late_share: float = 0.05
    duplicate_share: float = 0.03
    model_warn_auc: float = 0.99
    dominant_loss: float = 0.7
    dominant_share: float = 0.8
    dominant_drop: float = 0.2
    accept: list[AcceptedFinding] = field(default_factory=list)
