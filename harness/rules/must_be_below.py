"""Must be below: the candidate's own value is proven to lie below a line."""

from __future__ import annotations

from harness.rules.rule import LEVEL, Rule

RULE = Rule(
    name="must_be_below",
    of=LEVEL,
    passes_above=False,
    needs="value",
    asks="must be below {amount}",
    short="is below {amount}",
    document="stays below {amount}",
)
