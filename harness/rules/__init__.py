"""Rules: what a criterion may ask of a metric; one file each, found by its name."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from harness.rules.rule import Rule


@cache
def rule_names() -> tuple[str, ...]:
    """Names of all rules."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("must_*.py")))


@cache
def find_rule(name: str) -> Rule:
    """The rule of that name; the config's check has seen to it that there is one."""
    found: Rule = importlib.import_module(f"{__name__}.{name}").RULE
    return found


__all__ = ["Rule", "find_rule", "rule_names"]
