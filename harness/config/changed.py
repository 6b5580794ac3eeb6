"""Changed: criteria or monitoring as a run stored them, but for a few keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.config.check import load_criteria, load_monitoring
from harness.config.compose import compose_dict
from harness.config.literal import literal_words
from harness.config.reworded import reworded
from harness.errors import ConfigError, did_you_mean
from harness.settings import CriteriaSettings, MonitoringSettings


def change_criteria(
    stored: Mapping[str, Any], overrides: Sequence[str], *, config_dir: Path | None = None
) -> CriteriaSettings:
    """The criteria of a run, changed by overrides.

    Args:
        stored: Them, as the run's protocol has them.
        overrides: `criteria=OPTION`, `criteria.KEY=VALUE`, `+criteria.KEY=VALUE` and
            `~criteria.KEY`.
        config_dir: A user's own config folder, for its options.

    Raises:
        ConfigError: If an override concerns anything else, or cannot be meant.
    """
    changed: CriteriaSettings = _changed("criteria", load_criteria, stored, overrides, config_dir)
    return changed


def change_monitoring(
    stored: Mapping[str, Any] | None, overrides: Sequence[str], *, config_dir: Path | None = None
) -> MonitoringSettings:
    """What a bundle says about its monitoring, changed by overrides.

    Args:
        stored: The bundle's own settings; None where it has none.
        overrides: As `change_criteria`, of `monitoring`.
        config_dir: A user's own config folder, for its options.

    Raises:
        ConfigError: If an override concerns anything else, or cannot be meant.
    """
    changed: MonitoringSettings = _changed(
        "monitoring", load_monitoring, stored, overrides, config_dir
    )
    return changed


def _changed(
    group: str,
    load: Callable[[Mapping[str, Any]], Any],
    stored: Mapping[str, Any] | None,
    overrides: Sequence[str],
    folder: Path | None,
) -> Any:
    """A group as stored, or an option in its place, with single keys set, added or removed."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    overrides = literal_words(overrides)
    options = [word for word in overrides if word.startswith(f"{group}=")]
    others = [word for word in overrides if word not in options]
    try:
        parsed = OverridesParser.create().parse_overrides(others)
    except HydraException as error:
        raise reworded(error) from error
    for word, override in zip(others, parsed, strict=True):
        is_inside = override.key_or_group.startswith(f"{group}.")
        if not is_inside or override.is_sweep_override():
            raise ConfigError(
                f"override '{word}': only {group}=OPTION and {group}.KEY=VALUE can be changed here"
            )
    is_whole = options or stored is None
    chosen = compose_dict(options, config_dir=folder)[group] if is_whole else stored
    assert chosen is not None
    content = {group: asdict(load(chosen))}  # keys that came after it was stored are there as well
    for override in parsed:
        path = override.key_or_group.split(".")
        if override.is_delete():
            _remove(content, path)
        else:
            _place(content, path, override.value(), is_new=override.is_add())
    return load(content[group])


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
    key = ".".join(path)
    hint = did_you_mean(path[-1], siblings) if siblings else "write a + before it to add it"
    return ConfigError(f"{key}: no such key; {hint}")
