"""Choices: keys that take one of a few words."""

from __future__ import annotations

from harness.rules import rule_names
from harness.settings.abtest import CORRECTIONS, AbtestMetric, AbtestSettings
from harness.settings.dataset import TableDataset
from harness.settings.monitoring import MonitoringSettings
from harness.settings.protocol import CriteriaSettings, Guardrail, HoldoutSettings
from harness.settings.running import LatencySettings, RunningSettings

EVIDENCE = ("proven", "not_disproven", "point")
# Words each key takes, by the class that has it; null is left to the key's type.
CHOICES: dict[type, dict[str, tuple[str, ...]]] = {
    AbtestMetric: {"missing": ("exclude", "zero")},
    AbtestSettings: {
        "looks": ("fixed", "sequential"),
        "correction": CORRECTIONS,
        "time_unit": ("day", "s", "ms", "us", "ns"),
    },
    CriteriaSettings: {"evidence": EVIDENCE, "blocks": ("day", "week", "entity", "row")},
    Guardrail: {"threshold": rule_names(), "evidence": EVIDENCE},
    HoldoutSettings: {"select": ("all", "validation", "none"), "disclosure": ("full", "verdict")},
    LatencySettings: {"through": ("bundle", "http")},
    MonitoringSettings: {
        "method": ("effect", "textbook"),
        "on_alert": ("none", "rollback", "command"),
    },
    RunningSettings: {"engine": ("local", "ray"), "pipeline_format": ("skops", "joblib")},
    TableDataset: {"time_unit": ("day", "s", "ms", "us", "ns")},
}
