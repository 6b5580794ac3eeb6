"""Config: from YAML and overrides to checked settings, and to words."""

from __future__ import annotations

from harness.config.check import load_settings
from harness.config.compose import CONF_DIR, compose_settings, register_schemas
from harness.config.fingerprint import candidate_fingerprint, protocol_fingerprint

__all__ = [
    "CONF_DIR",
    "candidate_fingerprint",
    "compose_settings",
    "load_settings",
    "protocol_fingerprint",
    "register_schemas",
]
