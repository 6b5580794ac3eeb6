"""How files are written, and what their values are: each case against the value a person would read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.column_reading import MAX_EXACT, Kind, keys, number_text
from harness.data.dialect import FileFormat
from harness.data.table import read_table
from harness.data.table_file import open_table, read_columns
from harness.errors import ConfigError, DataError
from harness.settings import TableDataset
from tests.conftest import make_table


def typed(folder: Path, text: str | bytes, name: str = "t.csv", **asked) -> pd.DataFrame:
    """All columns of a CSV of this text."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    format_ = FileFormat(**asked)
    return read_columns(path, open_table(path, asked=format_).names, asked=format_)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2.5", "+3", ".5", "1e3"], [1, -2.5, 3, 0.5, 1000]),
        (["7,800", "12", "1,250,000.5"], [7800, 12, 1250000.5]),
        (["1'200", "3"], [1200, 3]),
        (["1 200,5", "3,25"], [1200.5, 3.25]),
        (["1.200,50", "3,25"], [1200.5, 3.25]),
        (["12,5", "1,75"], [12.5, 1.75]),
        (["5", "?", "7"], [5, np.nan, 7]),
        (["5", "-", "n.a."], [5, np.nan, np.nan]),
        ([" 5", "6 "], [5, 6]),
        (["true", "FALSE", "True"], [True, False, True]),
        (["01067", "10115"], ["01067", "10115"]),
        (["1E1", "2E5"], ["1E1", "2E5"]),
        (["1e5", "2.5E5", "1E+5"], [1e5, 2.5e5, 1e5]),
        (["+4915112345678", "+33612345678"], ["+4915112345678", "+33612345678"]),
        (["1234567890123456789", "7"], ["1234567890123456789", "7"]),
        (["1", "x"], ["1", "x"]),
        (["12 kg", "13 kg"], ["12 kg", "13 kg"]),
    ],
)
def test_a_column_is_what_a_person_would_read(tmp_path, cells, expected):
    rows = "\n".join(f'"{cell}",a' for cell in cells)
    found = typed(tmp_path, f"v,w\n{rows}\n")["v"].tolist()
    assert found == expected or np.allclose(found, expected, equal_nan=True)


def test_one_decimal_mark_holds_for_the_whole_file(tmp_path):
    """1.500 is fifteen hundred where the column beside it says 12,5."""
    frame = typed(tmp_path, "a;b;c\n12,5;1.500;3\n0,25;2.250;4\n")
    assert frame["a"].tolist() == [12.5, 0.25]
    assert frame["b"].tolist() == [1500, 2250]
    plain = typed(tmp_path, "a,b\n12.5,1.500\n0.25,2.250\n")
    assert plain["b"].tolist() == [1.5, 2.25]


def test_a_mark_that_can_be_both_is_asked_for(tmp_path):
    text = "a;b\n1,500;x\n2,250;y\n"
    with pytest.raises(ConfigError, match=r"dataset.decimal: column 'a' .*1\.500 or 1500"):
        typed(tmp_path, text)
    assert typed(tmp_path, text, decimal=",")["a"].tolist() == [1.5, 2.25]
    assert typed(tmp_path, text, thousands=",")["a"].tolist() == [1500, 2250]


def test_quoted_na_is_a_country_and_unquoted_na_is_nothing(tmp_path):
    frame = typed(tmp_path, 'a,b\n"NA",NA\n"DE",DE\n"",\n')
    assert frame["a"].tolist()[:2] == ["NA", "DE"]
    assert frame["b"].isna().tolist() == [True, False, True]
    assert frame["a"].isna().tolist() == [False, False, True]
    named = typed(tmp_path, "a,b\nNA,-999\nDE,5\n", null_values=("-999",))
    assert named["a"].tolist() == ["NA", "DE"]
    assert np.isnan(named["b"][0])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"]
)
def test_umlauts_survive_any_usual_encoding(tmp_path, encoding):
    text = "city,n\n" + "Köln,1\nMünchen,2\n" * 40
    frame = typed(tmp_path, text.encode(encoding))
    assert sorted(set(frame["city"])) == ["Köln", "München"]
    assert list(frame.columns) == ["city", "n"]


def test_an_encoding_asked_for_is_for_files_that_are_not_utf8(tmp_path):
    polish = "city\n" + "Łódź\n" * 9
    assert set(typed(tmp_path, polish.encode("cp1250"), encoding="cp1250")["city"]) == {"Łódź"}
    assert set(typed(tmp_path, polish, encoding="cp1250")["city"]) == {"Łódź"}
    with pytest.raises(ConfigError, match="dataset.encoding: 'klingon'"):
        typed(tmp_path, polish, encoding="klingon")


def test_line_ends_in_quotes_and_long_cells_are_values(tmp_path):
    """Arrow cuts a file every few megabytes, and a quoted line end may lie at the cut."""
    note = 'he said: "call,\nnot before 9"\n' + "x" * 300
    frame = pd.DataFrame({"n": range(20_000), "note": [f"{note} {i}" for i in range(20_000)]})
    frame.loc[7, "note"] = "y" * 9_000_000
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = read_columns(tmp_path / "t.csv", ["n", "note"])
    assert found["n"].tolist() == frame["n"].tolist()
    assert (found["note"] == frame["note"]).all()


