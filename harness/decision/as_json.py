"""As JSON: decision.json, the same from a run and from `harness decide`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.decision.decide import Decision

FINGERPRINTS = ("protocol_fingerprint", "candidate_fingerprint", "test_fingerprint")
HOLDOUT_FIELDS = (
    "status",
    "opening",
    "alpha_divisor",
    "looks_planned",
    "looks_used",
    "disclosure",
    "fresh_days",
    "sentence",
)


def as_json(
    decision: Decision,
    blocking_findings: Sequence[str],
    fingerprints: Mapping[str, str],
    holdout: Mapping[str, Any],
) -> dict[str, Any]:
    """A decision as scripts read it.

    Args:
        decision: The decision.
        blocking_findings: Leakage findings that block, in words.
        fingerprints: The run's FINGERPRINTS.
        holdout: The look's HOLDOUT_FIELDS.
    """
    return {
        "decision": decision.decision,
        "ship": decision.ship,
        "reasons": list(decision.reasons),
        "criteria": [asdict(verdict) for verdict in decision.criteria],
        "n_rows": decision.minimums.n_rows,
        "n_days": decision.minimums.n_days,
        "n_blocks": max((v.n_blocks for v in decision.criteria if v.is_primary), default=0),
        "minimum_sample_size": decision.minimums.rows,
        "minimum_duration_days": decision.minimums.days,
        "alpha": decision.alpha,
        "blocking_findings": list(blocking_findings),
        **{name: fingerprints[name] for name in FINGERPRINTS},
        "holdout": {name: holdout[name] for name in HOLDOUT_FIELDS},
        "face_value": decision.face_value,
        "guarantee": decision.guarantee,
    }
