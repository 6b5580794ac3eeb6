import numpy as np
import pandas as pd
import pytest

from harness.errors import BundleError
from harness.monitor import profile_frame, read_reference, write_reference
from harness.monitor.profile import profile_windows
from harness.monitor.store import FILE
from harness.settings import MonitoringSettings

from .conftest import CATEGORICAL, NUMERIC, rows


def codes(report):
    return {b.code for b in report.breaks if b.is_serious}


def test_a_quiet_week_is_fine(look):
    report = look()
    assert not report.is_alert
    assert not report.drifted
    assert not report.breaks
    assert all(movement.problem is None for movement in report.movements)


def test_estimates_agree_with_labels_where_nothing_changed(look):
    report = look()
    told = {movement.name: movement.now for movement in report.movements}
    assert report.estimated["roc_auc"] == pytest.approx(told["roc_auc"], abs=0.03)
    assert report.estimated["precision"] == pytest.approx(told["precision"], abs=0.06)


def _with(name, change):
    return lambda frame: frame.assign(**{name: change(frame[name])})


@pytest.mark.parametrize(
    ("code", "column", "change"),
    [
        ("MISSING", "age", lambda f: f.drop(columns="age")),
        ("EMPTY", "age", _with("age", lambda c: c * np.nan)),
        ("NULLS", "hour", _with("hour", lambda c: c.where(c > 8))),
        ("UNREADABLE", "rate", _with("rate", lambda c: c.map("{:.3f} %".format))),
        ("UNREADABLE", "rate", _with("rate", lambda c: c / (c > 0.1))),
        ("UNSEEN", "kind", _with("kind", lambda c: c.astype(object).str.upper())),
        ("CONSTANT", "rate", _with("rate", lambda c: c * 0 + 0.4)),
        ("CONSTANT", "place", _with("place", lambda c: "north")),
        ("UNIT", "amount", _with("amount", lambda c: c * 1.609)),
        ("RANGE", "age", _with("age", lambda c: c * 365)),
        ("SAME_FEED", "hour", lambda f: f.assign(hour=f["rate"])),
    ],
)  # fmt: skip
def test_a_broken_column_is_named_and_comes_first(look, code, column, change):
    report = look(change)
    assert report.is_alert
    named = [b for b in report.breaks if b.code == code]
    assert named
    assert column in named[0].sentence
    assert report.reasons[0].code == "BREAK"
    if code not in ("MISSING", "SAME_FEED"):
        assert report.columns[0].name == column


def test_a_feed_delivered_twice_is_seen(look):
    assert "REPEATED" in codes(look(lambda f: pd.concat([f, f])))


def test_fahrenheit_turned_into_celsius_is_named():
    from harness.monitor.sketch import sketch
    from harness.monitor.units import unit_change

    warm = np.random.default_rng(0).normal(60, 15, 5_000)
    assert "Celsius" in unit_change(sketch(warm), sketch((warm - 32) / 1.8))
    assert unit_change(sketch(warm), sketch(warm + 3)) is None


def test_drift_of_a_column_nobody_uses_is_told_and_raises_nothing(look):
    report = look(_with("hour", lambda c: c * 0.5 + 12))
    assert [column.name for column in report.drifted] == ["hour"]
    assert not report.is_alert


def test_drift_of_an_important_column_raises_an_alert(look):
    report = look(_with("amount", lambda c: c + 30))
    assert "IMPORTANT" in {reason.code for reason in report.reasons}


def test_labels_turned_round_are_a_change_of_concept(look):
    report = look(flip=True)
    assert {"CONCEPT", "METRIC"} <= {reason.code for reason in report.reasons}
    slope = next(m for m in report.movements if m.name == "slope")
    assert slope.now == pytest.approx(-2, abs=0.3)
    assert not report.drifted


