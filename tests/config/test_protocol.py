from __future__ import annotations

import pytest

from harness.config import candidate_fingerprint, compose_settings, protocol_fingerprint
from harness.config.protocol_diff import protocol_changes


def test_candidate_changes_leave_the_protocol_fingerprint_alone():
    plain, other = compose_settings(), compose_settings(["model=logistic", "seed=7"])
    assert protocol_fingerprint(plain) == protocol_fingerprint(other)
    assert candidate_fingerprint(plain) != candidate_fingerprint(other)


@pytest.mark.parametrize(
    "override",
    [
        "split.gap=3d",
        "criteria.alpha=0.01",
        "criteria.guardrail_metrics.precision.tolerance=0.03",
        "baseline=prior",
        "dataset.late_minutes=30",
        "audit=strict",
    ],
)
def test_whatever_may_change_a_decision_changes_the_protocol_fingerprint(override):
    assert protocol_fingerprint(compose_settings([override])) != protocol_fingerprint(
        compose_settings()
    )


def test_rewording_keeps_runs_comparable():
    reworded = compose_settings(["criteria.description=shorter", "dataset.population=all"])
    assert protocol_fingerprint(reworded) == protocol_fingerprint(compose_settings())


def test_running_settings_are_in_no_fingerprint():
    other = compose_settings(["running.n_jobs=1", "running.report=false"])
    assert protocol_fingerprint(other) == protocol_fingerprint(compose_settings())
    assert candidate_fingerprint(other) == candidate_fingerprint(compose_settings())


def test_diff_says_what_changed_and_whether_results_stay_comparable():
    head, *changes = protocol_changes(
        compose_settings(), compose_settings(["split.gap=3d", "model=logistic"])
    )
    assert head.startswith("Results are not comparable")
    assert "- split.gap changes from none to 3d." in changes
    assert changes[-1] == "The candidates differ as well, which a protocol allows."


def test_diff_of_two_candidates_keeps_results_comparable():
    changes = protocol_changes(compose_settings(), compose_settings(["model=logistic"]))
    assert changes[0].startswith("Results stay comparable")
    assert len(changes) == 2
