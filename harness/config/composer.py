"""Composer: thousands of configs that differ in a few values, in milliseconds each."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.config.check import Checked, load_settings
from harness.config.compose import compose_both, compose_settings
from harness.config.flat import flat
from harness.config.folder import CONF_DIR
from harness.settings import RunSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """A composed config, and the values in it that refer to others."""

    config: dict[str, Any]
    interpolations: tuple[str, ...]


class Composer:
    """Composes configs one by one and remembers what they share.

    Options of groups go through Hydra, once for each combination of them. Plain values are then
    set in the result; whatever cannot be set so (a key that is added, an interpolation, a
    misspelling) goes through Hydra as well, and gives its errors.

    Args:
        config_dir: A user's own config folder, searched beside the packaged one.
        config_name: Primary config file, without `.yaml`.
    """

    def __init__(self, config_dir: Path | None = None, config_name: str = "config") -> None:
        self._dir, self._name = config_dir, config_name
        self._bases: dict[tuple[str, ...], _Base] = {}
        self._checked: Checked = {}
        roots = [CONF_DIR, *([config_dir] if config_dir else [])]
        self._groups = {str(p.relative_to(r)) for r in roots for p in r.rglob("*") if p.is_dir()}

    def settings(self, words: Sequence[str]) -> RunSettings:
        """Compose and check one config.

        Args:
            words: Hydra overrides without sweeps.

        Raises:
            ConfigError: If a key, option or value cannot be meant.
        """
        parsed = [_parsed(word) for word in words]
        values = {key: value for key, value in parsed if key and key not in self._groups}
        options = tuple(
            word for word, (key, _) in zip(words, parsed, strict=True) if key not in values
        )
        base = self._base(options)
        config = copy.deepcopy(base.config)
        is_placed = all(
            not any(key in text for text in base.interpolations) and _place(config, key, value)
            for key, value in values.items()
        )
        if not is_placed:
            return compose_settings(words, config_dir=self._dir, config_name=self._name)
        return load_settings(config, checked=self._checked)

    def _base(self, options: tuple[str, ...]) -> _Base:
        if options not in self._bases:
            plain, raw = compose_both(options, config_dir=self._dir, config_name=self._name)
            texts = tuple(text for text in flat(raw).values() if "${" in text)
            self._bases[options] = _Base(config=plain, interpolations=texts)
        return self._bases[options]


@lru_cache(maxsize=4096)
def _parsed(word: str) -> tuple[str, Any]:
    """Key and value of a plain override; an empty key where it is anything else."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import OverrideType
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException:
        return "", None
    is_plain = override.type is OverrideType.CHANGE and override.package is None
    if not is_plain or override.is_sweep_override() or "${" in word:
        return "", None
    return override.key_or_group, override.value()


def _place(config: dict[str, Any], key: str, value: Any) -> bool:
    """Set a value that is there already; False where it is not, or holds keys of its own."""
    *path, last = key.split(".")
    for name in path:
        config = config.get(name) or {}
        if not isinstance(config, dict):
            return False
    if last not in config or isinstance(config[last], dict):
        return False
    config[last] = copy.deepcopy(value)
    return True