def test_the_textbook_rule_needs_no_size(look):
    settings = MonitoringSettings(method="textbook")
    report = look(_with("hour", lambda c: (c + 0.9).clip(upper=24)), settings=settings)
    assert "hour" in {column.name for column in report.drifted}
    assert "hour" not in {
        c.name for c in look(_with("hour", lambda c: (c + 0.9).clip(upper=24))).drifted
    }


@pytest.mark.parametrize("n", [0, 1])
def test_a_window_of_hardly_any_rows_is_no_alert(reference, look, n):
    report = look(lambda f: f.iloc[:n])
    assert report.n_rows == n
    assert "BREAK" not in {reason.code for reason in report.reasons}


def test_all_columns_missing_is_said_for_each(look):
    report = look(lambda f: pd.DataFrame({"other": np.arange(len(f))}))
    assert sum(b.code == "MISSING" for b in report.breaks) == 6


def test_categories_that_arrive_as_numbers_are_read(look):
    report = look(_with("kind", lambda c: c.cat.codes))
    assert "UNSEEN" in codes(report)
    assert any(b.code == "TYPE" for b in report.breaks)


def test_profiles_made_day_by_day_merge_into_that_of_the_week():
    frame, time, *_ = rows(7, seed=5)
    day = np.asarray((time - time[0]).days)
    parts = [profile_frame(frame[day == d], NUMERIC, CATEGORICAL) for d in range(7)]
    merged, whole = parts[0].merged(*parts[1:]), profile_frame(frame, NUMERIC, CATEGORICAL)
    assert merged.n_rows == whole.n_rows
    for name, column in whole.columns.items():
        assert merged.columns[name].null_share == column.null_share
        assert dict(merged.columns[name].counts) == dict(column.counts)
        if column.sketch is not None:
            at = column.sketch.quantile(np.linspace(0.01, 0.99, 99))
            gap = np.abs(merged.columns[name].sketch.cdf(at)[1] - column.sketch.cdf(at)[1])
            assert gap.max() <= 0.002


def test_reading_columns_in_blocks_changes_nothing():
    frame, *_ = rows(3, seed=6)
    frame = pd.concat([frame, frame.iloc[:50]], ignore_index=True)
    whole = profile_frame(frame, NUMERIC, CATEGORICAL)
    blocks = [frame[[name]] for name in frame.columns]
    [parts] = profile_windows(blocks, NUMERIC, CATEGORICAL, [slice(None)], len(frame))
    assert parts.n_repeated == whole.n_repeated == 50
    for name, column in whole.columns.items():
        assert parts.columns[name].content == column.content


def test_a_stored_reference_judges_as_the_one_in_memory(reference, look, tmp_path):
    write_reference(reference, tmp_path / FILE)
    again = read_reference(tmp_path)
    assert again.points == pytest.approx(reference.points)
    assert again.importance == reference.importance
    for name, column in reference.profile.columns.items():
        kept = again.profile.columns[name]
        assert (kept.n_rows, kept.n_null, dict(kept.counts)) == (
            column.n_rows, column.n_null, dict(column.counts),
        )  # fmt: skip
        if column.sketch is not None:
            assert (kept.sketch.values == column.sketch.values).all()
        np.testing.assert_allclose(
            again.shares[name].values, reference.shares[name].values, atol=1e-6
        )
    size = (tmp_path / FILE).stat().st_size
    assert size / len(NUMERIC) < 20_000


def test_a_missing_damaged_or_newer_profile_is_refused(reference, tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="no reference profile"):
        read_reference(tmp_path)
    (tmp_path / FILE).write_bytes(b"PAR1 nothing")
    with pytest.raises(BundleError, match="cannot be read"):
        read_reference(tmp_path)
    monkeypatch.setattr("harness.monitor.store.FORMAT_VERSION", 3)
    write_reference(reference, tmp_path / FILE)
    monkeypatch.undo()
    with pytest.raises(BundleError, match="newer than this harness"):
        read_reference(tmp_path)
