"""Reasons: why rows could not be scored, counted by kind in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MOST_KINDS, _MOST_OF_A_REASON = 50, 200
_OTHER = "other reasons"
# What differs from row to row, and what does not: all up to the value of a column.
_ROW = re.compile(r"\brow \d+")
_KIND = re.compile(r".*?column '[^']*'(, a row)?(:| is missing)?")


class Reasons:
    """Counts rows by reason.

    Sentences quote values, so nearly each may differ: reasons are of one kind where they begin
    alike, up to the value, and the first of a kind speaks for it.

    Example:
        >>> reasons = Reasons()
        >>> reasons.add("column 'x': 'cold' is not a finite number", 2)
        >>> reasons.add("column 'x': 'warm' is not a finite number", 3)
        >>> reasons.add("column 'income' is missing from row 0", 1)
        >>> reasons.most_frequent()
        "column 'x': 'cold' is not a finite number, 5 rows"
    """

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, int]] = {}

    def add(self, sentence: str, n_rows: int) -> None:
        """Count rows that were refused for a reason."""
        sentence = _ROW.sub("a row", sentence)[:_MOST_OF_A_REASON]
        kind = found[0] if (found := _KIND.match(sentence)) else sentence
        if kind not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            kind = sentence = _OTHER
        first, n = self._kinds.get(kind, (sentence, 0))
        self._kinds[kind] = (first, n + n_rows)

    def update(self, counts: Mapping[str, int]) -> None:
        """Add what another process counted."""
        for sentence, n_rows in counts.items():
            self.add(sentence, int(n_rows))

    def counts(self) -> dict[str, int]:
        """Rows by the first sentence of each kind, the most frequent first."""
        return dict(sorted(self._kinds.values(), key=lambda kind: -kind[1]))

    def most_frequent(self) -> str:
        """The most frequent reason with its number of rows; empty where there is none."""
        for sentence, n_rows in self.counts().items():
            return f"{sentence}, {n_rows:,} rows"
        return ""
