"""Verdicts in words, one by one, and what would settle them."""

from __future__ import annotations

import math

import pytest

from harness.artefacts.figure import amount
from harness.artefacts.figure import figure as written
from harness.decision import Criterion
from harness.decision.sentence import Wording, settles, verdict_sentence
from harness.evidence import Estimate, Interval, find_metric
from harness.evidence.estimate import PROBLEMS

DAYS = Wording(baseline="the rule", blocks="days", more="a longer log", measure=" of latency")


def figure(value, lower=None, upper=None, *, problem=None, n_blocks=30) -> Estimate:
    interval = None
    if lower is not None:
        interval = Interval(estimate=value, lower=lower, upper=upper, alpha=0.05, n_blocks=n_blocks)
    return Estimate(
        value=value, interval=interval, problem=problem, n_blocks=n_blocks, n_effective=30.0
    )


def said(metric, rule, amount, estimate, outcome, *, code=None, segment=None, **more):
    asked = Criterion(name=metric, metric=metric, rule=rule, amount=amount, **more)
    return verdict_sentence(asked, find_metric(metric), estimate, outcome, code, segment, DAYS)


GAIN = figure(31.0, 25.0, 37.0)
SHARE = figure(0.31, 0.18, 0.46)


@pytest.mark.parametrize(
    ("sentence", "words", "more"),
    [
        (
            "Value per 1,000 rows differs from the rule by +31.00 (between 25.00 and 37.00); it must "
            "improve by more than 20: proven.",
            ("value_per_1000", "must_improve_by", 20, GAIN, "PASS"),
            {},
        ),
        (
            "Value per 1,000 rows differs from the rule by -31.00 (between -37.00 and -25.00); it must "
            "improve: proven otherwise.",
            ("value_per_1000", "must_improve_by", 0, figure(-31.0, -37.0, -25.0), "FAIL"),
            {},
        ),
        (
            "Value per 1,000 rows differs from the rule by +0.0000 (between -1.00 and 1.00); it must "
            "improve by more than 20: proven otherwise.",
            ("value_per_1000", "must_improve_by", 20, figure(0.0, -1.0, 1.0), "FAIL"),
            {},
        ),
        (
            "Alert rate for origin=JFK is 31.0 % (between 18.0 % and 46.0 %); it must be below 25 %: "
            "the data allows both.",
            ("alert_rate", "must_be_below", 0.25, SHARE, "UNRESOLVED"),
            {"code": "STRADDLES", "segment": "origin=JFK"},
        ),
        (
            "Alert rate is 31.0 %; it must be below 25 %: it is not.",
            ("alert_rate", "must_be_below", 0.25, figure(0.31), "FAIL"),
            {"evidence": "point"},
        ),
        (
            "Alert rate is 31.0 % (between 18.0 % and 46.0 %); it must be below 50 %: passes.",
            ("alert_rate", "must_be_below", 0.5, SHARE, "PASS"),
            {"evidence": "not_disproven"},
        ),
        (
            "Alert rate is 31.0 % (between 18.0 % and 46.0 %); it must be below 10 %: proven "
            "otherwise.",
            ("alert_rate", "must_be_below", 0.1, SHARE, "FAIL"),
            {"evidence": "not_disproven"},
        ),
        (
            "Precision differs from the rule by +31.0 % (between 18.0 % and 46.0 %); it must not fall "
            "by 2 % or more: proven.",
            ("precision", "must_not_decrease", 0.02, SHARE, "PASS"),
            {},
        ),
        (
            "Value per 1,000 rows differs from the rule by +31.00 (between 25.00 and 37.00); it must "
            "not fall by 10 % of the value of the rule or more: proven.",
            ("value_per_1000", "must_not_decrease", 0.1, GAIN, "PASS"),
            {"relative": True},
        ),
        (
            "Precision cannot be judged: "
            f"{PROBLEMS['FEW_BLOCKS']}.",
            ("precision", "must_not_decrease", 0.02, figure(0.3), "UNRESOLVED"),
            {"code": "FEW_BLOCKS"},
        ),
        (
            "Precision cannot be judged: no figure.",
            ("precision", "must_not_decrease", 0.02, figure(math.nan), "UNRESOLVED"),
            {},
        ),
    ],
)  # fmt: skip
def test_a_verdict_says_what_was_found_and_what_was_asked(sentence, words, more):
    assert said(*words, **more) == sentence


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, None),
        ("FEW_BLOCKS", "a longer log: at least 10 days with enough rows in each"),
        ("UNEQUAL_BLOCKS", "a longer log: at least 10 days with enough rows in each"),
        ("FEW_POSITIVES", "a longer log, with more positives in it"),
        ("MISSING_UNEQUALLY", "knowing why values are missing, and mending it"),
        ("FEW_MEASUREMENTS", "more measurements of latency"),
        ("UNDEFINED", "rows for which the figure is defined"),
    ],
)
def test_each_reason_names_what_would_settle_it(code, words):
    straddling = figure(0.05, 0.01, 0.09)
    assert settles(straddling, 0.02, passes_above=True, code=code, wording=DAYS) == words


@pytest.mark.parametrize(
    ("estimate", "line", "above", "words"),
    [
        # Half-width 0.04 and distance 0.02: four times the 30 days, so 90 more.
        (figure(0.04, 0.0, 0.08), 0.02, True, "about 90 more days"),
        (figure(4.0, 0.0, 10.0), 6.0, False, "about 240 more days"),  # (6 / 2)^2 = 9 times
        (figure(4.0, -95.0, 105.0, n_blocks=1000), 3.0, True, "about 9,800,000 more days"),
        (figure(0.04, 0.02, 0.08), 0.02, True, "about 1 more days"),  # one at least
        (figure(0.02, 0.0, 0.08), 0.02, True, "a better candidate"),
        (figure(0.03, 0.0, 0.08), 0.02, False, "a better candidate"),
    ],
)
def test_a_straddling_interval_names_the_days_it_would_take(estimate, line, above, words):
    told = settles(estimate, line, passes_above=above, code="STRADDLES", wording=DAYS)
    assert told.startswith(words)
    ending = {
        "about": " like these, if the estimate stays where it is",
        "a better": ", for the estimate itself lies on the wrong side of the line",
    }
    assert told.endswith(next(e for start, e in ending.items() if words.startswith(start)))
    without = settles(figure(0.04), line, passes_above=above, code="STRADDLES", wording=DAYS)
    assert without == "rows for which the figure is defined"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "share", "undefined"),
        (math.inf, "", "undefined"),
        (0.0, "share", "0.0 %"),
        (0.01, "share of rows", "1.0 %"),
        (-0.0042, "share", "-0.420 %"),
        (1234.4, "", "1,234"),
        (325.56, "ms", "325.6"),
        (-1.0, "", "-1.00"),
        (0.00004, "", "0.0000"),
        (-0.00004, "", "0.0000"),
    ],
)
def test_a_figure_has_sensible_digits(value, unit, shown):
    assert written(value, unit) == shown
    if not unit:
        assert written(value) == shown


def test_an_amount_is_as_it_was_typed():
    assert [amount(0.25, "share"), amount(0.25), amount(30000)] == ["25 %", "0.25", "30,000"]


def test_things_are_called_as_in_an_offline_test_unless_told():
    assert Wording() == Wording(
        baseline="the baseline",
        blocks="entities",
        more="a longer test window",
        measure=": running.latency.n_rows=400 or more",
    )
