"""Comparison: groups of comparable runs, and how they look at the end of a notebook cell."""

from __future__ import annotations

from dataclasses import dataclass

from harness.artefacts.card import GREY, card
from harness.comparison.compared import ComparableGroup
from harness.comparison.table import table_of, title_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Groups of comparable runs, and what to know about them.

    Attributes:
        groups: Runs that may be ranked against each other, group by group.
        sentences: What a reader must not overlook.
    """

    groups: tuple[ComparableGroup, ...]
    sentences: tuple[str, ...]

    def _repr_html_(self) -> str:
        tables = [
            card(title_of(group) or "runs without a record", GREY, (), *table_of(group))
            for group in self.groups
        ]
        known = [card("what to know", GREY, self.sentences)] if self.sentences else []
        return "".join([*tables, *known])
