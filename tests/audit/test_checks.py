"""Each check: fires on its leak, stays silent on honest data, and says when it has no power."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.audit import audit_before, blocking
from harness.audit.after import check_collapse
from harness.audit.alone import column_powers
from harness.audit.run import carry_out
from harness.audit.view import View
from harness.cache import Store
from harness.data import read_dataset, split_windows
from harness.settings import AcceptedFinding, AuditSettings, TableDataset, TemporalSplit
from tests.conftest import make_table


def audit(tmp_path, frame: pd.DataFrame, settings: AuditSettings | None = None, **words):
    frame.to_parquet(tmp_path / "t.parquet")
    dataset = read_dataset(
        TableDataset(path=str(tmp_path / "t.parquet"), time="when", label="y", **words),
        Store(tmp_path, max_bytes=10**9),
    )
    split = split_windows(TemporalSplit(validation="60d", test="30d"), dataset)[0]
    return audit_before(dataset, split, settings or AuditSettings()), dataset, split


def codes(findings, severity: str) -> set[tuple[str, tuple[str, ...]]]:
    return {(f.check, f.columns) for f in findings if f.severity == severity}


def test_honest_data_gets_one_note_and_nothing_else(tmp_path):
    findings, _, _ = audit(tmp_path, make_table(4000))
    assert [(f.check, f.severity) for f in findings] == [("L02", "note"), ("L11", "note")]
    assert not blocking(findings)


def test_a_copy_of_the_label_blocks_and_is_named(tmp_path):
    frame = make_table(4000)
    frame["calls"] = np.where(frame["y"] == 1, np.random.default_rng(1).integers(1, 5, 4000), 0)
    findings, _, _ = audit(tmp_path, frame)
    assert ("L02", ("calls",)) in codes(findings, "block")


def test_a_category_set_with_the_label_blocks(tmp_path):
    frame = make_table(4000)
    frame["code"] = np.where(frame["y"] == 1, "closed", "open")
    findings, _, _ = audit(tmp_path, frame)
    assert ("L02", ("code",)) in codes(findings, "block")


def test_a_value_that_exists_for_one_class_only_blocks(tmp_path):
    frame = make_table(4000)
    rng = np.random.default_rng(1)
    frame["reason"] = np.where(frame["y"] == 1, rng.normal(size=4000), np.nan)
    findings, _, _ = audit(tmp_path, frame)
    assert ("L03", ("reason",)) in codes(findings, "block")


def test_a_strong_honest_column_warns_but_never_blocks(tmp_path):
    frame = make_table(4000, strength=1.0)
    frame["strong"] = frame["y"] + np.random.default_rng(1).normal(scale=0.28, size=4000)
    findings, dataset, split = audit(tmp_path, frame)
    assert column_powers(View(dataset=dataset, split=split))[0].auc > 0.98
    assert ("L02", ("strong",)) in codes(findings, "warn")
    assert not blocking(findings)


def test_repeated_rows_across_the_split_block(tmp_path):
    frame = make_table(4000)
    late = frame.index[-600:]
    frame.loc[late, ["x", "z", "g", "who", "y"]] = frame.loc[
        late - 3200, ["x", "z", "g", "who", "y"]
    ].to_numpy()
    frame = frame.astype({"x": float, "z": float, "who": int, "y": int})
    findings, _, _ = audit(tmp_path, frame)
    assert ("L07", ()) in codes(findings, "block")


def test_equal_rows_of_a_coarse_table_are_ordinary(tmp_path):
    frame = make_table(4000)[["when", "g", "y"]].assign(h=np.arange(4000) % 3)
    findings, _, _ = audit(tmp_path, frame)
    (finding,) = [f for f in findings if f.check == "L07"]
    assert finding.severity == "note"
    assert finding.evidence["share"] > 0.99


def test_few_positives_have_no_power_and_say_so(tmp_path):
    frame = make_table(4000)
    frame["y"] = (np.arange(4000) % 200 == 0).astype(int)
    findings, _, _ = audit(tmp_path, frame)
    assert "no power" in next(f for f in findings if f.check == "L02").sentence


def test_rows_labelled_too_late_are_a_note(tmp_path):
    frame = make_table(4000)
    findings, _, _ = audit(tmp_path, frame, label_delay="9d")
    assert "L06" not in {f.check for f in findings}  # the gap follows the delay
    frame["known"] = frame["when"] + pd.to_timedelta(
        np.where(np.arange(4000) % 300, 1, 30), unit="D"
    )
    findings, _, _ = audit(tmp_path, frame, label_time="known")
    assert "L06" in {f.check for f in findings}


def test_an_accepted_finding_no_longer_blocks_and_keeps_its_reason(tmp_path):
    frame = make_table(4000)
    frame["code"] = np.where(frame["y"] == 1, "closed", "open")
    settings = AuditSettings(
        accept=[
            AcceptedFinding(check=check, column="code", reason="it is the point of the exercise")
            for check in ("L02", "L04")
        ]
    )
    findings, _, _ = audit(tmp_path, frame, settings)
    found = [f for f in findings if f.severity == "block"]
    assert {f.check for f in found} == {"L02", "L04"}
    assert {f.accepted for f in found} == {"it is the point of the exercise"}
    assert not blocking(findings)


def test_a_check_that_crashes_blocks():
    def broken():
        raise RuntimeError("boom")

    (finding,) = carry_out("L02", broken)
    assert (finding.severity, finding.title) == ("block", "check crashed")
    assert "boom" in finding.sentence


def test_an_audit_switched_off_says_so(tmp_path):
    findings, _, _ = audit(tmp_path, make_table(4000), AuditSettings(enabled=False))
    assert [(f.check, f.severity) for f in findings] == [("L00", "warn")]


@pytest.mark.parametrize(
    ("aucs", "severity"),
    [((0.8, 0.75, 0.74), "note"), ((0.99, 0.9, 0.6), "warn"), ((1, 0.65, 0.6), "warn")],
)
def test_collapse_outside_training_warns(aucs, severity):
    train, validation, test = aucs
    (finding,) = check_collapse(train, validation, test)
    assert finding.severity == severity
