"""Inside segments: what a column as a whole does not show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.monitor import (
    column_reference,
    inside_columns,
    inside_window,
    judge_window,
    profile_frame,
    read_reference,
    reference_profile,
    with_inside,
    write_reference,
)
from harness.monitor.segments import MAX_CELLS, MAX_SEGMENTS, segments_reference
from harness.monitor.store import FILE
from harness.settings import MonitoringSettings

from .conftest import scored

PLANS = ("free", "pro", "team")
KINDS = (["amount", "age", "visits"], ["plan", "city"])
IMPORTANCE = {"amount": 0.3, "age": 0.1, "visits": 0.1, "plan": 0.4, "city": 0.1}


def drawn(n_days, a_day=300, seed=0, start="2024-01-01"):
    """Rows whose amount depends on the plan; the region is a segment and no feature."""
    rng = np.random.default_rng(seed)
    n = n_days * a_day
    plan = rng.choice(PLANS, n, p=[0.62, 0.08, 0.3])
    frame = pd.DataFrame(
        {
            "amount": rng.lognormal(3, 0.5, n) * np.where(plan == "pro", 1.5, 1.0),
            "age": rng.normal(40, 10, n),
            "visits": rng.poisson(4, n).astype(float),
            "plan": pd.Categorical(plan),
            "city": pd.Categorical(rng.choice(list("abcd"), n)),
            "region": rng.choice(["eu", "us"], n, p=[0.8, 0.2]),
        }
    )
    time = pd.date_range(start, periods=n_days, freq="D", tz="UTC").repeat(a_day)
    score = 1 / (1 + np.exp(-(np.log(frame["amount"]) - 3)))
    return frame, time, score.to_numpy(), rng.random(n) < score.to_numpy()


@pytest.fixture(scope="module")
def reference():
    frame, time, score, label = drawn(70)
    columns = column_reference(frame, time, KINDS)
    plain = reference_profile(
        columns, scored(score, label, time), time, threshold=0.7, importance=IMPORTANCE
    )
    return with_inside(plain, frame, time, KINDS, ["region"])


def judged(reference, change=lambda frame: frame, seed=1, settings=None, n_rows=None):
    frame = change(drawn(7, seed=seed, start="2024-03-11")[0]).iloc[:n_rows]
    return judge_window(
        reference,
        profile_frame(frame, *KINDS),
        None,
        settings or MonitoringSettings(),
        name="week",
        span=("2024-03-11", "2024-03-17"),
        days=7.0,
        inside=inside_window(reference, frame),
    )


def times_in(column, value, factor, name="amount"):
    """Multiply a column in one segment."""
    return lambda f: f.assign(**{name: f[name] * np.where(f[column] == value, factor, 1.0)})


def test_quiet_weeks_are_fine_inside_segments_too(reference):
    for seed in range(1, 6):
        report = judged(reference, seed=seed)
        assert not report.is_alert, report.reasons
        assert not report.drifted_segments
        assert len(report.segments) == len(reference.segments.cells) > 0


@pytest.mark.parametrize("factor", [100.0, 1000.0, 0.01])
def test_a_unit_that_changes_in_one_plan_is_an_alert_that_names_column_plan_and_factor(
    reference, factor
):
    report = judged(reference, times_in("plan", "pro", factor))
    assert "amount" not in {c.name for c in report.drifted}  # few rows
    assert report.is_alert
    [told] = [b for b in report.breaks if b.code == "UNIT"]
    assert told.column == "amount"
    assert "amount in plan=pro: median " in told.sentence
    assert f"multiplied by {factor:g};" in told.sentence
    assert report.reasons[0].code == "BREAK"
    first = report.segments[0]
    assert (first.segment, first.drift.name) == ("plan=pro", "amount")
    frame = drawn(7, seed=1, start="2024-03-11")[0]
    now = np.median(frame.loc[frame["plan"] == "pro", "amount"]) * factor
    assert first.drift.now["median"] == pytest.approx(now, rel=0.02)


def test_a_declared_segment_that_is_no_feature_is_looked_at(reference):
    report = judged(reference, times_in("region", "us", 100.0))
    assert any("amount in region=us" in reason.sentence for reason in report.reasons)


def test_values_lost_in_one_segment_are_named(reference):
    def lose(frame):
        return frame.assign(age=frame["age"].where(frame["plan"] != "pro"))

    report = judged(reference, lose)
    assert report.is_alert
    assert any("age in plan=pro: 0 % → 100 % null" in r.sentence for r in report.reasons)


def test_drift_of_a_column_that_matters_little_is_listed_and_raises_nothing(reference):
    def older(frame):
        return frame.assign(age=frame["age"] + 20 * (frame["plan"] == "pro"))

    report = judged(reference, older)
    assert [(d.segment, d.drift.name) for d in report.drifted_segments] == [("plan=pro", "age")]
    assert not report.is_alert


def test_drift_inside_a_segment_of_a_column_that_matters_is_an_alert(reference):
    certain = replace(reference, importance=IMPORTANCE | {"amount": 0.6})
    report = judged(certain, lambda f: f.assign(amount=f["amount"] + 40 * (f["plan"] == "pro")))
    [reason] = [r for r in report.reasons if r.code == "SEGMENT"]
    assert "amount in plan=pro: median" in reason.sentence


def test_a_column_that_changes_everywhere_is_told_once(reference):
    report = judged(reference, lambda f: f.assign(amount=f["amount"] * 100))
    assert [b.column for b in report.breaks if b.code == "UNIT"] == ["amount"]
    assert all(d.is_whole for d in report.drifted_segments)


def test_a_segment_of_few_rows_is_not_judged_and_said(reference):
    report = judged(reference, times_in("plan", "pro", 100.0), n_rows=120)
    assert not any(d.segment == "plan=pro" for d in report.segments)
    assert any("fewer than 30 rows" in s and "plan=pro" in s for s in report.not_judged)


def test_rows_without_the_segment_column_say_so(reference):
    report = judged(reference, lambda f: f.drop(columns="region"))
    assert any("segments of region: not applicable" in s for s in report.not_judged)
    assert not report.is_alert


def test_a_profile_of_the_first_version_says_what_is_not_applicable(reference):
    old = replace(reference, segments=None, joint=None, outside=None)
    assert inside_columns(old) == []
    report = judged(old, times_in("plan", "pro", 100.0))
    assert {s.split(":")[0] for s in report.not_judged} == {
        "segments", "joint change", "training range",
    }  # fmt: skip
    assert all("not applicable" in s and "make the bundle again" in s for s in report.not_judged)
    assert not report.segments


def test_what_is_stored_judges_as_what_is_in_memory(reference, tmp_path):
    write_reference(reference, tmp_path / FILE)
    again = read_reference(tmp_path)
    assert again.segments.left_out == reference.segments.left_out
    assert again.joint.figures == reference.joint.figures
    change = times_in("plan", "pro", 100.0)
    one, other = judged(reference, change), judged(again, change)
    assert [r.sentence for r in one.reasons] == [r.sentence for r in other.reasons]
    for a, b in zip(one.segments, other.segments, strict=True):
        assert (a.segment, a.drift.name) == (b.segment, b.drift.name)
        assert a.drift.limit == pytest.approx(b.drift.limit, abs=1e-5)
    for a, b in zip(one.joint, other.joint, strict=True):
        assert a.limit == pytest.approx(b.limit, abs=1e-4)
    for a, b in zip(one.columns, other.columns, strict=True):
        assert a.outside_limit == pytest.approx(b.outside_limit, abs=1e-6, nan_ok=True)


def test_a_profile_of_many_segments_and_columns_stays_in_kilobytes_and_says_what_it_left_out():
    rng = np.random.default_rng(0)
    n = 200 * 400
    names = [f"x{i}" for i in range(60)]
    frame = pd.DataFrame(rng.normal(size=(n, 60)), columns=names)
    for i in range(4):
        frame[f"c{i}"] = pd.Categorical(rng.choice([f"v{j}" for j in range(20)], n))
    time = pd.date_range("2024-01-01", periods=200, freq="D", tz="UTC").repeat(400)
    importance = {name: 1.0 / (i + 1) for i, name in enumerate(names)}
    kinds = (names, [f"c{i}" for i in range(4)])
    segments = segments_reference(frame, time, kinds, importance, ["c0"])
    assert len(segments.cells) <= MAX_CELLS
    assert len({c.segment for c in segments.cells}) == MAX_SEGMENTS
    assert segments.columns[0] == "x0"
    assert segments.dividing[0] == "c0"
    assert any("8 of 20 values of c0" in s for s in segments.left_out)
    assert any("most important of 64 columns" in s for s in segments.left_out)


def test_the_textbook_rule_looks_at_whole_columns_only(reference):
    report = judged(reference, settings=MonitoringSettings(method="textbook"))
    assert not report.segments
    assert not report.joint


@pytest.mark.parametrize(
    "odd",
    [
        lambda f: f.iloc[:0],
        lambda f: f.iloc[:1],
        lambda f: f.assign(plan=None),
        lambda f: f.assign(plan=1.5),
        lambda f: f.assign(plan=[["a"]] * len(f)),
        lambda f: f.assign(plan=[f"new {i}" for i in range(len(f))]),
        lambda f: f.assign(amount="a lot"),
        lambda f: f.assign(amount=np.inf),
        lambda f: f.assign(amount=np.nan, age=np.nan),
        lambda f: f[["region"]],
    ],
)
def test_nothing_in_a_window_makes_it_fail(reference, odd):
    assert judged(reference, odd).not_judged is not None
