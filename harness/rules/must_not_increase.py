"""Must not increase: a rise by the tolerance or more is disproven."""

from __future__ import annotations

from harness.rules.rule import HARM, Rule

RULE = Rule(
    name="must_not_increase",
    of=HARM,
    passes_above=False,
    needs="tolerance",
    asks="must not rise by {amount} or more",
    short="does not rise by {amount}",
    document="must not rise by {amount} or more against {baseline}",
)
