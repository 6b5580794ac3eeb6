from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from harness.cache import Store
from harness.candidate import fit_model
from harness.candidate.weighting import apply_weight, positive_weight
from harness.config import compose_settings
from harness.data import read_dataset, split_windows
from harness.errors import ConfigError, FitError
from harness.settings import BalancedWeighting, NoWeighting, RatioWeighting
from tests.conftest import make_table

MODELS = {
    "logistic": ["model=logistic"],
    "xgboost": [
        "model=xgboost",
        "model.n_estimators=60",
        "model.learning_rate=0.3",
        "model.early_stopping_rounds=10",
    ],
    "hist_gradient_boosting": [
        "model=hist_gradient_boosting",
        "model.max_iter=60",
        "model.n_iter_no_change=10",
    ],
    "random_forest": ["model=random_forest", "model.n_estimators=20"],
}
PREPROCESS = ["tree", "linear"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    frame = make_table(4000, strength=1.5)
    frame.loc[::17, "x"] = np.nan
    frame.to_parquet(folder / "t.parquet")
    words = [f"dataset.path={folder / 't.parquet'}", "dataset=table", "dataset.time=when"]
    words += ["dataset.label=y", "split.validation=30d", "split.test=30d", "criteria=ranking"]
    settings = compose_settings(words)
    dataset = read_dataset(settings.dataset, Store(folder, max_bytes=10**9))
    return words, dataset, split_windows(settings.split, dataset)[0]


def fit(small, *more):
    words, dataset, split = small
    settings = compose_settings([*words, *more])
    return fit_model(settings.candidate, dataset, split.train, n_jobs=1)


@pytest.mark.parametrize("weighting", ["none", "balanced", "ratio"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_takes_every_weighting_and_ranks(small, model, weighting):
    _, dataset, split = small
    fitted = fit(small, *MODELS[model], f"weighting={weighting}")
    assert fitted.weight_form == (
        "none"
        if weighting == "none"
        else {"xgboost": "scale_pos_weight"}.get(model, "class_weight")
    )
    score = fitted.score(dataset.features.iloc[split.test])
    label = dataset.label[split.test]
    assert ((score >= 0) & (score <= 1)).all()
    assert score[label].mean() > score[~label].mean() + 0.05


@pytest.mark.parametrize("model", ["xgboost", "hist_gradient_boosting"])
def test_early_stopping_watches_the_end_of_training_and_nothing_else(small, model):
    _, dataset, split = small
    fitted = fit(small, *MODELS[model])
    assert fitted.n_trained + fitted.n_held_back <= len(split.train)
    assert fitted.n_held_back == pytest.approx(0.15 * len(split.train), abs=2)
    assert fitted.n_rounds is not None
    assert fitted.n_rounds < 60
    # Rows after training may be anything: the fit does not change.
    scrambled = dataset.frame.copy()
    scrambled.loc[dataset.time >= dataset.time[split.validation].min(), "x"] = 99.0
    other = type(dataset)(
        **{name: getattr(dataset, name) for name in dataset.__dataclass_fields__}
        | {"frame": scrambled}
    )
    again = fit((small[0], other, split), *MODELS[model])
    rows = dataset.features.iloc[split.validation]
    assert (again.score(rows) == fitted.score(rows)).all()


def test_the_same_seed_gives_the_same_bits(small):
    _, dataset, split = small
    rows = dataset.features.iloc[split.test]
    for words in MODELS.values():
        assert (fit(small, *words).score(rows) == fit(small, *words).score(rows)).all()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_undoes_what_weighting_did_to_probabilities(small, method):
    _, dataset, split = small
    rows, label = dataset.features.iloc[split.test], dataset.label[split.test]
    weighted = fit(small, "model=logistic", "weighting=ratio", "weighting.positive_weight=20")
    mended = fit(
        small,
        "model=logistic",
        "weighting=ratio",
        "weighting.positive_weight=20",
        f"calibration={method}",
    )
    assert "scores are not probabilities" in weighted.notes[0]
    assert not mended.notes
    assert brier_score_loss(label, mended.score(rows)) < 0.7 * brier_score_loss(
        label, weighted.score(rows)
    )
    assert abs(mended.score(rows).mean() - label.mean()) < 0.1
    assert abs(weighted.score(rows).mean() - label.mean()) > 0.3


def test_balanced_weight_makes_both_classes_equal():
    label = np.array([True] * 10 + [False] * 90)
    assert positive_weight(BalancedWeighting(), label) == 9
    assert positive_weight(RatioWeighting(positive_weight=3), label) == 3
    assert positive_weight(NoWeighting(), label) is None


def test_a_model_without_class_weights_gets_sample_weights_or_says_no():
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier

    label = np.array([True, False, False])
    applied = apply_weight(GaussianNB(), 2.0, label)
    assert applied.form == "sample_weight"
    assert applied.fit_arguments["sample_weight"].tolist() == [2.0, 1.0, 1.0]
    with pytest.raises(FitError, match="KNeighborsClassifier takes no class or sample weights"):
        apply_weight(KNeighborsClassifier(), 2.0, label)


@pytest.mark.parametrize(
    ("words", "error", "sentence"),
    [
        (["held_back_share=0", "calibration=sigmoid"], ConfigError, "calibration needs rows"),
        (["model=logistic", "model.C=-1"], FitError, "^model: LogisticRegression could not be"),
        (["preprocess.min_frequency=-1"], FitError, "^preprocess: it could not be fitted"),
    ],
)
def test_a_candidate_that_cannot_be_fitted_says_why(small, words, error, sentence):
    with pytest.raises(error, match=sentence):
        fit(small, *words)


def test_nulls_under_a_linear_model_name_the_preprocessing_that_fills_them(small):
    with pytest.raises(FitError, match="use preprocess=linear, which fills nulls"):
        fit(small, "model=logistic", "preprocess=tree")


def test_without_held_back_rows_boosting_runs_all_its_rounds(small):
    assert fit(small, *MODELS["xgboost"], "held_back_share=0").n_rounds == 60


def test_a_class_without_probabilities_needs_calibration(small, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "margin.yaml").write_text(
        "# A margin classifier.\n_target_: sklearn.svm.LinearSVC\n"
    )
    words, dataset, split = small
    for more, fails in (
        (["preprocess=linear"], True),
        (["preprocess=linear", "calibration=sigmoid"], False),
    ):
        settings = compose_settings([*words, "model=margin", *more], config_dir=tmp_path)
        if fails:
            with pytest.raises(FitError, match="gives no probabilities; add calibration=sigmoid"):
                fit_model(settings.candidate, dataset, split.train, n_jobs=1)
        else:
            fitted = fit_model(settings.candidate, dataset, split.train, n_jobs=1)
            assert fitted.score(dataset.features.iloc[split.test]).std() > 0.05