def test_footers_comments_and_titles(tmp_path):
    frame = typed(tmp_path, "a,b\n1,2\n3,4\nTotal: 4\n")
    assert frame["a"].tolist() == [1, 3]
    commented = typed(tmp_path, "# made by x\na,b\n1,2\n# half, way\n3,4\n#end\n", comment="#")
    assert commented["b"].tolist() == [2, 4]
    with pytest.raises(DataError, match="dataset.skip_rows=2"):
        typed(tmp_path, "Report of May\n\na,b\n1,2\n3,4\n5,6\n".replace("\n\n", "\nx\n"))
    assert typed(tmp_path, "Report\nof May\na,b\n1,2\n", skip_rows=2)["a"].tolist() == [1]
    with pytest.raises(DataError, match="a row of 3 columns where the header has 2"):
        typed(tmp_path, "a,b\n1,2\n3,4,5\n" + "6,7\n" * 40)


def test_a_message_never_shows_a_cell_at_length(tmp_path):
    with pytest.raises(DataError) as caught:
        typed(tmp_path, "a,b\n1,2\n" + "secret" * 90 + "\n" + "6,7\n" * 40)
    assert "secret" * 9 not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"delimiter": ";;"}, "dataset.delimiter"),
        ({"decimal": ";"}, "dataset.decimal"),
        ({"decimal": ",", "thousands": ","}, "dataset.thousands"),
        ({"quote": "''"}, "dataset.quote"),
        ({"skip_rows": -1}, "dataset.skip_rows"),
        ({"skip_rows": 99}, "dataset.skip_rows"),
    ],
)
def test_a_format_that_is_not_valid_is_refused_by_key(tmp_path, asked, key):
    with pytest.raises(ConfigError, match=key):
        typed(tmp_path, "a,b\n1,2\n", **asked)


def test_delimiters_are_told_by_all_lines_and_can_be_said(tmp_path):
    assert list(typed(tmp_path, '"a,b";c\n"1,2";3\n"4,5";6\n').columns) == ["a,b", "c"]
    assert list(typed(tmp_path, "a b\n1 2\n", delimiter="space").columns) == ["a", "b"]
    assert list(typed(tmp_path, "a\tb,c\n1\t2\n", delimiter="tab").columns) == ["a", "b,c"]


def parts(folder: Path, *tables: dict) -> Path:
    folder.mkdir()
    for i, columns in enumerate(tables):
        pq.write_table(pa.table(columns), folder / f"{i}.parquet")
    return folder


def test_files_of_one_folder_are_one_table(tmp_path):
    folder = parts(
        tmp_path / "t",
        {"a": [1, 2], "c": pa.nulls(2), "d": pa.array(["x", "y"]).dictionary_encode()},
        {"a": [1.5], "b": ["new"], "c": ["text"], "d": ["x"]},
    )
    file = open_table(folder)
    assert any("b: not in every file (missing in 0.parquet)" in note for note in file.notes)
    frame = read_columns(folder, ["a", "b", "c", "d"])
    assert frame["a"].tolist() == [1, 2, 1.5]
    assert frame["b"].isna().tolist() == [True, True, False]
    assert frame["c"].isna().tolist() == [True, True, False]
    assert frame["d"].tolist() == ["x", "y", "x"]
    pieces = pa.concat_tables(file.pieces(["a", "b", "c", "d"], 1))
    assert pieces.equals(file.read(["a", "b", "c", "d"]).combine_chunks().cast(pieces.schema))


def test_files_that_disagree_are_named(tmp_path):
    folder = parts(tmp_path / "t", {"a": [1]}, {"a": ["x"]})
    with pytest.raises(DataError, match="column 'a' is int64 in 0.parquet and string in 1.parquet"):
        open_table(folder)


def test_names_of_folders_keep_their_zeros(tmp_path):
    for zip_code in ("01067", "10115"):
        (tmp_path / "t" / f"zip={zip_code}").mkdir(parents=True)
        pq.write_table(pa.table({"a": [1]}), tmp_path / "t" / f"zip={zip_code}" / "0.parquet")
    assert read_columns(tmp_path / "t", ["a", "zip"])["zip"].tolist() == ["01067", "10115"]


def test_an_index_is_read_only_where_a_role_names_it(tmp_path):
    frame = make_table(500)
    frame.set_index("when").to_parquet(tmp_path / "named.parquet")
    dataset = read_table(TableDataset(path=str(tmp_path / "named.parquet"), time="when", label="y"))
    assert len(dataset) == 500
    frame.iloc[::2].to_parquet(tmp_path / "unnamed.parquet")
    file = open_table(tmp_path / "unnamed.parquet")
    assert list(file.names) == list(frame.columns)
    frame.set_index("who", append=True).to_parquet(tmp_path / "other.parquet")
    dataset = read_table(TableDataset(path=str(tmp_path / "other.parquet"), time="when", label="y"))
    assert "who" not in dataset.roles.features


