"""Terminals of every width, with and without colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.columns import fitted, wrapped
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


def test_where_a_word_would_break_a_row_is_shown_line_by_line(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, 36)
    assert "asks that it: does not fall by 10" in out
    assert "verdict: PASS" in out
    assert max(map(len, out.splitlines())) <= 36


CELLS = st.lists(
    st.one_of(
        st.sampled_from(
            ["NO_SHIP", "INCONCLUSIVE", "2013-11-01 .. 2013-12-31", "30.3 %", "4,471,965", ""]
        ),
        st.text("abcXYZ019_=/[(, .-%", max_size=40).map(lambda text: " ".join(text.split())),
    ),
    min_size=1,
    max_size=5,
)


@given(st.lists(CELLS, min_size=1, max_size=5), st.integers(1, 120))
def test_a_column_is_never_narrower_than_its_longest_piece(columns, width):
    widths = fitted(columns, width)
    if widths is None:
        return
    assert sum(widths) <= width
    for cells, wide in zip(columns, widths, strict=True):
        for cell in cells:
            lines = wrapped(cell, wide).splitlines()
            assert all(len(line) <= wide for line in lines)
            assert "".join("".join(lines).split()) == "".join(cell.split())  # nothing is lost
            for whole in ("NO_SHIP", "INCONCLUSIVE", "30.3 %", "4,471,965"):
                assert whole != cell or lines == [cell]


@given(st.lists(CELLS, min_size=1, max_size=5))
def test_where_there_is_room_nothing_is_wrapped(columns):
    widths = fitted(columns, sum(max(map(len, cells)) for cells in columns))
    assert widths == [max(map(len, cells)) for cells in columns]


def test_a_word_far_down_that_is_wider_than_its_column_is_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    rows = [*[("a", "b")] * 600, ("x" * 50, "y" * 50)]
    print_table(Table(columns=("first", "second"), rows=rows), "table")
    out = capsys.readouterr().out
    assert (out.count("x"), out.count("y")) == (50, 50)


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
