"""Whatever a table looks like, what was trained on it scores it again to the bit.

Training predicts from the rows it read; the bundle is then given the same table as a CSV, as
Parquet, in a folder of parts, and as JSON rows over the server's own app.
"""

from __future__ import annotations

import csv
import datetime
import decimal
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.bundle import Bundle, InputSchema, load_bundle, score_file, write_bundle
from harness.candidate import fit_model
from harness.candidate.positive_score import pipeline_score
from harness.config import compose_settings
from harness.data.table import read_table
from harness.serving.app import build_app
from harness.serving.options import ServeOptions
from harness.settings import RunSettings
from tests.bundle.test_bundle import FACTS

N_ROWS = 240
# Each makes a column from random numbers between 0 and 1: as it stands in a typed table.
COLUMNS: dict[str, Any] = {
    "float": lambda u: np.round(u * 1000 - 300, 3),
    "whole": lambda u: (u * 90).astype(int),
    "whole_with_nulls": lambda u: pd.array(
        [None if x < 0.1 else int(x * 90) for x in u], dtype="Int64"
    ),
    "float_with_nulls": lambda u: np.where(u < 0.2, np.nan, u),
    "bool": lambda u: u < 0.4,
    "bool_with_nulls": lambda u: pd.array(
        [None if x < 0.1 else bool(x < 0.6) for x in u], dtype="boolean"
    ),
    "bool_as_text": lambda u: np.where(u < 0.4, "true", "false"),
    "country": lambda u: np.array(["DE", "NA", "null", "nan", ""])[(u * 5).astype(int)],
    "zip": lambda u: np.array(["01067", "04109", "10115", "20095"])[(u * 4).astype(int)],
    "umlauts": lambda u: np.array(["Köln", "München", "Łódź", 'a "b", c', "two\nlines"])[
        (u * 5).astype(int)
    ],
    "codes": lambda u: np.array(["1E1", "2E5", "3E2"])[(u * 3).astype(int)],
    "number_or_word": lambda u: np.array(["1", "2.0", "x1", "?"])[(u * 4).astype(int)],
    "question_marks": lambda u: np.where(u < 0.1, "?", (u * 50).astype(int).astype(str)),
    "thousands": lambda u: np.array([f"{int(x * 9e6):,}" for x in u]),
    "whole_as_category": lambda u: (u * 6).astype(int),
    "decimal_text": lambda u: np.array([f"{x * 100:.2f}" for x in u]),
    "text_with_nulls": lambda u: np.array(
        [None if x < 0.2 else ("a" if x < 0.5 else "b") for x in u], dtype=object
    ),
    "decimal": lambda u: [decimal.Decimal(f"{x * 100:.2f}") for x in u],
    "time_of_day": lambda u: [datetime.time(int(x * 24)) for x in u],
    "small": lambda u: (u * 9).astype(np.float32).round().astype(np.int8),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, list[str]]:
    """A table with an hour, a label and some columns, and those called categories."""
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=5, unique=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.random(N_ROWS)
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=N_ROWS, freq="6h").astype("datetime64[s]"),
            "signal": x.round(6),
            **{name: COLUMNS[name](rng.random(N_ROWS)) for name in names},
            "y": (rng.random(N_ROWS) < x).astype(int),
        }
    )
    called = [
        n for n in names if n in ("whole_as_category", "zip", "codes") and draw(st.booleans())
    ]
    return frame, called


@cache
def config_of_a_table() -> RunSettings:
    """Composed once; only the dataset differs between tables."""
    words = ["dataset=table", "dataset.time=when", "dataset.label=y", "dataset.path=t"]
    return compose_settings([*words, "criteria=ranking", "model=logistic", "preprocess=linear"])


