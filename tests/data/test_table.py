from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.cache import Store
from harness.data import read_dataset
from harness.errors import ConfigError, DataError
from harness.settings import TableDataset
from tests.conftest import make_table


def read(tmp_path, frame: pd.DataFrame | str | bytes, suffix=".csv", **settings):
    path = tmp_path / f"t{suffix}"
    if isinstance(frame, str):
        path.write_text(frame)
    elif isinstance(frame, bytes):
        path.write_bytes(frame)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    words = {"path": str(path), "time": "when", "label": "y"} | settings
    return read_dataset(TableDataset(**words), Store(tmp_path, max_bytes=10**9))


def test_roles_are_inferred_and_what_is_left_out_is_said(tmp_path):
    frame = make_table(500).assign(
        same=1, nothing=None, code=[f"id{i}" for i in range(500)], later=pd.Timestamp("2024-01-01")
    )
    dataset = read(tmp_path, frame, ".parquet")
    assert dataset.roles.numeric == ("x", "z", "who")
    assert dataset.roles.categorical == ("g",)
    notes = "\n".join(dataset.notes)
    assert "same: left out, the same value in every row" in notes
    assert "nothing: left out, every value is null" in notes
    assert "code: left out, 500 distinct texts look like an identifier" in notes


def test_numbers_with_a_few_words_among_them_are_named(tmp_path):
    frame = make_table(500)
    frame["x"] = frame["x"].astype(object)
    frame.loc[9, "x"] = "oops"
    dataset = read(tmp_path, frame)
    note = next(note for note in dataset.notes if note.startswith("x: read as text"))
    assert "'oops'" in note
    assert "dataset.null_values" in note


def test_rows_without_label_are_kept_out_counted_and_said(tmp_path):
    frame = make_table(500)
    frame.loc[::10, "y"] = np.nan
    dataset = read(tmp_path, frame)
    assert (len(dataset), dataset.n_unlabelled) == (450, 50)
    assert "50 rows without a label are kept out" in dataset.notes[-1]


def test_csv_and_parquet_give_the_same_rows(tmp_path):
    frame = make_table(500)
    ours, theirs = read(tmp_path, frame), read(tmp_path, frame, ".parquet")
    assert (ours.time == theirs.time).all()
    assert (ours.label == theirs.label).all()
    pd.testing.assert_frame_equal(ours.features, theirs.features)


def test_lists_given_are_taken_as_they_are(tmp_path):
    dataset = read(tmp_path, make_table(500), numeric=["x"], categorical=["who"])
    assert dataset.roles.features == ("x", "who")
    assert set(dataset.frame.columns) == {"x", "who"}
    assert dataset.frame["who"].cat.categories[0].isdigit()


def test_after_outcome_columns_never_become_features(tmp_path):
    dataset = read(tmp_path, make_table(500), after_outcome=["z"], ignore=["who"])
    assert dataset.roles.features == ("x", "g")
    assert "z" in dataset.frame


def test_a_label_time_says_row_by_row_when_the_label_was_known(tmp_path):
    frame = make_table(500)
    frame["known"] = frame["when"] + pd.Timedelta(days=3)
    frame.loc[0, "known"] = pd.NaT
    dataset = read(tmp_path, frame, label_time="known")
    assert dataset.n_unlabelled == 1
    assert ((dataset.label_known - dataset.time) == np.timedelta64(3, "D")).all()


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        ([True, False], {}),
        ([1, 0], {}),
        ([1.0, 0.0], {}),
        (["YES", "NO"], {"positive": "YES"}),
        ([2, 1], {"positive": 2}),
        (["1", "0"], {"positive": 1}),
        ([True, False], {"positive": "True"}),
    ],
)
def test_labels_come_in_several_forms(tmp_path, values, settings):
    frame = make_table(500)
    expected = frame["y"].to_numpy() == 1
    frame["y"] = pd.Series(np.where(expected, 0, 1)).map(dict(enumerate(values)))
    assert (read(tmp_path, frame, ".parquet", **settings).label == expected).all()


def test_odd_columns_are_read_or_left_out_with_a_reason(tmp_path):
    import decimal

    frame = make_table(500).assign(
        money=[decimal.Decimal(i % 90) / 100 for i in range(500)],
        maybe=pd.array([None if i % 9 == 0 else bool(i % 2) for i in range(500)], dtype="boolean"),
        count=pd.array([None if i % 7 == 0 else i % 50 for i in range(500)], dtype="Int64"),
        nested=[[1, 2]] * 500,
    )
    dataset = read(tmp_path, frame, ".parquet")
    assert {"money", "maybe", "count"} <= set(dataset.roles.numeric)
    assert np.isnan(dataset.frame["maybe"][0])
    assert any("nested: left out, its values are nested" in note for note in dataset.notes)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_of_a_csv_is_seen(tmp_path, separator):
    dataset = read(tmp_path, make_table(300).to_csv(index=False, sep=separator))
    assert dataset.roles.features == ("x", "z", "who", "g")


