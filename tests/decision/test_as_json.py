"""decision.json, key by key: scripts of others read it."""

from __future__ import annotations

from dataclasses import asdict, replace

from harness.decision import Decision
from harness.decision.as_json import FINGERPRINTS, HOLDOUT_FIELDS, as_json
from harness.decision.decide import Minimums
from harness.decision.seal import sealed
from harness.decision.verdict import Verdict

VERDICT = Verdict(
    name="pr_auc", metric="pr_auc", rule="must_improve_by", line=0.1, passes_above=True,
    estimate=0.2, lower=0.15, upper=0.25, verdict="PASS", code=None, sentence="fine", settles=None,
    candidate=0.5, baseline=0.3, unit="", segment=None, evidence="proven", is_primary=True,
    n_rows=900, n_blocks=30, lag1=0.1, design_effect=1.2,
)  # fmt: skip
DECISION = Decision(
    decision="SHIP", reasons=("because",), alpha=0.05, guarantee="so", face_value="SHIP",
    criteria=(VERDICT, replace(VERDICT, name="b", is_primary=False, n_blocks=99)),
    minimums=Minimums(rows=500, days=7, n_rows=900, n_days=30),
)  # fmt: skip


def test_every_key_is_what_it_says():
    fingerprints = {name: name[:4] for name in (*FINGERPRINTS, "more")}
    look = {name: name.upper() for name in (*HOLDOUT_FIELDS, "more")}
    assert as_json(DECISION, ["L02: x"], fingerprints, look) == {
        "decision": "SHIP",
        "ship": True,
        "reasons": ["because"],
        "criteria": [asdict(verdict) for verdict in DECISION.criteria],
        "n_rows": 900,
        "n_days": 30,
        "n_blocks": 30,  # of the success criterion
        "minimum_sample_size": 500,
        "minimum_duration_days": 7,
        "alpha": 0.05,
        "blocking_findings": ["L02: x"],
        "protocol_fingerprint": "prot",
        "candidate_fingerprint": "cand",
        "test_fingerprint": "test",
        "holdout": {name: name.upper() for name in HOLDOUT_FIELDS},
        "face_value": "SHIP",
        "guarantee": "so",
    }
    only = replace(DECISION, criteria=(replace(VERDICT, is_primary=False),))
    assert as_json(only, [], fingerprints, look)["n_blocks"] == 0


def test_a_sealed_decision_keeps_its_verdict_and_no_figure():
    shown = sealed(DECISION, "Look 1 of 2 planned ones, each at alpha / 2.")
    assert (shown.decision, shown.criteria, shown.face_value) == ("SHIP", (), "SHIP")
    assert shown.reasons == (
        "Look 1 of 2 planned ones, each at alpha / 2. Its figures are withheld until the planned looks "
        "are spent, or `harness ledger unseal` closes the window.",
    )
