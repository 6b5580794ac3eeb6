"""Checks on the split: copies, entities, other clocks, and the population."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.audit.duplicates import occurrences
from tests.audit.test_checks import audit, codes
from tests.conftest import make_table


def test_rows_copied_with_a_little_noise_block(tmp_path):
    rng = np.random.default_rng(0)
    frame = make_table(4000).assign(**{f"v{i}": rng.normal(size=4000) for i in range(4)})
    late = frame.index[-600:]
    numbers = ["x", "z", *(f"v{i}" for i in range(4))]
    frame.loc[late, [*numbers, "g", "y", "who"]] = frame.loc[
        late - 3200, [*numbers, "g", "y", "who"]
    ].to_numpy()
    frame = frame.astype({"y": int, "who": int, **dict.fromkeys(numbers, float)})
    frame.loc[late, numbers] *= 1 + 1e-9
    found, _, _ = audit(tmp_path, frame)
    (finding,) = [f for f in found if f.check == "L07" and f.severity == "block"]
    assert "nearly the same features" in finding.sentence


def events(decimals: int = 2, *, days: int = 420, wrong: float = 0.02) -> pd.DataFrame:
    """Street events: rounded places, a category that says the label, the month."""
    rng, n = np.random.default_rng(3), 12_000
    days = np.sort(rng.integers(0, days, n))
    when = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        days * 24 + rng.integers(0, 24, n), unit="h"
    )
    spot = rng.uniform([41.7, -87.8], [42.0, -87.6], (25, 2))[rng.integers(0, 25, n)]
    place = (spot + rng.normal(scale=0.004, size=(n, 2))).round(decimals)
    kind = rng.choice(["theft", "noise", "damage", "assault", "traffic"], n)
    label = np.isin(kind, ["assault", "traffic"]) ^ (rng.random(n) < wrong)
    frame = pd.DataFrame({"when": when, "lat": place[:, 0], "long": place[:, 1], "kind": kind})
    frame = frame.assign(month=when.month, y=label.astype(int))
    return frame.sort_values("when", kind="stable").reset_index(drop=True)


def seen(findings):
    return [f for f in findings if f.title == "test rows seen in training"]


def test_events_that_come_back_with_the_month_are_no_copies(tmp_path):
    found, _, _ = audit(tmp_path, events())
    (finding,) = seen(found)
    assert finding.severity == "note"
    assert finding.evidence["share"] > 0.5  # the months of the test window, one year before
    assert float(finding.evidence["agreeing"]) > 0.9  # the category says the label
    assert float(finding.evidence["by_chance"]) > 0.9  # ... and so it does among training rows


def test_exact_places_of_one_city_are_not_nearly_the_same(tmp_path):
    found, _, _ = audit(tmp_path, events(5))
    assert not seen(found)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_batch_exported_again_among_coarse_events_blocks(tmp_path, share):
    frame = events(3, wrong=0.3)
    late = frame.index[frame["when"] >= frame["when"].max() - pd.Timedelta(29, "D")]
    batch = np.arange(len(frame))
    n = int(share * len(late))
    batch[late[:n]] = 4000 + np.arange(n)
    frame = frame.take(batch).reset_index(drop=True).assign(when=frame["when"])
    found, _, _ = audit(tmp_path, frame)
    assert "block" in [f.severity for f in seen(found)]


def test_a_change_to_coarser_places_warns_where_labels_cannot_tell_it_from_copies(tmp_path):
    frame = events(4, days=730, wrong=0.0).drop(columns="month")
    late = frame["when"] > "2024-08-15"
    place = frame[["lat", "long"]]
    frame[["lat", "long"]] = place.where(~late, place.round(2))
    found, _, _ = audit(tmp_path, frame)
    assert [f.severity for f in seen(found)] == ["warn"]


def test_what_training_repeats_says_how_many_rows_meet_by_chance():
    """Good and Turing's estimate against drawing once more."""
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(5000, 0.3))
    draws = rng.choice(5000, 40_000, p=chances).astype(np.uint64)
    time = np.arange(20_000).astype("datetime64[h]")
    train = occurrences(draws[:20_000], time, np.ones(20_000, bool), np.timedelta64(0, "h"))
    once = np.isin(draws[20_000:], train.hashes[train.times == 1])
    assert once.mean() == pytest.approx(float((train.times == 2).mean()), abs=0.01)


def test_equal_rows_in_one_burst_occur_once():
    hashes = np.array([7, 7, 7, 5], dtype=np.uint64)
    time = np.array(["2024-01-01", "2024-01-02", "2024-03-01", "2024-01-01"], "datetime64[D]")
    label = np.array([True, False, True, True])
    found = occurrences(hashes, time, label, np.timedelta64(3, "D"))
    assert found.hashes.tolist() == [5, 7, 7]
    assert found.times.tolist() == [1, 2, 2]
    assert found.label.tolist() == [1.0, 0.5, 1.0]


def test_a_label_learned_by_heart_warns_and_a_returning_customer_does_not(tmp_path):
    rng = np.random.default_rng(0)
    frame = make_table(4000)
    found, _, _ = audit(tmp_path, frame, entity="who")
    assert [f.severity for f in found if f.title == "entities on both sides"] == ["note"]
    always = rng.random(300) < 0.3
    found, _, _ = audit(tmp_path, frame.assign(y=always[frame["who"]].astype(int)), entity="who")
    assert [f.severity for f in found if f.title == "entities on both sides"] == ["warn"]


def test_a_second_clock_that_orders_rows_otherwise_is_named(tmp_path):
    frame = make_table(4000)
    delay = np.random.default_rng(0).exponential(20, 4000)
    entered = frame["when"] + pd.to_timedelta(delay, unit="D")
    found, _, _ = audit(tmp_path, frame.assign(entered=entered))
    assert ("L12", ("entered",)) in codes(found, "warn")
    born = pd.Timestamp("1990-01-01") + pd.to_timedelta(np.arange(4000) * 37 % 9000, unit="D")
    found, _, _ = audit(tmp_path, frame.assign(born=born))
    assert ("L12", ("born",)) in codes(found, "note")


def test_a_population_that_changed_is_told_from_one_that_did_not(tmp_path):
    frame = make_table(4000)
    same, _, _ = audit(tmp_path, frame)
    moved, _, _ = audit(tmp_path, frame.assign(z=frame["z"] + 3 * (np.arange(4000) > 3000)))
    before, after = (next(f for f in found if f.check == "L11") for found in (same, moved))
    assert "the population is the same" in before.sentence
    assert after.columns[0] == "z"
    assert float(after.evidence["auc"]) > 0.9
