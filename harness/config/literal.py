"""Literal: override values taken as typed, for keys that hold text.

Hydra's grammar gives meaning to `=`, brackets, commas and most letters that are not ASCII, and
reads `1e3` as a number. A key whose type is text can only mean the characters themselves, so its
value is quoted before Hydra parses it: `dataset.path=region=EU/x.csv` works as it stands.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from harness.config.keys import Key, keys_of
from harness.settings import GROUPS, AbtestMetric, AbtestSettings, RunningSettings

_WORD = re.compile(r"(\+{0,2}[\w.]+)=(.*)", re.DOTALL)
_ELEMENT = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)""")
# Where Hydra itself writes.
_FOLDERS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")


def literal_words(words: Sequence[str], *, is_sweep: bool = False) -> list[str]:
    """Overrides whose text values are quoted where Hydra would read them as anything else.

    Args:
        words: Overrides, as typed.
        is_sweep: Whether a comma separates several values; such values are left alone.

    Example:
        >>> literal_words(["dataset.path=region=EU/x.csv", "dataset.label=1e3", "split.test=1mo"])
        ["dataset.path='region=EU/x.csv'", "dataset.label='1e3'", 'split.test=1mo']
    """
    return [_literal(word, is_sweep=is_sweep) for word in words]


def takes_text_alone(name: str) -> bool:
    """Whether a key, by its full name, holds text or a list of texts and nothing else."""
    kind = _type_of(name)
    return kind is not None and kind.type.removesuffix(" or null") in ("text", "list of text")


def quoting_of(word: str) -> str:
    """An override as it has to be typed in a shell to be taken literally; empty for no KEY=VALUE.

    Example:
        >>> print(quoting_of("model.path=a=b"))
        "model.path='a=b'"
    """
    match = _WORD.fullmatch(word)
    return _in_shell(f"{match[1]}={_quoted(match[2])}") if match else ""


def quoting_of_several(word: str) -> str:
    """The same for several values of a sweep; empty where there is no comma."""
    match = _WORD.fullmatch(word)
    if match is None or "," not in match[2]:
        return ""
    values = ",".join(_quoted(value) for value in _elements(match[2]))
    return _in_shell(f"{match[1]}={values}")


def _literal(word: str, *, is_sweep: bool) -> str:
    match = _WORD.fullmatch(word)
    kind = _type_of(match[1].lstrip("+")) if match else None
    if match is None or kind is None:
        return word
    name, text = match.groups()
    is_list, takes_text = kind.type.startswith("list of text"), "text" in kind.type
    override = _parsed(word)
    if override is None:
        if is_sweep and "," in text and not (is_list and _is_one_list(text)):
            return word
        if is_list:
            return f"{name}={_list(text)}"
        return f"{name}={_quoted(text)}" if takes_text or kind.type == "any" else word
    if override.is_sweep_override():
        is_one_text = takes_text and not is_list and not is_sweep and not _has_own_words(kind)
        return f"{name}={_quoted(text)}" if is_one_text else word
    value = override.value()
    if not takes_text or value is None:
        return word
    if is_list:
        is_whole = isinstance(value, list) and all(_is_text(entry) for entry in value)
        is_reference = isinstance(value, str) and "${" in value
        return word if is_whole or is_reference else f"{name}={_list(text)}"
    is_other = isinstance(value, (list, dict)) or (
        isinstance(value, (bool, int, float)) and "number" not in kind.type
    )
    return f"{name}={_quoted(text)}" if is_other else word


@cache
def _keys() -> dict[str, Key]:
    """Keys of all groups by name; those that stand in several options by their widest type."""
    found: dict[str, Key] = {}
    for key in _all_keys():
        if key.name not in found or "text" in key.type:
            found[key.name] = key
    return found


def _all_keys() -> Iterator[Key]:
    for group, kinds in GROUPS.items():
        for settings in kinds.values():
            yield from keys_of(settings, f"{group}.")
    yield from keys_of(RunningSettings, "running.")
    yield from keys_of(AbtestSettings, "abtest.")
    yield from keys_of(AbtestMetric, "abtest.metrics.NAME.")
    for name in _FOLDERS:
        yield Key(name=name, type="text", default=None, meaning="", choices=(), range="")


def _type_of(name: str) -> Key | None:
    for parent in ("criteria.guardrail_metrics", "abtest.metrics"):
        name = re.sub(rf"^{re.escape(parent)}\.\w+\.", f"{parent}.NAME.", name)
    return _keys().get(name)


def _has_own_words(key: Key) -> bool:
    """Whether a key takes one of a few words, or a duration: a comma is then a list of them."""
    return bool(key.choices) or (key.name.startswith("split.") and key.name != "split.entity")


def _parsed(word: str) -> Any:
    """Hydra's own reading; None where its grammar refuses the word."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(word)
    except HydraException:
        return None


def _is_text(value: Any) -> bool:
    from hydra.core.override_parser.types import QuotedString

    return isinstance(value, (str, QuotedString))


def _is_one_list(text: str) -> bool:
    return text.startswith("[") and text.endswith("]") and text.count("[") == 1


def _list(text: str) -> str:
    """A list of names, each of them quoted; one name alone is a list of one."""
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1]
    elements = _elements(inner) if inner.strip() else []
    return f"[{','.join(e if _is_quoted(e) else _quoted(e) for e in elements)}]"


def _elements(text: str) -> list[str]:
    return [match[1].strip() for match in _ELEMENT.finditer(text) if match[0]]


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def _quoted(text: str) -> str:
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(text=text, quote=Quote.single).with_quotes()


def _in_shell(word: str) -> str:
    return shlex.quote(word) if re.search(r'["$`\\!]', word) else f'"{word}"'
