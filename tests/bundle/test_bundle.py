from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import load_bundle
from harness.bundle import Bundle, InputSchema, measure_latency, write_bundle
from harness.cache import Store
from harness.candidate import fit_model
from harness.config import compose_settings
from harness.config.own_code import own_classes
from harness.data import read_dataset, split_windows
from harness.errors import ArtefactError, BundleError
from tests.candidate.test_fit import MODELS
from tests.conftest import make_table

FACTS = {
    "name": "t",
    "decision": "SHIP",
    "reasons": ["it is good"],
    "protocol_fingerprint": "a" * 64,
    "candidate_fingerprint": "b" * 64,
    "model": "m",
    "targets": ["sklearn.linear_model.LogisticRegression"],
    "description": "y",
    "positive_meaning": "y is true",
    "prediction_time": "now",
    "test_window": "then",
    "threshold": {"policy": "fixed", "reason": "by hand", "shown": "0.5"},
    "metrics": [{"title": "PR-AUC", "candidate": "0.5", "baseline": "0.3"}],
}


def build(folder: Path, words: list[str]) -> tuple[Bundle, pd.DataFrame]:
    frame = make_table(3000, strength=1.5)
    frame.loc[::17, "x"] = np.nan
    frame.loc[::23, "g"] = None
    frame.to_parquet(folder / "t.parquet")
    base = [f"dataset.path={folder / 't.parquet'}", "dataset=table", "dataset.time=when"]
    base += ["dataset.label=y", "split.validation=20d", "split.test=20d", "criteria=ranking"]
    config = compose_settings([*base, *words])
    dataset = read_dataset(config.dataset, Store(folder, max_bytes=10**9))
    split = split_windows(config.split, dataset)[0]
    fitted = fit_model(config.candidate, dataset, split.train, n_jobs=1)
    bundle = Bundle(pipeline=fitted.pipeline, schema=InputSchema.of(dataset), threshold=0.5)
    return bundle, dataset.features.iloc[split.test]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    bundle, features = build(folder, MODELS["xgboost"])
    write_bundle(bundle, folder / "bundle", features=features, facts=FACTS, documents={})
    return folder / "bundle", bundle, features


@pytest.mark.parametrize("calibration", ["none", "isotonic"])
@pytest.mark.parametrize(
    ("model", "preprocess"),
    # Logistic regression takes no nulls, so it goes with the preprocessing that fills them.
    [(m, p) for m in MODELS for p in ("tree", "linear") if (m, p) != ("logistic", "tree")],
)
def test_every_model_and_preprocessing_loads_and_scores_the_same(
    tmp_path, model, preprocess, calibration
):
    words = [*MODELS[model], f"preprocess={preprocess}", f"calibration={calibration}"]
    bundle, features = build(tmp_path, words)
    write_bundle(bundle, tmp_path / "bundle", features=features, facts=FACTS, documents={})
    loaded = load_bundle(tmp_path / "bundle")
    assert (loaded.score(features) == bundle.score(features)).all()
    assert loaded.manifest["trusted_types"] == []
    assert loaded.one_row is not None


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    x=st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-9, 9)),
    z=st.one_of(st.none(), st.floats(-5, 5)),
    g=st.sampled_from([None, "a", "b", "c", "never seen", ""]),
    who=st.one_of(st.none(), st.integers(0, 400)),
)
def test_one_row_equals_the_pipeline_bit_for_bit(built, x, z, g, who):
    _, bundle, _ = built
    row = {"x": x, "z": z, "g": g, "who": who}
    assert bundle.score_one(row) == bundle.score([row])[0]


def test_rows_come_as_table_list_or_dict(built):
    _, bundle, features = built
    table = features.head(5)
    rows = json.loads(table.to_json(orient="records", double_precision=15))
    from_table = bundle.score(table)
    from_list = bundle.score(rows)
    np.testing.assert_allclose(from_list, from_table, atol=1e-9)
    assert bundle.score(rows[0]).shape == (1,)
    assert bundle.score([]).shape == (0,)
    assert bundle.score(table.assign(extra=1)).tolist() == from_table.tolist()
    assert (bundle.alert(table) == (from_table >= 0.5)).all()


BAD_ROWS = [
    ({"z": 1.0, "g": "a", "who": 1}, "column 'x' is missing"),
    ({"x": "2", "z": 1.0, "g": "a", "who": 1}, "column 'x'.*'2' is not a finite number"),
    ({"x": float("inf"), "z": 1.0, "g": "a", "who": 1}, "column 'x'.*inf is not a finite number"),
    ({"x": [1], "z": 1.0, "g": "a", "who": 1}, r"column 'x'.*\[1\] is not a finite number"),
    ({"x": 1.0, "z": 1.0, "who": 1}, "column 'g' is missing"),
]


