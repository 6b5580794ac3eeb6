"""Terminals of every width, with and without colours."""

from __future__ import annotations

import pytest

from harness.cli.output import Table, print_table

TABLE = Table(
    columns=("criterion", "asks that it", "estimate", "verdict"),
    rows=[("value_per_1000_by_airport[origin=JFK]", "does not fall by 10", "325.6", "PASS")],
    title="what was found",
)


def printed(capsys, monkeypatch, width: int, **environment: str) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    print_table(TABLE, "table")
    return capsys.readouterr().out


def test_a_narrow_terminal_shows_a_row_line_by_line(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, 50)
    assert "criterion: value_per_1000_by_airport[origin=JFK]" in out
    assert "verdict: PASS" in out
    assert max(map(len, out.splitlines())) <= 50


@pytest.mark.parametrize("width", [60, 80, 120, 400])
def test_a_wider_one_shows_a_table_that_fits(capsys, monkeypatch, width):
    out = printed(capsys, monkeypatch, width)
    assert "asks that it" in out
    assert max(map(len, out.splitlines())) <= width


def test_colours_are_left_out_when_asked(capsys, monkeypatch):
    coloured = printed(capsys, monkeypatch, 100, FORCE_COLOR="1")
    assert "\x1b[32m" in coloured
    plain = printed(capsys, monkeypatch, 100, NO_COLOR="1")
    assert "\x1b[32m" not in plain


def test_every_command_has_a_summary_and_an_example_that_begins_with_it():
    from harness.cli.main import COMMANDS

    for name, command in COMMANDS.items():
        assert command.summary, name
        assert command.example.startswith(f"harness {name}"), name
