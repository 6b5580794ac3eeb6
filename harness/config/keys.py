"""Keys: every key a config may hold, with type, default and meaning, from the settings' own words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from harness.settings import GROUPS, OPEN_GROUPS, RunSettings
from harness.settings.choices import CHOICES
from harness.settings.protocol import Guardrail
from harness.settings.ranges import RANGES

# Values whose type is open, because they hold another settings class by name.
ENTRIES: dict[str, type] = {"guardrail_metrics": Guardrail}
_ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a config.

    Attributes:
        name: Key below its group, dots for nesting.
        type: Its type in YAML's words, `or null` where it may be.
        default: Its default; None for null, and for none.
        meaning: What it does, with its unit.
        choices: Words it takes, where it takes only some.
        range: Numbers it takes, in words; empty where it takes all.
    """

    name: str
    type: str
    default: Any
    meaning: str
    choices: tuple[str, ...]
    range: str


def keys_of(settings: type, prefix: str = "") -> Iterator[Key]:
    """Keys of a settings class, nested ones with dots.

    Args:
        settings: The class.
        prefix: Put before each name.
    """
    hints, meanings = get_type_hints(settings), meanings_of(settings)
    for field in fields(settings):
        if field.name == "kind":
            continue
        hint = hints[field.name]
        if is_dataclass(hint):
            assert isinstance(hint, type)
            yield from keys_of(hint, f"{prefix}{field.name}.")
            continue
        yield Key(
            name=f"{prefix}{field.name}",
            type=type_words(hint),
            default=default_of(field),
            meaning=meanings.get(field.name, ""),
            choices=CHOICES.get(settings, {}).get(field.name, ()),
            range=str(RANGES.get(settings, {}).get(field.name, "")),
        )
        if field.name in ENTRIES:
            yield from keys_of(ENTRIES[field.name], f"{prefix}{field.name}.NAME.")


def run_keys() -> Iterator[Key]:
    """Keys of a run that stand in no group of options."""
    for key in keys_of(RunSettings):
        if key.name not in GROUPS and key.name not in OPEN_GROUPS:
            yield key


@cache
def meanings_of(settings: type) -> dict[str, str]:
    """What each attribute of a class means, by its docstring and those of its bases."""
    found: dict[str, str] = {}
    for base in reversed(settings.__mro__):
        text = inspect.getdoc(base) if base is not object else None
        listed = (text or "").partition("Attributes:")[2]
        for match in _ENTRY.finditer("\n" + listed):
            found[match[1]] = " ".join(match[2].split())
    return found


def default_of(field: Field[Any]) -> Any:
    """A field's default as plain YAML has it."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def type_words(hint: Any) -> str:
    """A type hint in YAML's words."""
    if hint is Any:
        return "any"
    arguments = get_args(hint)
    if type(None) in arguments:
        others = [a for a in arguments if a is not type(None)]
        return " or ".join([*map(type_words, others), "null"])
    name = getattr(hint, "__name__", str(hint))
    plain = {"str": "text", "int": "integer", "float": "number", "bool": "true or false"}
    if name == "list":
        return f"list of {type_words(arguments[0])}" if arguments else "list"
    return {"dict": "mapping"}.get(name) or plain.get(name, name)
