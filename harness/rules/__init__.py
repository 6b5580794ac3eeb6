"""Rules: what a criterion may ask of a metric; one file each, found by its name."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from harness.errors import ConfigError, did_you_mean
from harness.rules.rule import Rule


@cache
def rule_names() -> tuple[str, ...]:
    """Names of all rules."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("must_*.py")))


@cache
def find_rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        ConfigError: If there is none, as in a decision of a later version.
    """
    if name not in rule_names():
        raise ConfigError(f"no such rule '{name}'; {did_you_mean(name, rule_names())}")
    found: Rule = importlib.import_module(f"{__name__}.{name}").RULE
    return found


__all__ = ["Rule", "find_rule", "rule_names"]
