"""Must be above: the candidate's own value is proven to lie above a line."""

from __future__ import annotations

from harness.rules.rule import LEVEL, Rule

RULE = Rule(
    name="must_be_above",
    of=LEVEL,
    passes_above=True,
    needs="value",
    asks="must be above {amount}",
    short="is above {amount}",
    document="stays above {amount}",
)
