"""Must not decrease: a fall by the tolerance or more is disproven."""

from __future__ import annotations

from harness.rules.rule import HARM, Rule

RULE = Rule(
    name="must_not_decrease",
    of=HARM,
    passes_above=True,
    needs="tolerance",
    asks="must not fall by {amount} or more",
    short="does not fall by {amount}",
    document="must not fall by {amount} or more against {baseline}",
)
