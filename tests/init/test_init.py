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
    status, out, err = harness("init", "My Loans.csv", "--time", "issued", "--label", "status")
    assert status == 0, err
    assert "'bad' counts as positive, because it is the rarer one" in out
    dataset = yaml.safe_load((tmp_path / "conf/dataset/my_loans.yaml").read_text("utf-8"))
    assert dataset["positive"] == "bad"
    assert dataset["segments"] == ["g", "purpose"]
    assert not {"loan_id", "borrower_id", "closed"} & {*dataset["numeric"], *dataset["categorical"]}
    text = (tmp_path / "conf/dataset/my_loans.yaml").read_text("utf-8")
    assert "# label_time: closed" in text
    assert "# entity: borrower_id" in text
    assert "# entity: loan_id" not in text
    lines = [line.strip() for line in out.splitlines() if line.strip().startswith("harness ")]
    assert len(lines) == 3
    for line in lines:
        status, _, err = harness(*line.split()[1:])
        assert status == 0, f"{line}: {err}"
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
    assert "when: s since 1970" in out


def test_nothing_is_overwritten_and_nothing_is_left_half_written(harness, loans, tmp_path):
    words = ("init", "My Loans.csv", "--time", "issued", "--label", "status")
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
