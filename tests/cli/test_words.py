"""Help, protocol documents, completion and Hydra's own flags."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.cli.main import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(harness, command, capfd):
    try:
        status, out, _ = harness(command, "--help")
    except SystemExit as end:
        status, out = end.code, capfd.readouterr().out
    assert status in (0, None)
    assert "example: harness" in out or "Configuration groups" in out
    _, usage, _ = harness("--help")
    assert f"  {command}" in usage
    assert COMMANDS[command].example in usage


def test_the_protocol_is_a_document_for_a_non_engineer(harness):
    status, out, _ = harness("protocol")
    assert status == 0
    for words in (
        "whether a flight will arrive more than 15 minutes late",
        "two hours before scheduled departure",
        "never at random",
        "head of passenger information",
        "Value per 1,000 rows improves on the baseline by more than 20",
        "at most 250 warnings per 1,000 flights",
        "At least 30,000 rows over at least 28 days",
        "INVALID",
    ):
        assert words in out, words


def test_a_runs_protocol_carries_its_dates(harness, small_run):
    _, out, _ = harness("protocol", str(small_run))
    assert "| test | 2013-12-18 00:00 | 2014-01-01 00:00 |" in out


def test_protocol_of_a_table_says_what_the_config_says(harness):
    _, out, _ = harness(
        "protocol",
        "dataset=table",
        "dataset.path=loans.csv",
        "dataset.time=issued",
        "dataset.label=defaulted",
        "dataset.label_delay=90d",
        "criteria=ranking",
        "split=rolling",
        "baseline=logistic",
        "audit=off",
    )
    assert "the column `defaulted`" in out
    assert "at the time in the column `issued`" in out
    assert "known 90d after" in out
    assert "repeated at 2 earlier dates" in out
    assert "Switched off" in out


def test_hydras_own_flags_go_on_working(harness):
    status, out, _ = harness("run", "--cfg", "job", "model=logistic")
    assert status == 0
    assert "LogisticRegression" in out
    # Hydra prints this through logging, which keeps the first stream it saw.
    words = [sys.executable, "-m", "harness", "run", "--info", "searchpath"]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "provider" in out.lower()
    with pytest.raises(SystemExit):
        harness("run", "--version")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("harness r", "run"),
        ("harness run model=", "model=xgboost"),
        ("harness run split.g", "split.gap="),
        ("harness audit dataset=", "dataset=table"),
    ],
)
def test_completion_knows_commands_groups_and_keys(harness, monkeypatch, line, expected):
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    status, out, _ = harness("-sc", "query=bash")
    assert status == 0
    assert expected in out.split()


def test_completion_installs_for_the_command(harness):
    _, out, _ = harness("run", "--shell-completion", "install=bash")
    assert "-F hydra_bash_completion harness" in out


def test_audit_and_protocol_see_a_users_own_config_folder(harness, tmp_path):
    (tmp_path / "mine" / "criteria").mkdir(parents=True)
    (tmp_path / "mine" / "criteria" / "own.yaml").write_text(
        "# My own criteria.\ndefaults:\n  - ranking\n  - _self_\n\nminimum_sample_size: 77\n"
    )
    status, out, _ = harness("protocol", "--config-dir", "mine", "criteria=own")
    assert status == 0
    assert "At least 77 rows" in out
    assert harness("protocol", "criteria=own")[0] == 2
    status, _, err = harness("audit", "--config-dir", "nowhere")
    assert status == 2
    assert "no folder at nowhere" in err


@pytest.mark.parametrize(
    "words",
    [
        ["model.max_depth=4", "--cfg", "job", "model.n_estimators=7"],
        ["--cfg", "job", "model.max_depth=4", "model.n_estimators=7"],
        ["model.max_depth=4", "model.n_estimators=7", "--cfg", "job"],
    ],
)
def test_overrides_may_stand_on_both_sides_of_a_flag(harness, words):
    status, out, err = harness("run", *words)
    assert status == 0, err
    assert "max_depth: 4" in out
    assert "n_estimators: 7" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "--configdir", "conf"), "--configdir: no such flag; did you mean '--config-dir'?"),
        (("run", "--config-name", "mine"), "--config-name mine: no mine.yaml, neither packaged"),
        (
            ("serve", "last", "--portt", "1"),
            "unrecognized arguments: --portt 1 (harness serve --help)",
        ),
        (("audit", "--config_dir", "x"), "unrecognized arguments: --config_dir (harness audit"),
        (("compare", "--format", "pdf"), "argument --format: invalid choice: 'pdf'"),
    ],
)
def test_a_flag_nobody_knows_is_one_sentence(harness, words, sentence):
    status, _, err = harness(*words)
    assert status == 2
    assert err.startswith(f"harness {words[0]}: {sentence}")
    assert len(err.splitlines()) == 1


def test_a_flag_that_prints_does_not_start_a_sweep(harness, tmp_path):
    status, _, err = harness("run", "-m", "seed=0,1", "--cfg", "job")
    assert status == 2
    assert "keep one of them" in err
    assert not (tmp_path / "outputs").exists()
