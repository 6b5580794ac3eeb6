"""Checks after training: importance, collapse told from drift, a model too good."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.audit import FittedCandidate, audit_after
from harness.audit.after import check_collapse, period_aucs
from harness.audit.importance import check_importance, groups_of_alike
from harness.audit.view import View
from harness.settings import AuditSettings
from tests.audit.test_checks import audit
from tests.conftest import make_table


def view_of(tmp_path, frame) -> View:
    _, dataset, split = audit(tmp_path, frame)
    return View(dataset=dataset, split=split)


def test_a_model_that_stands_on_one_column_warns_with_its_worth_without(tmp_path):
    frame = make_table(4000)
    frame["leak"] = frame["y"] + np.random.default_rng(0).normal(scale=0.3, size=4000)
    view = view_of(tmp_path, frame)
    asked = []

    def refit(columns):
        asked.append(tuple(columns))
        return 0.62

    (finding,) = check_importance(view, lambda f: f["leak"].to_numpy(), refit, AuditSettings())
    assert (finding.severity, finding.columns) == ("warn", ("leak",))
    assert asked == [("leak",)]
    assert "Fitted without it the model reaches 0.620" in finding.sentence
    (calm,) = check_importance(
        view, lambda f: f["leak"].to_numpy(), lambda _: 0.98, AuditSettings()
    )
    assert calm.severity == "note"  # another column takes its place


def test_importance_is_shared_by_columns_that_resemble_each_other(tmp_path):
    frame = make_table(4000)
    frame["twin"] = frame["x"] * 2 + 1e-3 * frame["z"]
    features = frame[["x", "z", "twin"]].assign(g=pd.Categorical(frame["g"]))
    assert groups_of_alike(features) == [["x", "twin"], ["z"], ["g"]]
    view = view_of(tmp_path, frame)
    (finding,) = check_importance(
        view, lambda f: (f["x"] + f["twin"]).to_numpy(), lambda _: 0.5, AuditSettings()
    )
    assert set(finding.columns) == {"x", "twin"}


def test_a_fall_is_told_from_drift_in_words():
    fell = check_collapse(0.9, 0.85, 0.6, (), 0.55)[0]
    assert "other rows do not explain it" in fell.sentence
    drifted = check_collapse(0.9, 0.85, 0.6, (), 0.95)[0]
    assert "may explain it (drift)" in drifted.sentence


def test_a_fall_within_the_test_window_warns():
    steady = check_collapse(0.9, 0.85, 0.8, (0.82, 0.8, 0.79), 0.5)[0]
    assert steady.severity == "note"
    falling = check_collapse(0.9, 0.85, 0.8, (0.95, 0.8, 0.55), 0.5)[0]
    assert falling.severity == "warn"
    assert "it falls from 0.950 to 0.550" in falling.sentence


def test_periods_without_both_classes_are_not_guessed():
    label = np.repeat([True, False], 300)
    aucs = period_aucs(label, np.random.default_rng(0).random(600))
    assert np.isnan(aucs).all()


def test_a_model_nearly_without_error_warns(tmp_path):
    frame = make_table(4000)
    view = view_of(tmp_path, frame)
    label = view.dataset.label
    fitted = FittedCandidate(
        score=lambda f: f["x"].to_numpy(),
        refit=lambda _: 0.5,
        train_auc=1.0,
        validation=label[view.split.validation] + 0.0,
        test=label[view.split.test] + 0.0,
    )
    found = audit_after(view.dataset, view.split, AuditSettings(), fitted)
    (finding,) = [f for f in found if f.title == "model too good"]
    assert finding.severity == "warn"
    assert audit_after(view.dataset, view.split, AuditSettings(enabled=False), fitted) == ()


@pytest.mark.slow
def test_a_leaky_run_is_invalid_and_names_each_column(harness):
    status, out, _ = harness(
        "run", "dataset.leaky=true", "dataset.max_rows=60000", "split.validation=2w", "split.test=2w",
        "model.n_estimators=20", "running.report=false", "--format", "json",
    )  # fmt: skip
    import json

    decision = json.loads(out)
    assert (status, decision["decision"]) == (0, "INVALID")
    named = " ".join(decision["blocking_findings"])
    for column in ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"):
        assert column in named


def test_in_a_wide_table_the_columns_the_model_follows_are_shuffled(tmp_path):
    rng = np.random.default_rng(0)
    frame = make_table(3000, strength=2.0)
    wide = pd.DataFrame(rng.normal(size=(3000, 400)), columns=[f"c{i}" for i in range(400)])
    view = view_of(tmp_path, pd.concat([wide, frame], axis=1))
    asked = []

    def score(features):
        asked.append(1)
        return features["x"].to_numpy()

    (finding,) = check_importance(view, score, lambda _: 0.5, AuditSettings())
    assert finding.columns == ("x",)
    assert len(asked) <= 203
