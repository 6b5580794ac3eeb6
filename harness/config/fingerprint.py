"""Fingerprints: two runs are comparable when their protocols are the same text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from typing import Any

from harness.config.own_code import own_classes
from harness.settings import (
    PROTOCOL_KEYS,
    AbtestRunSettings,
    CriteriaSettings,
    FileSettings,
    RunSettings,
)

# Words for readers change no figure, so rewording them keeps runs comparable.
_WORDS = {"description", "population", "positive_meaning", "prediction_time", "owner"}


# Keys of later versions: at their defaults they change nothing, so a test that was looked at by an
# earlier version keeps its fingerprint.
_LATER_ABTEST: dict[str, Any] = {
    "correction": "holm",
    "time_unit": None,
    "time_format": None,
    "shares": {},
}
_LATER_ABTEST_METRIC: dict[str, Any] = {"missing": "exclude", "winsorise": None}


def protocol_dict(settings: RunSettings) -> dict[str, Any]:
    """The protocol half as plain data, words included."""
    return {key: asdict(getattr(settings, key)) for key in PROTOCOL_KEYS}


def candidate_dict(settings: RunSettings) -> dict[str, Any]:
    """The candidate half as plain data."""
    return asdict(settings.candidate)


def protocol_fingerprint(settings: RunSettings) -> str:
    """SHA-256 of the canonical protocol, without descriptive words.

    Where a table is read from, how its file and times are written, and whether it is read part by
    part is left out: its rows have a fingerprint of their own.
    """
    protocol = _without_words(protocol_dict(settings))
    for key in ("path", "stream", "time_format", *(field.name for field in fields(FileSettings))):
        protocol["dataset"].pop(key, None)
    return _sha256(protocol)


def abtest_dict(settings: AbtestRunSettings) -> dict[str, Any]:
    """Criteria and roles of an A/B test as plain data, words included."""
    return {"criteria": asdict(settings.criteria), "abtest": asdict(settings.abtest)}


def abtest_fingerprint(settings: AbtestRunSettings) -> str:
    """SHA-256 of what an A/B test is judged by, without descriptive words."""
    content = abtest_dict(settings)
    roles = _changed(content["abtest"], _LATER_ABTEST)
    metrics = roles["metrics"].items()
    for field in fields(FileSettings):  # how the log's file is written; its rows have a fingerprint
        roles.pop(field.name, None)
    roles["metrics"] = {name: _changed(entry, _LATER_ABTEST_METRIC) for name, entry in metrics}
    return _sha256(_without_words({**content, "abtest": roles}))


def criteria_fingerprint(criteria: CriteriaSettings) -> str:
    """SHA-256 of criteria alone, without descriptive words."""
    return _sha256(_without_words(asdict(criteria)))


def candidate_fingerprint(settings: RunSettings) -> str:
    """SHA-256 of the canonical candidate, with the text of a user's own classes."""
    targets = [settings.model["_target_"], settings.preprocess["_target_"]]
    return _sha256({**candidate_dict(settings), "own_classes": own_classes(targets)})


def _changed(content: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that stand at these defaults."""
    return {k: v for k, v in content.items() if k not in defaults or v != defaults[k]}


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_words(v) for k, v in value.items() if k not in _WORDS}
    if isinstance(value, list):
        return [_without_words(v) for v in value]
    return value


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
