from __future__ import annotations

import numpy as np
import pytest

from harness.cache import Store
from harness.candidate import fit_baseline
from harness.data import read_dataset, split_windows
from harness.data.outcome_values import row_values
from harness.settings import (
    LogisticBaseline,
    MaxF1Threshold,
    OutcomeValues,
    PriorBaseline,
    RuleBaseline,
    TableDataset,
    TemporalSplit,
)
from tests.conftest import make_table


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("baseline")
    make_table(4000, strength=2.0).to_parquet(folder / "t.parquet")
    dataset = read_dataset(
        TableDataset(path=str(folder / "t.parquet"), time="when", label="y"),
        Store(folder, max_bytes=10**9),
    )
    split = split_windows(TemporalSplit(validation="30d", test="30d"), dataset)[0]
    return dataset, split, row_values(OutcomeValues(), dataset.label, dataset.frame)


ALL = [
    PriorBaseline(),
    RuleBaseline(),
    RuleBaseline(columns=["g"], threshold=MaxF1Threshold()),
    RuleBaseline(columns=["x", "g"], threshold=MaxF1Threshold()),
    LogisticBaseline(threshold=MaxF1Threshold()),
]


@pytest.mark.parametrize("settings", ALL, ids=lambda s: f"{s.kind}-{getattr(s, 'columns', '')}")
def test_every_baseline_scores_both_windows_with_finite_probabilities(judged, settings):
    dataset, split, values = judged
    baseline = fit_baseline(settings, dataset, split, values, n_jobs=1)
    assert baseline.validation.shape == split.validation.shape
    assert baseline.test.shape == baseline.test_alert.shape == split.test.shape
    for score in (baseline.validation, baseline.test):
        assert np.isfinite(score).all()
        assert ((score >= 0) & (score <= 1)).all()
    if baseline.threshold is None:
        assert not baseline.test_alert.any()
    else:
        assert (baseline.test_alert == (baseline.test >= baseline.threshold.value)).all()


def test_the_rule_is_the_smoothed_training_rate_of_its_cell(judged):
    dataset, split, values = judged
    settings = RuleBaseline(columns=["g"], smoothing_rows=50, threshold=MaxF1Threshold())
    baseline = fit_baseline(settings, dataset, split, values, n_jobs=1)
    value = dataset.frame["g"].to_numpy()
    cell = dataset.label[split.train][value[split.train] == "a"]
    expected = (cell.sum() + 50 * dataset.label[split.train].mean()) / (len(cell) + 50)
    np.testing.assert_allclose(baseline.test[value[split.test] == "a"], expected)


def test_a_rule_on_a_good_column_ranks_better_than_the_overall_rate(judged):
    dataset, split, values = judged
    settings = RuleBaseline(columns=["x"], threshold=MaxF1Threshold())
    baseline = fit_baseline(settings, dataset, split, values, n_jobs=1)
    label = dataset.label[split.test]
    assert baseline.test[label].mean() > baseline.test[~label].mean() + 0.1


def test_a_baseline_learns_nothing_from_later_labels(judged):
    dataset, split, values = judged
    flipped = dataset.label.copy()
    flipped[split.test] = ~flipped[split.test]
    other = type(dataset)(
        **{name: getattr(dataset, name) for name in dataset.__dataclass_fields__}
        | {"label": flipped}
    )
    for settings in ALL:
        ours = fit_baseline(settings, dataset, split, values, n_jobs=1)
        theirs = fit_baseline(settings, other, split, values, n_jobs=1)
        assert (ours.test == theirs.test).all()
