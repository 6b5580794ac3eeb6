"""Override values taken as typed where a key holds text, and the quoting where they cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import compose_abtest, compose_settings
from harness.config.literal import literal_words, quoting_of, quoting_of_several
from harness.errors import ConfigError
from tests.conftest import TABLE_WORDS, make_table

TABLE = ("dataset=table", "criteria=ranking")


@pytest.mark.parametrize(
    "text",
    [
        "region=EU/day=1/x.csv",
        "Kredite März.csv",
        "issue date",
        "[x]",
        "{x}",
        "f(x)",
        "choice(a,b)",
        "a,b",
        "1e3",
        "007",
        "1_000",
        "true",
        "on",
        "~/x.csv",
        "x@y",
        "s3://bucket/a:b",
        "price $",
        "it's",
        'the "best"',
        "C:\\data\\x.csv",
        "100% #1 & more;",
        "größer als (€)",
        "日付",
    ],
)
def test_a_path_or_a_columns_name_is_taken_as_typed(text):
    keys = ("path", "label", "time", "entity")
    dataset = compose_settings([*TABLE, *(f"dataset.{key}={text}" for key in keys)]).dataset
    assert [getattr(dataset, key) for key in keys] == [text] * 4


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_any_text_arrives_or_is_refused(text):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (word,) = literal_words([f"dataset.path={text}"])
    value = OverridesParser.create().parse_override(word).value()
    has_own_meaning = text.strip()[0] in "'\"" or "${" in text or "\\" in text or "(" in text
    if not has_own_meaning and text.strip().lower() != "null":
        is_as_typed = word == f"dataset.path={text}"
        assert str(value) == (text.strip() if is_as_typed else text)


def test_what_hydra_gives_a_meaning_keeps_it():
    kept = [
        "dataset.path=null",
        "dataset.path=${dataset.label}",
        "dataset.path='a b.csv'",
        'dataset.path="a b.csv"',
        "dataset.numeric=null",
        "dataset.ignore=[a,b c]",
        "dataset.positive=1",
        "dataset.positive=true",
        "split.test=1mo,2mo",
        "criteria.blocks=day,week",
        "model=logistic",
        "model.max_depth=3",
        "+model.gamma=1",
        "~criteria.guardrail_metrics.precision",
        "running.latency={n_rows: 30}",
    ]
    assert literal_words(kept) == kept


def test_lists_of_names_take_every_name():
    words = ["dataset.ignore=[Kredit Nr.,Größe (€),a=b,1,'x, y']", "dataset.segments=Größe"]
    dataset = compose_settings([*TABLE, *words]).dataset
    assert dataset.ignore == ["Kredit Nr.", "Größe (€)", "a=b", "1", "x, y"]
    assert dataset.segments == ["Größe"]
    assert compose_settings([*TABLE, "dataset.ignore=[]"]).dataset.ignore == []


def test_signs_of_a_csv_file_are_taken_as_typed():
    signs = {"delimiter": ";", "decimal": ",", "thousands": ".", "comment": "#", "quote": "'"}
    words = [f"dataset.{key}={sign}" for key, sign in signs.items()]
    dataset = compose_settings([*TABLE, *words, "dataset.null_values=[?,n/a,null,9]"]).dataset
    assert {key: getattr(dataset, key) for key in signs} == signs
    assert dataset.null_values == ["?", "n/a", "null", "9"]
    others = ["dataset.delimiter=,", "dataset.null_values=?"]
    assert literal_words(others) == ["dataset.delimiter=','", "dataset.null_values=['?']"]


def test_roles_of_an_ab_log_take_every_name():
    words = [
        "abtest.unit=Kunde Nr.",
        "abtest.variant=Gruppe (neu)",
        "abtest.enrolled=beigetreten=am",
    ]
    abtest = compose_abtest([*words, "abtest.control=[alt]"]).abtest
    assert (abtest.unit, abtest.variant, abtest.enrolled, abtest.control) == (
        "Kunde Nr.",
        "Gruppe (neu)",
        "beigetreten=am",
        "[alt]",
    )


def test_a_comma_of_a_sweep_stays_one_and_the_quoting_is_shown(harness):
    words = ["dataset.label=late,early", "dataset.path=region=EU/a.csv"]
    assert literal_words(words, is_sweep=True) == [words[0], "dataset.path='region=EU/a.csv'"]
    status, _, err = harness("run", "-m", *TABLE, "dataset.path=region=EU/a.csv,region=US/b.csv")
    assert status == 2
    assert "type \"dataset.path='region=EU/a.csv','region=US/b.csv'\" for several values" in err
    assert "\"dataset.path='region=EU/a.csv,region=US/b.csv'\" for one" in err


def test_where_a_key_holds_no_text_the_quoting_is_shown():
    with pytest.raises(ConfigError, match=r"type \"model.max_depth='a=b'\""):
        compose_settings(["model.max_depth=a=b"])
    assert quoting_of("model.x=a$b=c") == "'model.x='\"'\"'a$b=c'\"'\"''"
    assert quoting_of("no assignment") == quoting_of_several("model.x=a=b") == ""


def test_a_table_of_awkward_names_is_read(harness, tmp_path):
    names = {"when": "gestellt am", "y": "[verspätet]"}
    (tmp_path / "region=EU").mkdir()
    make_table(3000).rename(columns=names).to_csv(tmp_path / "region=EU/März.csv", index=False)
    roles = (
        "dataset.path=region=EU/März.csv",
        "dataset.time=gestellt am",
        "dataset.label=[verspätet]",
    )
    others = [word for word in TABLE_WORDS if "dataset." not in word]
    status, out, err = harness("audit", *others, *roles)
    assert status == 0, err
    assert "L02" in out


@pytest.mark.parametrize(
    ("place", "text", "key"),
    [
        ("dataset/mine.yaml", "defaults: [table]\nlabel: on\n", "dataset.label"),
        ("dataset/mine.yaml", "defaults: [table]\nsegments: [plan, no]\n", "dataset.segments"),
        ("experiment/mine.yaml", "# @package _global_\ndataset: {time: y}\n", None),
        ("experiment/mine.yaml", "# @package _global_\ndataset: {time: yes}\n", "dataset.time"),
    ],
)
def test_yaml_that_reads_a_columns_name_as_true_is_refused(tmp_path, place, text, key):
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text(text)
    if key is None:
        compose_settings(config_dir=tmp_path)
        return
    with pytest.raises(ConfigError, match=rf"{place}: {key} asks for text.*put quotes around it"):
        compose_settings(config_dir=tmp_path)


def test_yaml_that_reads_the_positive_value_as_true_is_understood(harness, tmp_path):
    table = make_table(3000)
    table["y"] = table["y"].map({0: "no", 1: "yes"})
    table.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "own/dataset").mkdir(parents=True)
    (tmp_path / "own/dataset/mine.yaml").write_text(
        "defaults: [table]\npath: t.csv\ntime: when\nlabel: y\npositive: yes\n"
    )
    others = [w for w in TABLE_WORDS if "dataset" not in w]
    status, _, err = harness("audit", "--config-dir", "own", "dataset=mine", *others)
    assert status == 0, err
