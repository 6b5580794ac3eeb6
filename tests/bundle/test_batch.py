"""Scoring files: the same bits as in memory, whole or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from harness.bundle import batch, load_bundle, score_file, write_bundle
from harness.errors import BundleError, ConfigError
from tests.bundle.test_bundle import FACTS, MODELS, build


@pytest.fixture(scope="module")
def scoring(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batch")
    bundle, features = build(folder, MODELS["xgboost"])
    write_bundle(bundle, folder / "bundle", features=features, facts=FACTS, documents={})
    rows = pd.concat([features] * 5).reset_index(drop=True).assign(key=lambda d: np.arange(len(d)))
    return load_bundle(folder / "bundle"), rows


@pytest.mark.parametrize("source", ["rows.parquet", "rows.csv", "folder"])
@pytest.mark.parametrize("out", ["scores.parquet", "scores.csv"])
def test_a_file_in_pieces_scores_as_a_frame_at_once(tmp_path, monkeypatch, scoring, source, out):
    bundle, rows = scoring
    monkeypatch.setattr(batch, "PIECE_ROWS", 700)
    if source == "rows.csv":
        rows.to_csv(tmp_path / source, index=False)
    elif source == "folder":
        (tmp_path / source).mkdir()
        for i, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
            rows.iloc[part].to_parquet(tmp_path / source / f"{i}.parquet")
    else:
        rows.to_parquet(tmp_path / source)
    told: list[int] = []
    n = score_file(bundle, tmp_path / source, tmp_path / out, keep=["key"], on_rows=told.append)
    read = pd.read_parquet if out.endswith("parquet") else pd.read_csv
    found = read(tmp_path / out)
    assert n == sum(told) == len(rows)
    # What a CSV holds is text, and is kept as it stands there.
    assert found["key"].astype(str).tolist() == rows["key"].astype(str).tolist()
    assert (found["score"].to_numpy() == bundle.score(rows)).all()
    assert (found["alert"] == (found["score"] >= bundle.threshold)).all()


def test_every_way_to_hand_rows_over_gives_the_same_bits(scoring):
    bundle, rows = scoring
    part = rows.head(60)
    expected = bundle.score(part)
    table = pa.Table.from_pandas(part, preserve_index=False)
    records = part.astype(object).where(part.notna(), None).to_dict("records")
    assert (bundle.score(table) == expected).all()
    assert (bundle.score(records) == expected).all()
    assert (bundle.score(part[part.columns[::-1]]) == expected).all()  # order of columns
    assert [bundle.score(row)[0] for row in records] == expected.tolist()


def test_a_file_that_cannot_be_scored_leaves_nothing_behind(tmp_path, scoring):
    bundle, rows = scoring
    bad = rows.astype({"x": object})
    bad.loc[7, "x"] = "warm"
    bad.to_csv(tmp_path / "bad.csv", index=False)
    for table, words in (("bad.csv", "warm"), ("missing.parquet", "column 'x' is missing")):
        rows.drop(columns="x").to_parquet(tmp_path / "missing.parquet")
        with pytest.raises(Exception, match=words):
            score_file(bundle, tmp_path / table, tmp_path / "out.parquet")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv", "missing.parquet"]


def test_words_that_cannot_be_meant_are_refused(tmp_path, scoring):
    bundle, rows = scoring
    rows.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ConfigError, match="write .csv or .parquet"):
        score_file(bundle, tmp_path / "rows.parquet", tmp_path / "out.txt")
    with pytest.raises(ConfigError, match="did you mean 'key'"):
        score_file(bundle, tmp_path / "rows.parquet", tmp_path / "o.csv", keep=["kye"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("3.5", "column 'x'.*'3.5' is not a finite number"),
        (float("inf"), "inf"),
        ([1], "is not a finite number"),
        (10**400, "is not a finite number"),
    ],
)
def test_a_number_that_is_none_is_refused_by_column_and_row(scoring, value, words):
    bundle, rows = scoring
    good = rows.head(1).astype(object).to_dict("records")[0]
    for ask in (bundle.score, lambda row: bundle.score([good, row])):
        with pytest.raises(BundleError, match=words):
            ask({**good, "x": value})
    with pytest.raises(BundleError, match="row 1"):
        bundle.score([good, {**good, "x": value}])


def test_what_is_missing_unseen_or_more_is_defined(scoring):
    bundle, rows = scoring
    good = rows.head(1).astype(object).to_dict("records")[0]
    score = bundle.score_one(good)
    assert bundle.score_one({**good, "more": "ignored"}) == score
    assert bundle.score_one({**good, "x": 1}) == bundle.score_one({**good, "x": 1.0})
    assert bundle.score_one({**good, "x": None}) == bundle.score_one({**good, "x": float("nan")})
    assert np.isfinite(bundle.score_one({**good, "g": "never seen"}))
    assert bundle.score_one({**good, "g": "never seen"}) == bundle.score([{**good, "g": "new"}])[0]
    for rows_ in (good, [good]):
        for row in rows_ if isinstance(rows_, list) else [rows_]:
            fewer = {k: v for k, v in row.items() if k != "x"}
            with pytest.raises(BundleError, match="column 'x' is missing"):
                bundle.score(fewer if rows_ is good else [fewer])


@pytest.mark.parametrize("words", [[], ["+model.max_depth=3"], ["model.min_samples_leaf=50"]])
def test_a_forest_asked_for_one_row_gives_its_own_bits(tmp_path, words):
    from sklearn.ensemble import RandomForestClassifier

    from harness.bundle.one_tree import compile_ensemble

    bundle, features = build(tmp_path, [*MODELS["random_forest"], *words])
    model = bundle.pipeline.named_steps["model"]
    assert isinstance(model, RandomForestClassifier)
    one = compile_ensemble(model)
    assert one is not None
    matrix = bundle.pipeline.named_steps["preprocess"].transform(features)[:300]
    expected = model.predict_proba(matrix)[:, 1]
    assert [one(row[None, :]) for row in matrix] == expected.tolist()


def test_a_forest_that_would_score_otherwise_is_asked_itself(tmp_path):
    from harness.bundle.one_tree import compile_ensemble

    bundle, _ = build(tmp_path, MODELS["random_forest"])
    model = bundle.pipeline.named_steps["model"]
    model.estimators_ = [*model.estimators_, model.estimators_[0]]
    model.predict_proba = lambda rows: np.full((len(rows), 2), 0.5)
    assert compile_ensemble(model) is None


def test_a_boosting_asked_for_one_row_gives_its_own_bits(tmp_path):
    from harness.bundle.one_tree import compile_ensemble

    bundle, features = build(tmp_path, MODELS["hist_gradient_boosting"])
    model = bundle.pipeline.named_steps["model"]
    one = compile_ensemble(model)
    assert one is not None
    matrix = np.asarray(bundle.pipeline.named_steps["preprocess"].transform(features))[:300]
    rng = np.random.default_rng(0)
    matrix = np.where(rng.random(matrix.shape) < 0.1, np.nan, matrix)
    expected = model.predict_proba(matrix)[:, 1]
    assert [one(row[None, :]) for row in matrix] == expected.tolist()
    del model._baseline_prediction
    assert compile_ensemble(model) is None
