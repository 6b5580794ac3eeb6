from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.decision.verdict import apply_rule
from harness.evidence import Estimate, Interval
from harness.evidence.estimate import PROBLEMS


def figure(value, lower, upper, problem=None) -> Estimate:
    interval = None
    if problem is None:
        interval = Interval(estimate=value, lower=lower, upper=upper, alpha=0.05, n_blocks=30)
    return Estimate(value=value, interval=interval, problem=problem, n_blocks=30, n_effective=30)


# value, lower, upper, line, passes_above -> proven, not_disproven, point
TABLE = [
    (0.05, 0.03, 0.07, 0.02, True, "PASS", "PASS", "PASS"),
    (0.03, 0.02, 0.04, 0.02, True, "UNRESOLVED", "PASS", "PASS"),  # touching proves nothing
    (0.01, -0.01, 0.03, 0.02, True, "UNRESOLVED", "PASS", "FAIL"),
    (0.00, -0.02, 0.02, 0.02, True, "FAIL", "FAIL", "FAIL"),  # U = m fails
    (0.00, -0.02, 0.01, 0.02, True, "FAIL", "FAIL", "FAIL"),
    (0.10, 0.05, 0.15, 0.20, False, "PASS", "PASS", "PASS"),
    (0.10, 0.05, 0.20, 0.20, False, "UNRESOLVED", "PASS", "PASS"),
    (0.25, 0.20, 0.30, 0.20, False, "FAIL", "FAIL", "FAIL"),  # L = t fails
    (0.25, 0.15, 0.30, 0.20, False, "UNRESOLVED", "PASS", "FAIL"),
    (0.02, 0.01, 0.03, 0.02, True, "UNRESOLVED", "PASS", "FAIL"),  # on the line is not beyond it
    (0.20, 0.15, 0.30, 0.20, False, "UNRESOLVED", "PASS", "FAIL"),
]


@pytest.mark.parametrize(("value", "lower", "upper", "line", "above", "p", "n", "o"), TABLE)
def test_every_row_of_the_table_of_rules(value, lower, upper, line, above, p, n, o):
    for evidence, expected in (("proven", p), ("not_disproven", n), ("point", o)):
        got, code = apply_rule(
            figure(value, lower, upper), line, passes_above=above, evidence=evidence
        )
        assert got == expected
        assert code == ("STRADDLES" if expected == "UNRESOLVED" else None)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("evidence", ["proven", "not_disproven"])
def test_a_figure_without_interval_never_passes(problem, evidence):
    got = apply_rule(figure(0.9, 0, 0, problem), 0.1, passes_above=True, evidence=evidence)
    assert got == ("UNRESOLVED", problem)


@pytest.mark.parametrize("evidence", ["proven", "not_disproven", "point"])
def test_nan_never_passes(evidence):
    for problem, code in (
        ("UNDEFINED", "UNDEFINED"),
        ("FEW_POSITIVES", "FEW_POSITIVES"),
        ("", "UNDEFINED"),
    ):
        nothing = figure(math.nan, 0, 0, problem)
        told = apply_rule(nothing, -1e9, passes_above=True, evidence=evidence)
        assert told == ("UNRESOLVED", code)


def test_a_figure_without_interval_or_reason_is_undefined():
    bare = Estimate(value=0.5, interval=None, problem=None, n_blocks=30, n_effective=30)
    told = apply_rule(bare, 0.1, passes_above=True, evidence="proven")
    assert told == ("UNRESOLVED", "UNDEFINED")


bounds = st.floats(-5, 5)


@given(bounds, bounds, bounds, bounds, st.booleans())
def test_proof_and_disproof_never_meet(a, b, c, line, above):
    lower, value, upper = sorted((a, b, c))
    proven, _ = apply_rule(figure(value, lower, upper), line, passes_above=above, evidence="proven")
    if proven == "PASS":
        assert lower > line if above else upper < line
    weaker, _ = apply_rule(
        figure(value, lower, upper), line, passes_above=above, evidence="not_disproven"
    )
    assert (weaker == "FAIL") == (proven == "FAIL")
