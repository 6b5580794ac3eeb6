"""Card: what a result looks like at the end of a notebook cell."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

GREEN, RED, AMBER, VIOLET, GREY = "#0a7d4f", "#b3261e", "#9a6700", "#8250df", "#59636e"


def card(
    title: str,
    colour: str,
    lines: Sequence[str],
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
) -> str:
    """A titled list with a table below it; everything but the colour is escaped.

    Args:
        title: What it comes to, in a word or two.
        colour: Of title and edge.
        lines: Sentences.
        columns: Heads of the table; none for no table.
        rows: Its cells.
    """
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    heads = "".join(f"<th>{escape(head)}</th>" for head in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    table = (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if columns else ""
    )
    return (
        f'<div style="border-left:6px solid {colour};padding:.4em 1em">'
        f'<h3 style="color:{colour};margin:0">{escape(title)}</h3><ul>{items}</ul>{table}</div>'
    )
