"""Checks on columns: each fires on its leak and stays silent on honest data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.audit.disguise import rule_strength, wilson_lower
from harness.audit.view import Cells, cut
from harness.settings import AuditSettings
from tests.audit.test_checks import audit, codes
from tests.conftest import make_table


@pytest.fixture
def frame() -> pd.DataFrame:
    return make_table(4000)


def test_values_only_one_class_has_block_even_when_they_cover_part_of_it(tmp_path, frame):
    rng = np.random.default_rng(0)
    called = (frame["y"] == 1) & (rng.random(4000) < 0.8)
    found, _, _ = audit(tmp_path, frame.assign(calls=np.where(called, rng.integers(1, 9, 4000), 0)))
    assert ("L04", ("calls",)) in codes(found, "block")
    partly = (frame["y"] == 1) & (rng.random(4000) < 0.5)
    found, _, _ = audit(tmp_path, frame.assign(calls=partly.astype(int)))
    assert ("L04", ("calls",)) in codes(found, "warn")


def test_a_rule_counts_what_later_rows_say():
    cells = Cells(
        train=np.repeat([0, 1], 50), later=np.repeat([0, 1], 500), n_cells=2, null=1, n_values=2
    )
    train, later = np.repeat([False, True], 50), np.repeat([False, True], 500)
    bound, coverage, n = rule_strength(cells, train, later)
    assert (coverage, n) == (1.0, 500)
    assert bound > 0.99
    later[500:520] = False  # four in a hundred wrong is no rule
    assert rule_strength(cells, train, later)[1] == 0.0


def test_wilsons_bound_is_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    for k, n in ((5, 10), (99, 100), (1, 400)):
        assert wilson_lower(k, n) == pytest.approx(
            proportion_confint(k, n, alpha=0.1, method="wilson")[0], rel=1e-6
        )


def test_a_target_mean_over_all_rows_blocks_and_one_of_the_past_does_not(tmp_path, frame):
    group = np.random.default_rng(0).integers(0, 300, 4000)
    everything = frame.groupby(group)["y"].transform("mean")
    found, _, _ = audit(tmp_path, frame.assign(rate=everything))
    assert ("L04", ("rate",)) in codes(found, "block")
    past = frame.groupby(group)["y"].transform(lambda y: y.shift().expanding().mean()).fillna(0.27)
    found, _, _ = audit(tmp_path, frame.assign(rate=past))
    assert not any("rate" in f.columns for f in found if f.severity != "note")


def test_two_columns_whose_difference_is_the_label_block(tmp_path, frame):
    before = np.random.default_rng(0).lognormal(3, 1, 4000)
    found, _, _ = audit(tmp_path, frame.assign(before=before, after=before + frame["y"]))
    assert ("L04", ("before", "after")) in codes(found, "block")
    found, _, _ = audit(tmp_path, frame.assign(before=before, after=1.02 * before + 1))
    assert not any("before" in f.columns for f in found if f.severity != "note")


def test_rows_numbered_after_the_outcome_block_and_honest_numbers_do_not(tmp_path, frame):
    day = frame["when"].dt.floor("D")
    order = np.lexsort((np.arange(4000), frame["y"], day))
    number = np.empty(4000, dtype=int)
    number[order] = np.arange(4000)
    found, _, _ = audit(tmp_path, frame.assign(number=number))
    assert ("L05", ("number",)) in codes(found, "block")
    found, _, _ = audit(tmp_path, frame.assign(number=np.arange(4000) * 3))
    (finding,) = [f for f in found if f.check == "L05"]
    assert (finding.severity, finding.title) == ("warn", "identifier among the features")


def test_an_identifier_whose_parity_is_the_class_warns(tmp_path, frame):
    rng = np.random.default_rng(0)
    number = rng.permutation(4000) * 2 + frame["y"]
    found, _, _ = audit(tmp_path, frame.assign(account=number))
    assert ("L05", ("account",)) in codes(found, "warn") | codes(found, "block")


@pytest.mark.parametrize("centred", [False, True])
def test_a_rolling_mean_into_the_future_blocks(tmp_path, frame, centred):
    y = frame["y"].astype(float)
    ahead = y[::-1].rolling(10, min_periods=1).mean()[::-1].shift(-1).fillna(0)
    mean = y.rolling(11, min_periods=1, center=True).mean() if centred else ahead
    found, _, _ = audit(tmp_path, frame.assign(recent=mean))
    assert ("L08", ("recent",)) in codes(found, "block")
    past = y.shift().rolling(10, min_periods=1).mean().fillna(0)
    found, _, _ = audit(tmp_path, frame.assign(recent=past))
    assert not any("recent" in f.columns for f in found if f.severity != "note")


def test_a_column_that_only_counts_time_is_noted(tmp_path, frame):
    found, _, _ = audit(tmp_path, frame.assign(days=np.arange(4000) / 24))
    assert ("L08", ("days",)) in codes(found, "note")


def test_values_an_outcome_rewrites_warn(tmp_path, frame):
    status = np.zeros(4000)
    for rows in frame.groupby("who").indices.values():
        status[rows] = np.concatenate([[0], np.cumsum(frame["y"].to_numpy()[rows])[:-1]])
    found, _, _ = audit(tmp_path, frame.assign(status=status), entity="who")
    assert ("L08", ("status",)) in codes(found, "warn")


def test_scaling_over_all_rows_warns_and_over_training_rows_does_not(tmp_path, frame):
    drifting = frame["z"] + np.linspace(0, 1, 4000)
    whole = (drifting - drifting.mean()) / drifting.std(ddof=0)
    found, _, _ = audit(tmp_path, frame.assign(s=whole))
    assert ("L13", ("s",)) in codes(found, "warn")
    early = drifting.iloc[:1500]
    found, _, _ = audit(tmp_path, frame.assign(s=(drifting - early.mean()) / early.std(ddof=0)))
    assert "L13" not in {f.check for f in found}


def test_values_computed_after_the_prediction_block_by_their_share(tmp_path, frame):
    late = frame["when"] + pd.to_timedelta(np.where(np.arange(4000) % 10 == 0, 5, -5), unit="h")
    words = {"feature_times": {"x": "computed"}}
    found, _, _ = audit(tmp_path, frame.assign(computed=late), **words)
    (finding,) = [f for f in found if f.check == "L01"]
    assert (finding.severity, finding.columns) == ("block", ("x",))
    assert finding.evidence["share_of_rows"] == pytest.approx(0.1)
    assert "by 5.0 hours at the median" in finding.sentence
    few = frame["when"] + pd.to_timedelta(np.where(np.arange(4000) % 400 == 0, 5, -5), unit="h")
    found, _, _ = audit(tmp_path, frame.assign(computed=few), **words)
    assert [f.severity for f in found if f.check == "L01"] == ["warn"]
    found, _, _ = audit(tmp_path, frame.assign(computed=frame["when"]), **words)
    assert "L01" not in {f.check for f in found}


@pytest.mark.parametrize(
    ("values", "n_values"),
    [
        ([np.nan] * 50, 0),
        ([1.0] * 50, 1),
        (list(range(50)), 50),
        ([0.0] * 40 + [1.0, 2.0, 3.0] * 3 + [np.nan], 4),
    ],
)
def test_cells_keep_single_values_and_nulls_apart(values, n_values):
    column = pd.Series(values, dtype=float)
    cells = cut(column, column)
    assert cells.n_values == n_values
    assert (cells.train == cells.later).all()
    assert cells.train.max() < cells.n_cells
    by_value = pd.Series(cells.train).groupby(column.fillna(-1.0)).nunique()
    assert (by_value == 1).all()
    assert len(set(cells.train)) == column.fillna(-1.0).nunique()


def test_a_frequent_value_has_a_cell_of_its_own_among_many():
    rng = np.random.default_rng(0)
    column = pd.Series(np.where(rng.random(5000) < 0.6, 0.0, rng.lognormal(size=5000)))
    cells = cut(column, column)
    zero = set(cells.train[column == 0])
    assert len(zero) == 1
    assert not zero & set(cells.train[column != 0])


def test_odd_columns_do_not_break_the_audit(tmp_path, frame):
    rng = np.random.default_rng(0)
    odd = frame.assign(
        empty=np.nan,
        constant=1.0,
        nearly=np.where(np.arange(4000) == 7, 2.0, 1.0),
        name=[f"n{i}" for i in range(4000)],
        yes=rng.choice(["True", "False"], 4000),
        born=pd.Timestamp("1990-01-01") + pd.to_timedelta(rng.integers(0, 9000, 4000), unit="D"),
        label=rng.normal(size=4000),
        time=rng.normal(size=4000),
        huge=rng.normal(size=4000) * 1e300,
    )
    found, dataset, _ = audit(tmp_path, odd)
    assert "check crashed" not in {f.title for f in found}
    assert not codes(found, "block")
    assert {"label", "time", "huge", "yes"} <= set(dataset.roles.features)


@pytest.mark.slow
def test_ten_thousand_columns_take_seconds(tmp_path):
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(800, 10_000)), columns=[f"c{i}" for i in range(10_000)])
    label = rng.random(800) < 0.3
    wide = wide.assign(
        when=pd.date_range("2024-01-01", periods=800, freq="4h"),
        y=label.astype(int),
        leak=label * 1.0,
    )
    found, _, _ = audit(tmp_path, wide)
    assert ("L04", ("leak",)) in codes(found, "block") | codes(found, "warn")
    assert "check crashed" not in {f.title for f in found}


def test_rare_positives_are_said_to_leave_no_power(tmp_path, frame):
    found, _, _ = audit(tmp_path, frame.assign(y=(np.arange(4000) % 150 == 0).astype(int)))
    assert {f.check for f in found if "no power" in f.sentence} == {"L02", "L04"}


def test_a_stricter_audit_speaks_earlier(tmp_path, frame):
    fair = frame.assign(score=frame["y"] + np.random.default_rng(0).normal(scale=0.6, size=4000))
    found, _, _ = audit(tmp_path, fair, AuditSettings(warn_auc=0.8))
    assert ("L02", ("score",)) in codes(found, "warn")
