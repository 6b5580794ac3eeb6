"""Must fall by: the figure is proven to lie below the baseline's by more than a margin."""

from __future__ import annotations

from harness.rules.rule import GAIN, Rule

RULE = Rule(
    name="must_fall_by",
    of=GAIN,
    passes_above=False,
    needs="value",
    asks="must fall by more than {amount}",
    short="falls by more than {amount}",
    document="falls by more than {amount} against {baseline}",
)
