"""Config: from YAML and overrides to checked settings, and to words."""

from __future__ import annotations

from harness.config.changed import change_criteria, change_monitoring
from harness.config.check import load_abtest_settings, load_criteria, load_monitoring, load_settings
from harness.config.compose import (
    compose_abtest,
    compose_criteria,
    compose_guard,
    compose_settings,
    register_schemas,
)
from harness.config.fingerprint import (
    abtest_fingerprint,
    candidate_fingerprint,
    criteria_fingerprint,
    protocol_fingerprint,
)
from harness.config.folder import CONF_DIR

__all__ = [
    "CONF_DIR",
    "abtest_fingerprint",
    "candidate_fingerprint",
    "change_criteria",
    "change_monitoring",
    "compose_abtest",
    "compose_criteria",
    "compose_guard",
    "compose_settings",
    "criteria_fingerprint",
    "load_abtest_settings",
    "load_criteria",
    "load_monitoring",
    "load_settings",
    "protocol_fingerprint",
    "register_schemas",
]
