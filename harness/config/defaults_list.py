"""Defaults lists: misspellings that Hydra lets through without a word.

Hydra drops a keyword it does not know (`overide /model: x`), and skips an `optional`
entry whose group does not exist. Both mean a config that says one thing and does another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from harness.config.literal import takes_text_alone
from harness.errors import ConfigError, did_you_mean
from harness.settings import GROUPS

_KEYWORDS = ("optional", "override")


def check_defaults_lists(folder: Path, groups: Iterable[str]) -> None:
    """Check every config file of a user's own folder.

    Args:
        folder: The folder given as `--config-dir`.
        groups: Config groups that exist elsewhere; those of `folder` are added.

    Raises:
        ConfigError: If there is no such folder, a file is no YAML or not UTF-8, or a defaults
            list has an unknown keyword or an optional entry of an unknown group.
    """
    if not folder.is_dir():
        raise ConfigError(f"--config-dir: no folder at {folder}; check the spelling")
    own = {str(p.parent.relative_to(folder)) for p in folder.rglob("*.yaml")} - {"."}
    known = own | set(groups)
    for path in sorted(folder.rglob("*.yaml")):
        where = str(path.relative_to(folder))
        content = _content(_text(path, where), where)
        _check_texts(where, content, path.relative_to(folder).parts[:-1])
        for entry in _entries(content):
            for key in entry if isinstance(entry, dict) else ():
                _check(where, str(key), known)


def _text(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{where}: is not UTF-8 (byte {error.start + 1} cannot be read); save it as UTF-8"
        ) from error


@lru_cache(1000)  # many configs are composed from the same files
def _content(text: str, where: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        first = str(error).replace("\n", " ")
        raise ConfigError(f"{where}: is no YAML ({first})") from error
    return content if isinstance(content, dict) else {}


def _entries(content: dict[str, Any]) -> list[Any]:
    entries = content.get("defaults")
    return entries if isinstance(entries, list) else []


def _check_texts(where: str, content: dict[str, Any], groups: tuple[str, ...]) -> None:
    """Refuse yes, no, on and off where a name is asked for: YAML reads them as true and false.

    OmegaConf would make them the texts True and False, of which no column has the name.
    """
    prefix = groups[0] if groups and groups[0] in GROUPS else ""
    for name, value in _leaves(content, prefix):
        entries = value if isinstance(value, list) else [value]
        if any(isinstance(entry, bool) for entry in entries) and takes_text_alone(name):
            raise ConfigError(
                f"{where}: {name} asks for text, and YAML reads yes, no, on and off as true or false; "
                "put quotes around it, such as 'yes'"
            )


def _leaves(content: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, dict):
            yield from _leaves(value, name)
        else:
            yield name, value


def _check(where: str, key: str, known: set[str]) -> None:
    *keywords, target = key.split()
    for word in keywords:
        if word not in _KEYWORDS:
            raise ConfigError(
                f"{where}: defaults list: unknown keyword '{word}'; {did_you_mean(word, _KEYWORDS)}"
            )
    group = target.lstrip("/").partition("@")[0]
    if group not in known and not group.startswith(("hydra/", "schema/", "suggested/")):
        raise ConfigError(
            f"{where}: defaults list: no such group '{group}'; {did_you_mean(group, known)}"
        )