def train(folder: Path, path: Path, categorical: list[str], frame: pd.DataFrame) -> Any:
    """A small model of a table, written as a bundle, and its own predictions."""
    config = config_of_a_table()
    asked = replace(config.dataset, path=str(path))
    if categorical:
        others = [n for n in frame if n not in ("when", "y", *categorical)]
        numbers = [n for n in others if pd.api.types.is_numeric_dtype(frame[n])]
        asked = replace(asked, categorical=categorical, numeric=numbers)
    dataset = read_table(asked)
    fitted = fit_model(config.candidate, dataset, np.arange(len(dataset)), n_jobs=1)
    bundle = Bundle(pipeline=fitted.pipeline, schema=InputSchema.of(dataset), threshold=0.5)
    write_bundle(bundle, folder / "bundle", features=dataset.features, facts=FACTS, documents={})
    # As a run does: one batch or many, the same bits.
    expected = pipeline_score(fitted.pipeline, dataset.features)
    return load_bundle(folder / "bundle"), expected


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """As careful exports do: texts quoted, so that NA is a country and nothing is nothing."""
    frame.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)


def scores_of(bundle: Bundle, path: Path, out: Path) -> np.ndarray:
    score_file(bundle, path, out)
    return pq.read_table(out)["score"].to_numpy()


def json_rows(path: Path, bundle: Bundle) -> list[dict[str, Any]]:
    """The rows of a Parquet file as a client would send them."""
    table = pq.read_table(path, columns=list(bundle.schema.columns))
    rows = json.loads(json.dumps(table.to_pylist(), default=str))
    for row in rows:
        for name in bundle.schema.numeric:
            if pa.types.is_decimal(table.schema.field(name).type) and row[name] is not None:
                row[name] = float(row[name])
    return rows


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=tables(), source=st.sampled_from(["csv", "parquet"]))
def test_the_training_table_scores_as_in_training(tmp_path_factory, drawn, source):
    frame, categorical = drawn
    folder = tmp_path_factory.mktemp("reader")
    write_csv(frame, folder / "t.csv")
    frame.to_parquet(folder / "t.parquet", index=False)
    bundle, expected = train(folder, folder / f"t.{source}", categorical, frame)
    own = scores_of(bundle, folder / f"t.{source}", folder / "own.parquet")
    assert np.array_equal(own, expected)
    parts = folder / "parts"
    parts.mkdir()
    whole = pq.read_table(folder / "t.parquet")
    pq.write_table(whole.slice(0, 100), parts / "1.parquet")
    pq.write_table(whole.slice(100), parts / "2.parquet")
    if source == "parquet":
        assert np.array_equal(scores_of(bundle, parts, folder / "parts.parquet"), expected)
        rows = json_rows(folder / "t.parquet", bundle)
        with TestClient(build_app(ServeOptions(bundle=str(folder / "bundle")))) as client:
            answer = client.post("/score", json=rows)
            assert answer.status_code == 200, answer.json()
            assert answer.json()["scores"] == expected.tolist()
            assert client.post("/score", json=rows[7]).json()["score"] == expected[7]


def test_a_csv_and_parquet_of_one_table_are_one_to_the_model(tmp_path):
    """Where a CSV can say it: an empty text and a null are the same there."""
    rng = np.random.default_rng(7)
    x = rng.random(N_ROWS)
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=N_ROWS, freq="6h"),
            "signal": x.round(6),
            **{name: make(rng.random(N_ROWS)) for name, make in COLUMNS.items()},
            "y": (rng.random(N_ROWS) < x).astype(int),
        }
    )
    write_csv(frame, tmp_path / "t.csv")
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    for source, other in (("csv", "parquet"), ("parquet", "csv")):
        folder = tmp_path / source
        folder.mkdir()
        bundle, expected = train(folder, tmp_path / f"t.{source}", [], frame)
        assert len(bundle.schema.columns) == len(COLUMNS) + 1
        own = scores_of(bundle, tmp_path / f"t.{source}", folder / "own.parquet")
        assert np.array_equal(own, expected)
        another = scores_of(bundle, tmp_path / f"t.{other}", folder / "other.parquet")
        assert np.array_equal(another, expected)