@pytest.mark.parametrize(("row", "sentence"), BAD_ROWS)
def test_a_row_that_cannot_be_scored_names_its_column(built, row, sentence):
    _, bundle, _ = built
    with pytest.raises(BundleError, match=sentence):
        bundle.score_one(row)
    with pytest.raises(BundleError, match=sentence.replace(".*", ".*")):
        bundle.score([row])


def copy(built, tmp_path) -> Path:
    return Path(shutil.copytree(built[0], tmp_path / "copy"))


def test_one_flipped_bit_in_any_file_is_found(built, tmp_path):
    folder = copy(built, tmp_path)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(bytes(damaged))
        with pytest.raises((BundleError, ArtefactError)) as caught:
            load_bundle(folder)
        assert path.name.partition(".")[0] in str(caught.value)
        path.write_bytes(whole)
    load_bundle(folder)


def test_missing_added_and_linked_files_are_refused(built, tmp_path):
    folder = copy(built, tmp_path)
    (folder / "extra.py").write_text("print('hello')")
    with pytest.raises(BundleError, match="extra.py: not in the manifest"):
        load_bundle(folder)
    (folder / "extra.py").unlink()
    (folder / "golden.json").rename(tmp_path / "golden.json")
    with pytest.raises(BundleError, match="golden.json: missing"):
        load_bundle(folder)
    (folder / "golden.json").symlink_to(tmp_path / "golden.json")
    with pytest.raises(BundleError, match="golden.json: missing, or not a plain file"):
        load_bundle(folder)


def test_another_folder_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="no bundle there"):
        load_bundle(tmp_path)


def test_unknown_types_are_refused_by_name_until_trusted(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "class Mine(LogisticRegression):\n    pass\n"
    )
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("# My own class.\n_target_: mine.Mine\n")
    monkeypatch.chdir(tmp_path)
    make_table(3000).to_parquet(tmp_path / "t.parquet")
    words = ["dataset.path=t.parquet", "dataset=table", "dataset.time=when", "dataset.label=y"]
    words += ["split.validation=20d", "split.test=20d", "criteria=ranking", "preprocess=linear"]
    config = compose_settings([*words, "model=mine"], config_dir=tmp_path)
    dataset = read_dataset(config.dataset, Store(tmp_path, max_bytes=10**9))
    split = split_windows(config.split, dataset)[0]
    fitted = fit_model(config.candidate, dataset, split.train, n_jobs=1)
    bundle = Bundle(pipeline=fitted.pipeline, schema=InputSchema.of(dataset), threshold=0.5)
    facts = {**FACTS, "targets": ["mine.Mine"]}
    features = dataset.features.iloc[split.test]
    written = write_bundle(bundle, tmp_path / "b", features=features, facts=facts, documents={})
    assert written.manifest["own_classes"][0]["module"] == "mine"
    with pytest.raises(BundleError, match="not trusted: mine.Mine; Mine comes from module mine"):
        load_bundle(tmp_path / "b")
    loaded = load_bundle(tmp_path / "b", trust=["mine.Mine"])
    assert (loaded.score(features) == bundle.score(features)).all()


def test_a_class_of_a_notebook_is_refused_when_the_bundle_is_made():
    with pytest.raises(BundleError, match="move it into a module of its own"):
        own_classes(["__main__.Model"])


def test_a_bundle_is_whole_or_not_there(built, tmp_path):
    _, bundle, features = built
    with pytest.raises(KeyError):
        write_bundle(bundle, tmp_path / "b", features=features, facts={}, documents={})
    assert list(tmp_path.iterdir()) == []
    write_bundle(bundle, tmp_path / "b", features=features, facts=FACTS, documents={})
    with pytest.raises(ArtefactError, match="exists already"):
        write_bundle(bundle, tmp_path / "b", features=features, facts=FACTS, documents={})


def test_what_preprocessing_learned_stands_in_the_open(tmp_path):
    bundle, features = build(tmp_path, ["model=logistic", "preprocess=linear"])
    write_bundle(bundle, tmp_path / "b", features=features, facts=FACTS, documents={})
    numeric, categorical = json.loads((tmp_path / "b" / "preprocessing.json").read_text())["parts"]
    impute, scale = numeric["steps"]
    assert numeric["columns"] == ["x", "z", "who"]
    assert len(impute["learned"]["statistics"]) == 3
    assert len(scale["learned"]["mean"]) == 4  # three numbers and one indicator
    assert categorical["steps"][0]["learned"]["categories"][0][:3] == ["a", "b", "c"]


def test_latency_counts_its_calls(built):
    _, bundle, features = built
    from harness.bundle.input_schema import rows_of

    times = measure_latency(bundle, rows_of(features.head(3)), n_rows=20, n_warmup=2)
    assert times.shape == (20,)
    assert (times > 0).all()


