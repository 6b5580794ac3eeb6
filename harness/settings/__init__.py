"""Settings: the dataclasses a config is checked against. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.settings.abtest import (
    AbtestMetric,
    AbtestRunning,
    AbtestRunSettings,
    AbtestSettings,
)
from harness.settings.candidate import (
    BalancedWeighting,
    CandidateSettings,
    FixedThreshold,
    IsotonicCalibration,
    MaxF1Threshold,
    MaxFbetaThreshold,
    MaxValueThreshold,
    MinPrecisionThreshold,
    MinRecallThreshold,
    NoCalibration,
    NoWeighting,
    RatioWeighting,
    SigmoidCalibration,
    ThresholdPolicy,
    TopFractionThreshold,
)
from harness.settings.dataset import FileSettings, FlightsDataset, RoleSettings, TableDataset
from harness.settings.guard import GuardSettings
from harness.settings.monitoring import MonitoringSettings, NotifySettings
from harness.settings.protocol import (
    AcceptedFinding,
    AuditSettings,
    ChampionBaseline,
    CriteriaSettings,
    Guardrail,
    HoldoutSettings,
    LogisticBaseline,
    OutcomeValues,
    PriorBaseline,
    RollingSplit,
    RuleBaseline,
    TemporalSplit,
)
from harness.settings.running import LatencySettings, RunningSettings
from harness.settings.tracking import MlflowTracking, NoTracking

__all__ = [
    "GROUPS",
    "OPEN_GROUPS",
    "PROTOCOL_KEYS",
    "AbtestMetric",
    "AbtestRunSettings",
    "AbtestRunning",
    "AbtestSettings",
    "AcceptedFinding",
    "AuditSettings",
    "BalancedWeighting",
    "CandidateSettings",
    "ChampionBaseline",
    "CriteriaSettings",
    "FileSettings",
    "FixedThreshold",
    "FlightsDataset",
    "GuardSettings",
    "Guardrail",
    "HoldoutSettings",
    "IsotonicCalibration",
    "LatencySettings",
    "LogisticBaseline",
    "MaxF1Threshold",
    "MaxFbetaThreshold",
    "MaxValueThreshold",
    "MinPrecisionThreshold",
    "MinRecallThreshold",
    "MlflowTracking",
    "MonitoringSettings",
    "NoCalibration",
    "NoTracking",
    "NoWeighting",
    "NotifySettings",
    "OutcomeValues",
    "PriorBaseline",
    "RatioWeighting",
    "RoleSettings",
    "RollingSplit",
    "RuleBaseline",
    "RunSettings",
    "RunningSettings",
    "SigmoidCalibration",
    "TableDataset",
    "TemporalSplit",
    "ThresholdPolicy",
    "TopFractionThreshold",
]

_THRESHOLDS: tuple[type, ...] = (
    FixedThreshold,
    MaxF1Threshold,
    MaxFbetaThreshold,
    MinPrecisionThreshold,
    MinRecallThreshold,
    TopFractionThreshold,
    MaxValueThreshold,
)


def _by_kind(*classes: type) -> dict[str, type]:
    return {cls().kind: cls for cls in classes}


# One entry per config group: the option's `kind` to the class that types it.
GROUPS: dict[str, dict[str, type]] = {
    "dataset": _by_kind(FlightsDataset, TableDataset),
    "split": _by_kind(TemporalSplit, RollingSplit),
    "criteria": _by_kind(CriteriaSettings),
    "baseline": _by_kind(PriorBaseline, RuleBaseline, LogisticBaseline, ChampionBaseline),
    "audit": _by_kind(AuditSettings),
    "holdout": _by_kind(HoldoutSettings),
    "weighting": _by_kind(NoWeighting, BalancedWeighting, RatioWeighting),
    "calibration": _by_kind(NoCalibration, SigmoidCalibration, IsotonicCalibration),
    "threshold": _by_kind(*_THRESHOLDS),
    "monitoring": _by_kind(MonitoringSettings),
    "guard": _by_kind(GuardSettings),
    "tracking": _by_kind(NoTracking, MlflowTracking),
}

# Groups whose options name a `_target_` and carry that target's own parameters.
OPEN_GROUPS = ("preprocess", "model")

# Keys that make up the evaluation protocol; all others belong to candidate or running.
PROTOCOL_KEYS = ("dataset", "split", "criteria", "baseline", "audit", "holdout")


@dataclass(kw_only=True)
class RunSettings:
    """A whole config: protocol, candidate, and how to run it.

    Attributes:
        held_back_share: Last part of training kept for early stopping and calibration.
        seed: Seed of everything that draws.
        fail_fast: Whether a failed job of a sweep ends the sweep.
        resume: true: go on with the newest sweep of the same words; or a sweep's folder.
        across_protocols: Whether a sweep may vary its protocol; each one's candidates are then a
            family of their own.
    """

    dataset: Any = None
    split: Any = None
    criteria: Any = None
    baseline: Any = None
    audit: Any = None
    holdout: Any = None
    preprocess: Any = None
    model: Any = None
    weighting: Any = None
    calibration: Any = None
    threshold: Any = None
    monitoring: Any = None
    guard: Any = None
    tracking: Any = None
    held_back_share: float = 0.15
    seed: int = 0
    fail_fast: bool = False
    resume: Any = False
    across_protocols: bool = False
    running: RunningSettings = field(default_factory=RunningSettings)

    @property
    def candidate(self) -> CandidateSettings:
        """The half that a sweep varies."""
        return CandidateSettings(
            preprocess=self.preprocess,
            model=self.model,
            weighting=self.weighting,
            calibration=self.calibration,
            threshold=self.threshold,
            held_back_share=self.held_back_share,
            seed=self.seed,
        )
