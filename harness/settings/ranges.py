"""Ranges: numbers each key takes, by the class that has it; every other number has to be finite."""

from __future__ import annotations

from dataclasses import dataclass

from harness.settings import (
    AuditSettings,
    CriteriaSettings,
    FlightsDataset,
    GuardSettings,
    HoldoutSettings,
    LatencySettings,
    LogisticBaseline,
    MaxFbetaThreshold,
    MaxValueThreshold,
    MinPrecisionThreshold,
    MinRecallThreshold,
    MonitoringSettings,
    NotifySettings,
    RatioWeighting,
    RollingSplit,
    RuleBaseline,
    RunningSettings,
    RunSettings,
    TopFractionThreshold,
)
from harness.settings.abtest import AbtestMetric, AbtestSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Numbers between two ends; an end that is not given is open.

    Attributes:
        least: Smallest number, itself included.
        above: What a number lies above.
        most: Largest number, itself included.
        below: What a number lies below.

    Example:
        >>> share = Range(above=0, most=1)
        >>> 0.5 in share, 0.0 in share, float("nan") in share
        (True, False, False)
        >>> str(share)
        'above 0 and at most 1'
    """

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        """Whether a number is among them; nan never is."""
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """The range in words, such as 'at least 1'."""
        ends = (
            ("at least", self.least),
            ("above", self.above),
            ("at most", self.most),
            ("below", self.below),
        )
        return " and ".join(f"{word} {end:,}" for word, end in ends if end is not None)


POSITIVE, NOT_NEGATIVE, COUNT = Range(above=0), Range(least=0), Range(least=1)
SHARE, SOME_SHARE, PROPER_SHARE = (
    Range(least=0, most=1),
    Range(above=0, most=1),
    Range(above=0, below=1),
)
_AUC = Range(least=0.5, most=1)

RANGES: dict[type, dict[str, Range]] = {
    AbtestMetric: {"quantile": PROPER_SHARE, "winsorise": Range(above=0.5, below=1)},
    AbtestSettings: {"share": PROPER_SHARE},
    AuditSettings: {
        "block_auc": _AUC,
        "warn_auc": _AUC,
        "warn_lead": SHARE,
        "lead_auc": _AUC,
        "missing_block_auc": _AUC,
        "missing_warn_auc": _AUC,
        "rule_block": SOME_SHARE,
        "rule_block_few": SOME_SHARE,
        "rule_warn": SOME_SHARE,
        "identifier_warn_auc": _AUC,
        "future_block": SOME_SHARE,
        "future_warn": SOME_SHARE,
        "late_share": SHARE,
        "duplicate_share": SHARE,
        "model_warn_auc": _AUC,
        "dominant_loss": SHARE,
        "dominant_share": SHARE,
        "dominant_drop": SHARE,
    },
    CriteriaSettings: {
        "minimum_sample_size": NOT_NEGATIVE,
        "minimum_duration_days": NOT_NEGATIVE,
        "alpha": Range(above=0, below=0.5),
    },
    FlightsDataset: {"hours_before": NOT_NEGATIVE, "late_minutes": NOT_NEGATIVE, "max_rows": COUNT},
    GuardSettings: {
        "max_error_share": SHARE,
        "max_p99_ms": POSITIVE,
        "min_rows": COUNT,
        "window_rows": COUNT,
        "cool_down_minutes": NOT_NEGATIVE,
    },
    HoldoutSettings: {"looks": COUNT},
    LatencySettings: {"n_rows": COUNT, "n_warmup": NOT_NEGATIVE},
    LogisticBaseline: {"c": POSITIVE},
    MaxFbetaThreshold: {"beta": POSITIVE},
    MaxValueThreshold: {"max_alert_share": SOME_SHARE},
    MinPrecisionThreshold: {"precision": SOME_SHARE},
    MinRecallThreshold: {"recall": SOME_SHARE},
    MonitoringSettings: {
        "false_alarm_share": SOME_SHARE,
        "min_distance": SOME_SHARE,
        "min_null_change": SOME_SHARE,
        "max_unseen_share": SOME_SHARE,
        "max_outside_share": SOME_SHARE,
        "min_correlation_change": SOME_SHARE,
        "min_label_coverage": SOME_SHARE,
        "drifted_share": SOME_SHARE,
        "drifted_importance": SOME_SHARE,
        "min_alert_change": SOME_SHARE,
        "min_metric_loss": SOME_SHARE,
        "quiet_windows": COUNT,
    },
    NotifySettings: {"timeout_seconds": POSITIVE, "attempts": COUNT},
    RatioWeighting: {"positive_weight": POSITIVE},
    RollingSplit: {"origins": COUNT},
    RuleBaseline: {"smoothing_rows": NOT_NEGATIVE},
    RunSettings: {
        "held_back_share": Range(least=0, below=0.9),  # 0 holds nothing back
        "seed": Range(least=0, most=2**32 - 1),  # what scikit-learn and numpy take
    },
    RunningSettings: {"cache_max_gb": NOT_NEGATIVE, "n_jobs": COUNT},
    TopFractionThreshold: {"fraction": SOME_SHARE},
}
