"""Must improve by: the gain over the baseline is proven to exceed a margin."""

from __future__ import annotations

from harness.rules.rule import GAIN, Rule

RULE = Rule(
    name="must_improve_by",
    of=GAIN,
    passes_above=None,
    needs="value",
    asks="must improve by more than {amount}",
    asks_any="must improve",
    short="improves by more than {amount}",
    document="improves on {baseline} by more than {amount}",
    document_any="improves on {baseline}",
)