BAD = {
    "oneclass": (make_table(50).assign(y=1), {}, "has only the value 1; a classifier needs both"),
    "nolabel": (make_table(50).assign(y=None), {}, "has no value at all"),
    "three": (make_table(50).assign(y=np.arange(50) % 3), {}, r"has 3 values \(0, 1, 2\)"),
    "named": (
        make_table(50).assign(y=np.where(np.arange(50) % 2, "YES", "NO")),
        {},
        "dataset.positive: not set, and column 'y' holds NO, YES",
    ),
    "misnamed": (make_table(50), {"positive": "JA"}, r"'JA' is not a value of column 'y' \(0, 1\)"),
    "infinite": (
        make_table(50).assign(x=np.where(np.arange(50) == 7, np.inf, 0.5)),
        {"numeric": ["x", "z"]},
        r"column 'x': 1 infinite values \(first in row 7\)",
    ),
    "badtime": (
        make_table(50).assign(when=["2024-01-01"] * 49 + ["yesterday"]),
        {},
        "holds 'yesterday' in row 49, which is no time",
    ),
    "mixedzones": (
        make_table(50).assign(when=["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"] * 25),
        {},
        r"mixes times with a zone \(25 rows\) and without \(25 rows\)",
    ),
    "notime": (
        make_table(50).assign(when=["", *["2024-01-01"] * 49]),
        {},
        r"has no time in 1 of 50 rows \(first in row 0\)",
    ),
    "nounit": (make_table(50).assign(when=range(50)), {}, "dataset.time_unit: not set, .* numbers"),
    "unit": (
        make_table(50).assign(when=range(50)),
        {"time_unit": "fortnight"},
        "'fortnight' is unknown; use day, s, ms, us, ns",
    ),
    "toolate": (
        make_table(50).assign(when=10**15),
        {"time_unit": "day"},
        "leaves the calendar",
    ),
    "booltime": (make_table(50).assign(when=True), {}, "holds 'True' in row 0"),
    "zone": (make_table(50), {"timezone": "Mars/Base"}, "'Mars/Base' is no IANA zone"),
    "nofeature": (make_table(50)[["when", "y"]], {}, "no feature column is left"),
    "text": (
        make_table(50),
        {"numeric": ["g"]},
        "column 'g': row 0 holds 'c', which is not a number",
    ),
    "timename": (make_table(50), {"time": "whne"}, "no column 'whne'; did you mean 'when'"),
    "labelname": (make_table(50), {"label": "yy"}, "dataset.label: no column 'yy'"),
    "segment": (make_table(50), {"segments": ["nope"]}, "dataset.segments: no column 'nope'"),
    "labelfeature": (
        make_table(50),
        {"numeric": ["x", "y"]},
        "dataset.numeric: 'y' is dataset.label, which no model may see",
    ),
    "manysegments": (
        make_table(3000),
        {"segments": ["x"]},
        "dataset.segments: 'x' has 3,000 values, too many",
    ),
    "both": (
        make_table(50),
        {"label_time": "when", "label_delay": "3d"},
        "label_time says it row by row",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, case):
    frame, settings, sentence = BAD[case]
    with pytest.raises((DataError, ConfigError), match=sentence) as caught:
        read(tmp_path, frame, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "suffix", "sentence"),
    [
        ("", ".csv", "is empty"),
        ("when,x,y\n", ".csv", "has a header but no rows"),
        ("when,x,x,y\n2024-01-01,1,2,0\n", ".csv", "has the column 'x' twice"),
        (b"PAR1xxxx", ".parquet", "cannot be read"),
        (bytes(range(256)) * 20, ".csv", "bytes that are not text"),
        ("x", ".xlsx", "is neither .csv, .tsv nor .parquet"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_sentence(tmp_path, content, suffix, sentence):
    with pytest.raises((DataError, ConfigError), match=sentence) as caught:
        read(tmp_path, content, suffix)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no file at .*gone.csv"):
        read_dataset(
            TableDataset(path=str(tmp_path / "gone.csv"), time="t", label="y"),
            Store(tmp_path, max_bytes=10**9),
        )
    with pytest.raises(ConfigError, match="dataset.path: not set"):
        read_dataset(TableDataset(time="t", label="y"), Store(tmp_path, max_bytes=10**9))
