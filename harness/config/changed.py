"""Changed: the criteria of a run, with a few of them other than they were."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.config.check import load_criteria
from harness.config.compose import compose_dict
from harness.config.reworded import reworded
from harness.errors import ConfigError, did_you_mean
from harness.settings import CriteriaSettings


def change_criteria(
    stored: Mapping[str, Any], overrides: Sequence[str], *, config_dir: Path | None = None
) -> CriteriaSettings:
    """Criteria as stored, or an option in their place, changed by overrides.

    Args:
        stored: A run's criteria, as its protocol has them.
        overrides: `criteria=OPTION`, `criteria.KEY=VALUE`, `+criteria.KEY=VALUE` and
            `~criteria.KEY`.
        config_dir: A user's own config folder, for its options.

    Raises:
        ConfigError: If an override concerns anything else, or cannot be meant.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    options = [word for word in overrides if word.startswith("criteria=")]
    chosen = compose_dict(options, config_dir=config_dir)["criteria"] if options else stored
    content: dict[str, Any] = copy.deepcopy(dict(chosen))
    others = [word for word in overrides if word not in options]
    try:
        parsed = OverridesParser.create().parse_overrides(others)
    except HydraException as error:
        raise reworded(error) from error
    for word, override in zip(others, parsed, strict=True):
        group, *path = override.key_or_group.split(".")
        if group != "criteria" or not path or override.is_sweep_override():
            raise ConfigError(
                f"override '{word}': only criteria=OPTION and criteria.KEY=VALUE can be changed here"
            )
        if override.is_delete():
            _remove(content, path)
        else:
            _place(content, path, override.value(), is_new=override.is_add())
    return load_criteria(content)


def _place(content: dict[str, Any], path: Sequence[str], value: Any, *, is_new: bool) -> None:
    parent = _parent(content, path)
    if path[-1] not in parent and not is_new:
        raise _no_such(path, parent)
    parent[path[-1]] = value


def _remove(content: dict[str, Any], path: Sequence[str]) -> None:
    parent = _parent(content, path)
    if path[-1] not in parent:
        raise _no_such(path, parent)
    del parent[path[-1]]


def _parent(content: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """What holds the last key of a path."""
    for i, name in enumerate(path[:-1], 1):
        if not isinstance(content.get(name), dict):
            raise _no_such(path[:i], content)
        content = content[name]
    return content


def _no_such(path: Sequence[str], siblings: Mapping[str, Any]) -> ConfigError:
    key = ".".join(("criteria", *path))
    hint = did_you_mean(path[-1], siblings) if siblings else "write a + before it to add it"
    return ConfigError(f"{key}: no such key; {hint}")