def test_whole_numbers_as_column_names(tmp_path):
    frame = make_table(300)
    label = str(list(frame.columns).index("y"))
    frame.columns = range(frame.shape[1])
    frame.to_parquet(tmp_path / "t.parquet")
    dataset = read_table(TableDataset(path=str(tmp_path / "t.parquet"), time="0", label=label))
    assert set(dataset.roles.features) == {"1", "2", "3", "4", "5"} - {label}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1234567890123456789, None]), ["1234567890123456789", None]),
        (pa.array([10**19], pa.uint64()), [str(10**19)]),
        (pa.array([1.0, None, 3.0]), ["1", None, "3"]),
        (pa.array(["1.0", None, "12"]), ["1", None, "12"]),
        (pa.array(["007", "1.0", "x"]), ["007", "1.0", "x"]),
        (pa.array(["1.50"]), ["1.50"]),
        (pa.array(["a", ""]), ["a", None]),
        (pa.array(["x", "x"]).dictionary_encode(), ["x", "x"]),
    ],
)
def test_identifiers_keep_every_digit(values, expected):
    assert keys("id", pa.chunked_array([values]), key="k").to_pylist() == expected


@pytest.mark.parametrize(
    "values", [[1234567890123456789.0, 1.0], ["1234567890123456768.0", "1"], ["1.2345678901e+18"]]
)
def test_identifiers_that_lost_digits_are_refused(values):
    with pytest.raises(DataError, match="--key: column 'id' .* lost digits"):
        keys("id", pa.chunked_array([pa.array(values)]), key="--key")


def test_one_null_among_long_ids_changes_none_of_them(tmp_path):
    ids = [str(1234567890123456000 + i // 2) for i in range(600)]
    ids[5] = ""
    frame = make_table(600).assign(customer=ids)
    frame.to_csv(tmp_path / "t.csv", index=False)
    dataset = read_table(
        TableDataset(path=str(tmp_path / "t.csv"), time="when", label="y", entity="customer")
    )
    assert len(set(dataset.entity)) == 301
    assert dataset.entity[9] == ids[9]
    assert any("customer: 1 rows name none" in note for note in dataset.notes)


def test_whole_numbers_are_exact_up_to_where_floats_are():
    assert float(MAX_EXACT) + 1 == float(MAX_EXACT)
    assert number_text(float(MAX_EXACT - 1)) == str(MAX_EXACT - 1)


def test_what_is_detected_is_said(tmp_path):
    frame = make_table(400)
    frame["z"] = [f"{v:,.0f}" for v in np.linspace(1_000, 9_000_000, 400)]
    frame["mixed"] = ["12"] * 200 + ["13", "14"] * 99 + ["about 5", "6"]
    frame["signed_up"] = frame["when"].dt.strftime("%Y-%m-%d")
    frame.to_csv(tmp_path / "t.csv", index=False)
    dataset = read_table(TableDataset(path=str(tmp_path / "t.csv"), time="when", label="y"))
    assert dataset.readings["z"].thousands == ","
    said = " | ".join(dataset.notes)
    for words in ("z: ',' is read as the mark of thousands", "mixed: read as text", "'about 5'"):
        assert words in said
    assert "signed_up: left out, a time" in said
    assert set(dataset.other_times) == {"signed_up"}


def test_text_that_is_all_numbers_is_read_so_in_parquet_as_in_a_csv(tmp_path):
    frame = make_table(400)
    frame["x"] = frame["x"].map("{:.3f}".format)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    dataset = read_table(TableDataset(path=str(tmp_path / "t.parquet"), time="when", label="y"))
    assert dataset.readings["x"].kind is Kind.NUMBER
    assert dataset.frame["x"].tolist() == frame["x"].astype(float).tolist()
    assert any("x: texts that are all numbers" in note for note in dataset.notes)


def test_na_without_quotes_is_said_where_it_may_be_a_country(tmp_path):
    frame = make_table(400).assign(country=["DE", "NA", "FR", "NAM"] * 100)
    frame.to_csv(tmp_path / "t.csv", index=False)
    settings = TableDataset(path=str(tmp_path / "t.csv"), time="when", label="y")
    dataset = read_table(settings)
    assert dataset.frame["country"].isna().sum() == 100
    assert any("100 cells hold NA without quotes" in note for note in dataset.notes)
    named = read_table(replace(settings, null_values=["NULL"]))
    assert set(named.frame["country"]) == {"DE", "NA", "FR", "NAM"}


def test_lines_below_the_last_row_are_said_to_be_left_out(tmp_path):
    """A total, or the half row of an export that was cut off."""
    whole = make_table(300).to_csv(index=False)
    (tmp_path / "t.csv").write_text(whole + "2024-01-13 13:00:00,0.3")
    dataset = read_table(TableDataset(path=str(tmp_path / "t.csv"), time="when", label="y"))
    assert len(dataset) == 300
    assert any("a line below the last row left out" in note for note in dataset.notes)
    file = open_table(tmp_path / "t.csv")
    assert sum(piece.num_rows for piece in file.pieces(["x"], 100)) == 300
    assert file.left_out
