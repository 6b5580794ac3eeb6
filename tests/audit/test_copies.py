"""Checks on the split: copies, entities, other clocks, and the population."""

from __future__ import annotations

import numpy as np
import pandas as pd

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
