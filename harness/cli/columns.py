"""Columns: widths at which a table breaks no word that can stay whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Where a long name may be broken: after its punctuation, before a bracket and none within,
# and before a capital. Dates, words all in capitals, and figures with their thousands and percent
# signs stay whole.
_BREAK = r"(?<=[/_])|(?<=,)(?!\d)|(?<==)(?![^\[]*\])|(?=[\[(])|(?<=[a-z])(?=[A-Z])|(?=\s+(?!%)\S)|$"
_PIECES = re.compile(rf"\s+(?!%)|[A-Z]+_[A-Z]+\b|.+?(?:{_BREAK})", re.DOTALL)
# Cells looked at for the widths of a column; a table of thousands of rows has many alike.
_LOOKED_AT = 500


def pieces(text: str) -> list[str]:
    """A text cut where a line may end.

    Example:
        >>> pieces("lift[origin=EWR] is NO_SHIP")
        ['lift', '[origin=EWR]', ' ', 'is', ' ', 'NO_SHIP']
        >>> pieces("model=HistGradient 2 %")
        ['model=', 'Hist', 'Gradient', ' ', '2 %']
    """
    return _PIECES.findall(text)


def widths_of(rows: Sequence[Sequence[str]], width: int, between: int) -> list[int] | None:
    """Widths of a table's columns; None where its rows are better told line by line.

    That is where a word would have to break, or where wrapping takes more lines.

    Args:
        rows: Cells of each row, the heads first.
        width: Of the terminal.
        between: Blanks between columns.
    """
    seen = rows[:_LOOKED_AT]
    heads, *body = seen
    widths = fitted(list(zip(*seen, strict=True)), width - between * (len(heads) - 1))
    if widths is None or not body:
        return widths
    as_table = sum(
        max(wrapped(cell, w).count("\n") + 1 for cell, w in zip(row, widths, strict=True))
        for row in seen
    )
    line_by_line = sum(
        1 + sum(-(-len(f"{head}: {cell}") // width) for head, cell in zip(heads, row, strict=True))
        for row in body
    )
    return widths if as_table <= line_by_line else None


def fitted(columns: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Widths that add up to no more than a line; None where a word would have to break.

    Columns that lack little get it first, so that long texts alone are wrapped.

    Args:
        columns: Cells of each column, its head among them.
        width: Of the line, without what stands between columns.

    Example:
        >>> fitted([["rank", "1"], ["a long text", "of words"]], 12)
        [4, 8]
        >>> fitted([["rank"], ["INCONCLUSIVE"]], 12) is None
        True
    """
    least = [max((len(p) for cell in cells for p in pieces(cell)), default=0) for cells in columns]
    most = [max(map(len, cells), default=0) for cells in columns]
    left = width - sum(least)
    if left < 0:
        return None
    found = list(least)
    waiting = sorted(range(len(found)), key=lambda i: most[i] - least[i])
    for n_done, i in enumerate(waiting):
        more = min(most[i] - least[i], left // (len(waiting) - n_done))
        found[i] += more
        left -= more
    return found


def wrapped(text: str, width: int) -> str:
    r"""A text in lines of at most a width, broken between its pieces.

    Example:
        >>> wrapped("alert_rate UNRESOLVED", 12)
        'alert_rate\nUNRESOLVED'
    """
    lines = [""]
    for piece in pieces(text):
        if len(lines[-1]) + len(piece) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        if lines[-1] or not piece.isspace():
            lines[-1] += piece
    return "\n".join(line for line in lines if line)
