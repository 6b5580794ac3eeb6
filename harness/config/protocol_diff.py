"""Protocol diff: what changed between two protocols, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from harness.config.fingerprint import candidate_dict, protocol_dict, protocol_fingerprint
from harness.config.flat import flat
from harness.settings import RunSettings


def protocol_changes(ours: RunSettings, theirs: RunSettings) -> list[str]:
    """Sentences, the verdict on comparability first.

    Args:
        ours: The first config.
        theirs: The second one.
    """
    before, after = flat(protocol_dict(ours)), flat(protocol_dict(theirs))
    changes = [
        _sentence(key, before, after)
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    if protocol_fingerprint(ours) == protocol_fingerprint(theirs):
        head = "Results stay comparable: the two protocols ask the same of the same rows."
    else:
        head = "Results are not comparable: the two protocols differ in what they ask, or of which rows."
    candidates = flat(candidate_dict(ours)) != flat(candidate_dict(theirs))
    tail = ["The candidates differ as well, which a protocol allows."] if candidates else []
    return [head, *changes, *tail]


def _sentence(key: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    if key not in before:
        return f"- {key} is new: {after[key]}."
    if key not in after:
        return f"- {key} is gone; it was {before[key]}."
    return f"- {key} changes from {before[key]} to {after[key]}."
