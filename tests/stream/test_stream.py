"""A table read a part at a time gives what the table in memory gives."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.cache import Store
from harness.data import read_dataset, rows_fingerprint
from harness.data.stream import parts as parts_module
from harness.data.stream.read import read_streamed
from harness.data.table import read_table
from harness.engine import LocalEngine
from harness.settings import TableDataset
from tests.conftest import make_table

WORDS = [
    "dataset=table", "dataset.time=when", "dataset.label=y", "dataset.segments=[g]", "baseline=rule",
    "dataset.rule_columns=[g]", "criteria=ranking", "split.validation=30d", "split.test=30d",
    "model.n_estimators=30", "running.report=false",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A partitioned folder, some rows without a label; parts are small."""
    monkeypatch.setattr(parts_module, "PART_ROWS", 300)
    rng = np.random.default_rng(0)
    n = 4000
    x = rng.normal(size=n)
    table = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=n, freq="h"),
            "x": np.where(rng.random(n) < 0.05, np.nan, x),
            "z": rng.normal(size=n),
            "g": rng.choice(["a", "b", "c"], n),
            "y": pd.array(
                (rng.random(n) < 1 / (1 + np.exp(1 - 1.5 * x))).astype(int), dtype="Int64"
            ),
        }
    )
    table.loc[::97, "y"] = pd.NA
    for month, part in table.groupby(table["when"].dt.month):
        place = tmp_path / "t" / f"month={month}"
        place.mkdir(parents=True)
        arrow = pa.Table.from_pandas(part, preserve_index=False)
        pq.write_table(arrow, place / "rows.parquet", row_group_size=100)
    return tmp_path


def settings(folder, *, stream, **more):
    return TableDataset(
        path=str(folder / "t"), time="when", label="y", stream=stream, segments=["g"], **more
    )


def read(folder, *, stream, engine=None):
    store = Store(folder / "cache", max_bytes=10**9)
    return read_dataset(settings(folder, stream=stream), store, engine)


def test_the_same_rows_roles_and_fingerprint(folder):
    whole, streamed = read(folder, stream=False), read(folder, stream=True)
    assert len(streamed.parts) > 10
    assert streamed.roles == whole.roles
    assert "month" in whole.roles.features
    assert (streamed.time == whole.time).all()
    assert (streamed.label == whole.label).all()
    assert streamed.n_unlabelled == whole.n_unlabelled > 0
    rows = np.arange(len(whole))[::-3]
    pd.testing.assert_frame_equal(
        streamed.take(rows).astype({"g": str}),
        whole.take(rows).reset_index(drop=True).astype({"g": str}),
    )
    assert rows_fingerprint(streamed, rows) == rows_fingerprint(whole, rows)


def test_the_same_decision_as_in_memory(harness, folder):
    found = {}
    for name, stream in (("whole", "false"), ("parts", "true")):
        status, _, err = harness(
            "run", *WORDS, "dataset.path=t", f"dataset.stream={stream}", f"hydra.run.dir={name}",
            f"running.ledger={name}.sqlite",
        )  # fmt: skip
        assert status == 0, err
        found[name] = json.loads((folder / name / "decision.json").read_text())
    ours, theirs = found["parts"], found["whole"]
    for key in ("decision", "protocol_fingerprint", "candidate_fingerprint", "test_fingerprint"):
        assert ours[key] == theirs[key], key
    for mine, other in zip(ours["criteria"], theirs["criteria"], strict=True):
        assert mine["verdict"] == other["verdict"]
        assert mine["estimate"] == pytest.approx(other["estimate"], abs=0.01)
    status, _, err = harness("verify", "parts")
    assert status == 0, err


def test_what_cannot_be_streamed_is_refused_by_key(harness, folder):
    (folder / "t.csv").write_text("when,x,y\n2024-01-01,1,0\n")
    words = [*WORDS, "dataset.stream=true"]
    for more, sentence in (
        (["dataset.path=t.csv"], "dataset.stream: t.csv is no Parquet"),
        (["dataset.path=nowhere"], "dataset.path: no file at nowhere"),
        (["dataset.path=t", "model=random_forest"], "dataset.stream: RandomForestClassifier needs"),
        (["dataset.path=t", "baseline=logistic"], "baseline=logistic: needs all rows in memory"),
        (["dataset.path=gopher://x"], "dataset.path: gopher://x cannot be opened"),
        (["dataset.path=t", "running.engine=spark"], "running.engine: 'spark' is unknown"),
    ):
        status, _, err = harness("run", *words, *more)
        assert status == 2, more
        assert sentence in err, err
    broken = next((folder / "t").rglob("rows.parquet"))
    broken.write_bytes(broken.read_bytes()[:500])
    status, _, err = harness("run", *words, "dataset.path=t")
    assert status == 2
    assert "cannot be read" in err


def test_a_url_is_read_through_fsspec(folder):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(folder / "t"), "/bucket/t", recursive=True)
    path = TableDataset(
        path="memory://bucket/t", time="when", label="y", stream=True, segments=["g"]
    )
    streamed = read_dataset(path, Store(folder / "cache", max_bytes=0))
    whole = read(folder, stream=False)
    rows = np.arange(500)
    assert rows_fingerprint(streamed, rows) == rows_fingerprint(whole, rows)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("model.subsample=7", "model: XGBClassifier could not be fitted (value 7"),
        ("preprocess.min_frequency=-1", "preprocess: it could not be fitted"),
    ],
)
def test_parameters_nobody_takes_are_one_sentence(harness, folder, word, sentence):
    words = [*WORDS, "dataset.path=t", "dataset.stream=true", word]
    status, _, err = harness("run", "--quiet", *words, "hydra.run.dir=r")
    assert status == 2
    assert err.startswith(f"harness run: {sentence}")
    assert len(err.splitlines()) == 1  # not a word about pages left behind


def test_a_row_left_out_for_its_label_time_moves_no_other_rows_features(tmp_path):
    """A far day, or a word for null, in the label's time is no label: in the stream as in memory."""
    frame = make_table(600)
    frame["known"] = (frame["when"] + pd.Timedelta("1D")).dt.strftime("%Y-%m-%d %H:%M:%S")
    frame.loc[[3, 250], "known"] = ["9999-12-31", None]
    frame.to_parquet(tmp_path / "t.parquet", index=False, row_group_size=100)
    settings = TableDataset(
        path=str(tmp_path / "t.parquet"), time="when", label="y", label_time="known", stream=True
    )
    streamed = read_streamed(settings, LocalEngine())
    whole = read_table(replace(settings, stream=False))
    rows = np.arange(len(whole))
    assert len(streamed) == len(whole) == 598
    assert streamed.take(rows)["x"].tolist() == whole.features["x"].tolist()
    assert (streamed.time == whole.time).all()