def keys(folder: Path) -> tuple[Path, Path]:
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    plain = private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    (folder / "private.pem").write_bytes(plain)
    public = private.public_key()
    shown = public.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(shown)
    return folder / "private.pem", folder / "public.pem"


def test_a_configured_key_refuses_what_it_did_not_sign(built, tmp_path, harness, monkeypatch):
    shutil.copytree(built[0], tmp_path / "b")
    private, public = keys(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = keys(tmp_path / "other")
    with pytest.raises(BundleError, match="not signed"):
        load_bundle(tmp_path / "b", key=public)
    assert harness("sign", "b", "--key", private)[0] == 0
    assert harness("verify", "b", "--key", public)[0] == 0
    with pytest.raises(BundleError, match="not a signature of this bundle"):
        load_bundle(tmp_path / "b", key=other)
    monkeypatch.setenv("HARNESS_BUNDLE_KEY", str(other))
    assert harness("verify", "b")[0] == 2
    monkeypatch.setenv("HARNESS_BUNDLE_KEY", str(public))
    assert harness("verify", "b")[0] == 0
    (tmp_path / "b" / "manifest.sig").write_bytes(b"x" * 64)
    status, _, err = harness("verify", "b")
    assert (status, "manifest.sig: not a signature" in err) == (2, True)


def test_a_key_that_is_none_says_so(built, tmp_path, harness):
    shutil.copytree(built[0], tmp_path / "b")
    (tmp_path / "k.pem").write_text("hello")
    for words in (("sign", "b", "--key", "k.pem"), ("verify", "b", "--key", "nowhere.pem")):
        status, _, err = harness(*words)
        assert status == 2
        assert "key in PEM form" in err


def test_other_library_versions_are_noted_when_the_golden_rows_agree(built, tmp_path, harness):
    shutil.copytree(built[0], tmp_path / "b")
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    manifest["libraries"]["numpy"] = "1.0.0"
    text = json.dumps(manifest)
    (tmp_path / "b" / "manifest.json").write_text(text)
    import hashlib

    digest = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "b" / "manifest.sha256").write_text(f"{digest}  manifest.json\n")
    status, _, err = harness("verify", "b")
    assert status == 0
    assert "numpy was 1.0.0 and is" in err


def test_a_class_nobody_else_can_import_is_refused_when_the_bundle_is_made(built, tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    local = type("Mine", (LogisticRegression,), {"__module__": "__main__"})
    import __main__

    __main__.Mine = local
    _, bundle, features = built
    transformer = bundle.pipeline.named_steps["preprocess"]
    matrix = np.nan_to_num(transformer.transform(features))
    model = local().fit(matrix, np.arange(len(features)) % 2)
    pipeline = Pipeline([("preprocess", transformer), ("model", model)])
    made = Bundle(pipeline=pipeline, schema=bundle.schema, threshold=0.5)
    full = features.dropna()
    with pytest.raises(BundleError, match="defined in a notebook or script"):
        write_bundle(made, tmp_path / "b", features=full, facts=FACTS, documents={})
    assert not (tmp_path / "b").exists()
    del __main__.Mine


def test_joblib_is_loaded_only_by_those_who_trust_it(tmp_path, harness):
    bundle, features = build(tmp_path, MODELS["logistic"])
    place = tmp_path / "b"
    write_bundle(
        bundle, place, features=features, facts=FACTS, documents={}, pipeline_format="joblib"
    )
    with pytest.raises(BundleError, match="pass --trust joblib"):
        load_bundle(place)
    assert load_bundle(place, trust=["joblib"]).score(features.head(3)).shape == (3,)
    assert harness("verify", place)[0] == 2
    assert harness("verify", place, "--trust", "joblib")[0] == 0


def test_an_archive_that_unpacks_to_far_too_much_is_not_opened(tmp_path):
    import hashlib
    import zipfile

    bundle, features = build(tmp_path, MODELS["logistic"])
    place = tmp_path / "b"
    write_bundle(bundle, place, features=features, facts=FACTS, documents={})
    with zipfile.ZipFile(
        place / "pipeline.skops", "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as archive:
        archive.writestr("schema.json", "{}")
        with archive.open("part.npy", "w", force_zip64=True) as part:
            for _ in range(1_100):
                part.write(bytes(1 << 20))
    manifest = json.loads((place / "manifest.json").read_text())
    content = (place / "pipeline.skops").read_bytes()
    manifest["files"]["pipeline.skops"] = hashlib.sha256(content).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))
    digest = hashlib.sha256((place / "manifest.json").read_bytes()).hexdigest()
    (place / "manifest.sha256").write_text(f"{digest}  manifest.json\n")
    with pytest.raises(BundleError, match=r"pipeline.skops: .* would unpack to 1,153,433,602"):
        load_bundle(place)
