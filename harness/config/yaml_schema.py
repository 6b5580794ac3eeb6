"""YAML schema: JSON Schemas of config files, for editors that check while one types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from harness.config.keys import ENTRIES, default_of, meanings_of
from harness.settings import GROUPS, OPEN_GROUPS, AbtestRunSettings, RunSettings
from harness.settings.choices import CHOICES
from harness.settings.protocol import AcceptedFinding
from harness.settings.ranges import RANGES, Range

# Where editors find the schemas: below the config folder itself.
FOLDER = ".schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFAULTS: dict[str, Any] = {
    "type": "array",
    "description": "Options this file builds on, in order.",
}
_ENDS = {
    "least": "minimum",
    "above": "exclusiveMinimum",
    "most": "maximum",
    "below": "exclusiveMaximum",
}
_PLAIN: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_ITEMS: dict[str, type] = {"accept": AcceptedFinding}
# Any value may be taken from elsewhere in the config.
_INTERPOLATION = {"type": "string", "pattern": r"\$\{"}


def yaml_schemas() -> dict[str, dict[str, Any]]:
    """Schemas by file name: one for each group, `run` for whole configs, `abtest` for A/B tests."""
    found = {f"{group}.json": _file(group, kinds.values()) for group, kinds in GROUPS.items()}
    found |= {f"{group}.json": _open_file(group) for group in OPEN_GROUPS}
    groups: dict[str, Any] = {
        group: {"anyOf": [_object(kinds.values()), {"type": "null"}]}
        for group, kinds in GROUPS.items()
    }
    groups |= {group: {"type": ["object", "null"]} for group in OPEN_GROUPS}
    found["run.json"] = _file("run", [RunSettings], groups)
    found["abtest.json"] = _file("abtest", [AbtestRunSettings], groups)
    return found


def schema_comment(name: str, depth: int = 1) -> str:
    """The line at the head of a YAML file that tells an editor its schema.

    Args:
        name: The schema's file name.
        depth: Folders between the file and the config folder.
    """
    return f"# yaml-language-server: $schema={'../' * depth}{FOLDER}/{name}"


def _file(
    title: str, classes: Iterable[type], groups: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    content = _object(classes)
    content["properties"] |= {"defaults": _DEFAULTS}
    if groups is not None:
        content["properties"] |= {
            name: value for name, value in groups.items() if name in content["properties"]
        }
        content["properties"]["hydra"] = {"type": "object", "description": "Hydra's own settings."}
    return {"$schema": _DIALECT, "title": title, **content}


def _open_file(group: str) -> dict[str, Any]:
    target = {"type": "string", "description": "Class or function by its path."}
    return {
        "$schema": _DIALECT,
        "title": group,
        "type": "object",
        "description": "A `_target_` and its own parameters.",
        "properties": {"_target_": target, "defaults": _DEFAULTS},
    }


def _object(classes: Iterable[type]) -> dict[str, Any]:
    """What any of some classes takes: a file does not always say which of them it is."""
    properties: dict[str, Any] = {}
    for settings in classes:
        hints, meanings = get_type_hints(settings), meanings_of(settings)
        for field in fields(settings):
            if field.name in properties:
                continue
            words = CHOICES.get(settings, {}).get(field.name)
            numbers = RANGES.get(settings, {}).get(field.name)
            value = _value(field.name, hints[field.name], words, numbers)
            if meaning := meanings.get(field.name):
                value["description"] = meaning
            default = default_of(field)
            if isinstance(default, (str, int, float, bool)) and default != "":
                value["default"] = default
            properties[field.name] = value
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(
    name: str, hint: Any, words: tuple[str, ...] | None, numbers: Range | None
) -> dict[str, Any]:
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return _object([hint])
    if name in ENTRIES:
        return {"type": "object", "additionalProperties": _object([ENTRIES[name]])}
    if name in _ITEMS:
        return {"type": "array", "items": _object([_ITEMS[name]])}
    arguments = get_args(hint)
    origin = getattr(hint, "__origin__", None)
    if origin is list:
        items = _plain(arguments[0], None, None)
        return {
            "anyOf": [
                {"type": "array", "items": items} if items else {"type": "array"},
                _INTERPOLATION,
            ]
        }
    if origin is dict:
        return {"anyOf": [{"type": "object"}, _INTERPOLATION]}
    if type(None) in arguments:
        plain = [a for a in arguments if a in _PLAIN]
        if len(plain) > 1:  # text is among them, and with it any interpolation
            return {"type": [*(_PLAIN[a] for a in plain), "null"]}
        others = [_value(name, a, words, numbers) for a in arguments if a is not type(None)]
        return {"anyOf": [*others, {"type": "null"}]}
    one = _plain(hint, words, numbers)
    return {"anyOf": [one, _INTERPOLATION]} if one else {}


def _plain(hint: Any, words: tuple[str, ...] | None, numbers: Range | None) -> dict[str, Any]:
    if words:
        return {"enum": list(words)}
    if hint not in _PLAIN:
        return {}
    ends = {} if numbers is None else {_ENDS[n]: end for n, end in asdict(numbers).items()}
    return {"type": _PLAIN[hint], **{name: end for name, end in ends.items() if end is not None}}
