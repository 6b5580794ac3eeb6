"""A first config for tables of one's own: what is guessed, written, refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import make_table


@pytest.fixture
def loans(tmp_path) -> pd.DataFrame:
    """Loans with an identifier, a borrower, a text label and a closing time."""
    table = make_table(4000).rename(columns={"when": "issued", "y": "status"})
    first = table["issued"].min()
    table["issued"] = first + (table["issued"] - first) * 6
    rng = np.random.default_rng(1)
    table["status"] = np.where(table["status"].astype(bool), "bad", "good")
    table["loan_id"] = np.arange(len(table)) + 10
    table["borrower_id"] = rng.integers(0, 900, len(table))
    table["purpose"] = rng.choice(["car", "home", "other"], len(table))
    table["closed"] = table["issued"] + pd.to_timedelta(rng.integers(1, 90, len(table)), unit="D")
    table.to_csv(tmp_path / "My Loans.csv", index=False)
    return table


def test_what_it_writes_runs_as_printed(harness, loans, tmp_path):
    words = ("--time", "issued", "--label", "status", "--positive", "bad")
    status, out, err = harness("init", "My Loans.csv", *words)
    assert status == 0, err
    assert "3 numeric: x, z, who\n" in out
    assert "2 categorical: g, purpose\n" in out
    assert "loan_id: left out" in out
    assert "the first run opens the test window" in out
    dataset = yaml.safe_load((tmp_path / "conf/dataset/my_loans.yaml").read_text("utf-8"))
    assert dataset["positive"] == "bad"
    assert dataset["segments"] == ["g", "purpose"]
    assert not {"loan_id", "borrower_id", "closed"} & {*dataset["numeric"], *dataset["categorical"]}
    text = (tmp_path / "conf/dataset/my_loans.yaml").read_text("utf-8")
    assert "# label_time: closed" in text
    assert "# entity: borrower_id" in text
    assert "# entity: loan_id" not in text
    lines = [line.strip() for line in out.splitlines() if line.strip().startswith("harness ")]
    assert [line.split()[1] for line in lines] == ["audit", "protocol", "try", "run"]
    for line in lines:
        status, said, err = harness(*line.split()[1:])
        assert status == 0, f"{line}: {err}"
    assert "The window was opened for this candidate alone" in " ".join(said.split())
    decision = json.loads(next(tmp_path.glob("outputs/**/decision.json")).read_text("utf-8"))
    assert decision["decision"] in ("SHIP", "NO_SHIP", "INCONCLUSIVE")
    assert harness("check", "conf")[0] == 0


def test_a_column_that_is_alone_of_its_kind_need_not_be_named(harness, tmp_path):
    table = make_table(2000).rename(columns={"when": "at"})
    table.to_parquet(tmp_path / "t.parquet")
    n_two = [name for name in table if table[name].nunique() == 2]
    assert n_two == ["y"]
    status, out, err = harness("init", "t.parquet")
    assert status == 0, err
    assert "at: the time of the prediction, because no other column holds times" in out
    assert "y: the outcome, because no other column has two values" in out


def test_integer_times_are_told_by_their_size(harness, tmp_path):
    table = make_table(2000)
    table["when"] = table["when"].astype("datetime64[s]").astype(np.int64)
    table.to_csv(tmp_path / "t.csv", index=False)
    status, out, err = harness("init", "t.csv", "--time", "when", "--label", "y")
    assert status == 0, err
    assert "2024-01-01 .. 2024-03-24" in out
    dataset = yaml.safe_load((tmp_path / "conf/dataset/t.yaml").read_text("utf-8"))
    assert dataset["time_unit"] == "s"


def test_nothing_is_overwritten_and_nothing_is_left_half_written(harness, loans, tmp_path):
    words = ("init", "My Loans.csv", "--time", "issued", "--label", "status", "--positive", "bad")
    assert harness(*words)[0] == 0
    (tmp_path / "conf/dataset/my_loans.yaml").write_text("mine", "utf-8")
    (tmp_path / "conf/criteria/my_loans.yaml").unlink()
    status, _, err = harness(*words)
    assert status == 2
    assert "exists and is left alone" in err
    assert not (tmp_path / "conf/criteria/my_loans.yaml").exists()
    assert harness(*words, "--name", "other")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.csv"], "no file at nowhere.csv"),
        (["My Loans.csv"], "--time: say which column tells when the prediction is made; 2 hold"),
        (["My Loans.csv", "--time", "isued"], "--time: no column 'isued'; did you mean 'issued'"),
        (["My Loans.csv", "--time", "issued", "--label", "purpose"], "has 3 values"),
        (["My Loans.csv", "--time", "purpose", "--label", "status"], "is no time"),
        (
            ["My Loans.csv", "--time", "issued", "--label", "status"],
            "--positive: column 'status' holds 'bad' and 'good', and neither says",
        ),
        (
            ["My Loans.csv", "--time", "issued", "--label", "status", "--positive", "worse"],
            "--positive: 'worse' is not a value of column 'status' (bad, good)",
        ),
        (["short.csv", "--time", "when", "--label", "y"], "too few to learn from some"),
        (["empty.csv", "--time", "when", "--label", "y"], "empty.csv"),
    ],
)
def test_what_cannot_be_guessed_is_said_in_one_sentence(harness, loans, tmp_path, words, sentence):
    short = make_table(200)
    short["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200), unit="min")
    short.to_csv(tmp_path / "short.csv", index=False)
    (tmp_path / "empty.csv").write_text("when,y\n", "utf-8")
    status, out, err = harness("init", *words)
    assert (status, out) == (2, "")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "conf").exists()


def test_nested_columns_are_left_out_and_a_file_in_the_way_is_named(harness, tmp_path):
    table = make_table(3000)
    table["tags"] = [[1, 2]] * len(table)
    table["tag_id"] = [[1, i] for i in range(len(table))]
    table.to_parquet(tmp_path / "t.parquet")
    status, out, err = harness("init", "t.parquet", "--config-dir", "t.parquet")
    assert status == 2
    assert "--config-dir: t.parquet cannot be written" in err
    status, out, err = harness("init", "t.parquet")
    assert status == 0, err
    assert "tags: left out, its values are nested" in out
    status, _, err = harness("init", "t.parquet", "--label", "tags")
    assert status == 2
    assert "--label: column 'tags' holds no outcome" in err


@given(names=st.lists(st.text(min_size=1, max_size=12), min_size=8, max_size=16, unique=True))
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_column_names_survive_the_yaml(names, tmp_path_factory):
    from harness.config import compose_settings
    from harness.init import config_files, look_at, write_config

    folder = tmp_path_factory.mktemp("any")
    table = make_table(600)[["when", "y"]].copy()
    first = table["when"].min()
    table["when"] = first + (table["when"] - first) * 10
    wanted = [f"{name}?" for name in names]  # never when, y, nor an identifier
    for number, name in enumerate(wanted):
        table[name] = np.random.default_rng(number).normal(size=len(table))
    table.to_parquet(folder / "t.parquet")
    looked = look_at(folder / "t.parquet", "when", "y")
    write_config(config_files(looked, "mine"), folder / "conf", "mine")
    composed = compose_settings(["experiment=mine"], config_dir=folder / "conf")
    assert composed.dataset.numeric == wanted


@pytest.mark.parametrize(
    ("values", "chosen", "why"),
    [
        (["no", "yes"], "yes", "it says so"),
        (["No", "TRUE"], "TRUE", "it says so"),
        (["no", "churned"], "churned", "'no' says no"),
        ([-1, 1], "1", "'-1' says no"),
        ([0, 2], "2", "'0' says no"),
    ],
)
def test_a_positive_value_is_taken_where_one_says_so(harness, tmp_path, values, chosen, why):
    table = make_table(2000)
    table["y"] = table["y"].map(dict(enumerate(values)))
    table.to_csv(tmp_path / "t.csv", index=False)
    status, out, err = harness("init", "t.csv", "--time", "when", "--label", "y")
    assert status == 0, err
    assert f"y: '{chosen}' counts as positive, because {why}" in out
    dataset = yaml.safe_load((tmp_path / "conf/dataset/t.yaml").read_text("utf-8"))
    assert str(dataset["positive"]) == chosen


@pytest.mark.parametrize("values", [[1, 2], ["1", "2"], ["a", "b"], ["yes", "on"], [0, -1]])
def test_where_neither_value_says_so_the_owner_is_asked(harness, tmp_path, values):
    table = make_table(2000)
    table["y"] = table["y"].map(dict(enumerate(values)))
    table.to_csv(tmp_path / "t.csv", index=False)
    words = ("init", "t.csv", "--time", "when", "--label", "y")
    status, out, err = harness(*words)
    assert (status, out) == (2, "")
    assert f"--positive {values[0]}" in err
    assert f"--positive {values[1]}" in err
    assert not (tmp_path / "conf").exists()
    status, out, err = harness(*words, "--positive", str(values[1]))
    assert status == 0, err
    assert f"{table['y'].eq(values[1]).mean():.1%} positive" in out


def test_a_column_nobody_named_refuses_no_table(harness, tmp_path):
    table = make_table(3000)
    table["last_login"] = table["when"].dt.strftime("%Y-%m-%d")
    table.loc[500:520, "last_login"] = "never"
    table["closed"] = table["when"].dt.strftime("%Y-%m-%d")
    table.loc[800, "closed"] = "2024-13-45"
    table["empty"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    status, out, err = harness("init", "t.csv", "--time", "when", "--label", "y")
    assert status == 0, err
    assert "last_login: not offered as dataset.label_time, column 'last_login' holds 'never'" in out
    assert "empty: left out, every value is null" in out


def test_a_table_of_many_columns_is_listed_in_part(harness, tmp_path):
    table = make_table(600)[["when", "y"]].copy()
    first = table["when"].min()
    table["when"] = first + (table["when"] - first) * 10
    for number in range(30):
        table[f"c{number}"] = np.random.default_rng(number).normal(size=len(table))
    table.to_csv(tmp_path / "t.csv", index=False)
    status, out, err = harness("init", "t.csv", "--time", "when", "--label", "y")
    assert status == 0, err
    assert "30 numeric: c0, c1" in out
    assert "c19 and 10 more, all in the dataset's file" in out
    assert "0 categorical: none" in out


@pytest.mark.parametrize("name", ["Kredite März", "2024", "null", "区", "region=EU"])
def test_a_file_of_any_name_gets_an_experiment_that_composes(harness, tmp_path, name):
    make_table(2000).to_csv(tmp_path / f"{name}.csv", index=False)
    status, out, err = harness("init", f"{name}.csv", "--time", "when", "--label", "y")
    assert status == 0, err
    command = next(line for line in out.splitlines() if "harness protocol" in line)
    assert harness(*command.split()[1:])[0] == 0


def test_days_before_months_are_told_or_asked_for(harness, tmp_path):
    frame = make_table(4000)
    frame["when"] = frame["when"].dt.strftime("%d/%m/%Y %H:%M")
    frame.to_csv(tmp_path / "t.csv", index=False)
    status, out, err = harness("init", "t.csv", "--time", "when", "--label", "y")
    assert status == 0, err
    assert "when: read as dd/mm/yyyy" in out
    dataset = yaml.safe_load((tmp_path / "conf/dataset/t.yaml").read_text("utf-8"))
    assert dataset["time_format"].startswith("dd/mm/yyyy")
    unclear = frame[frame["when"].str[:2].astype(int) <= 12]
    unclear.to_csv(tmp_path / "u.csv", index=False)
    status, _, err = harness("init", "u.csv", "--time", "when", "--label", "y")
    assert status == 2
    assert "--time-format" in err
    words = ("--time", "when", "--label", "y", "--time-format", "dd/mm/yyyy")
    assert harness("init", "u.csv", *words)[0] == 0
