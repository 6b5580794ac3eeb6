"""Values: refuse a word or number that a key does not take."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

from harness.errors import ConfigError, did_you_mean
from harness.settings.choices import CHOICES
from harness.settings.ranges import RANGES


def check_values(key: str, settings: Any, *, cls: type | None = None) -> None:
    """Refuse words and numbers no key of these settings takes, nested ones included.

    Args:
        key: Where the settings stand in the config, for the sentence.
        settings: One of the settings classes.
        cls: The class whose choices and ranges hold, where it is not the settings' own.

    Raises:
        ConfigError: With the key, the value seen and what it may be.
    """
    cls = cls or type(settings)
    choices, ranges = CHOICES.get(cls, {}), RANGES.get(cls, {})
    for field in fields(settings):
        value = getattr(settings, field.name)
        where = f"{key}.{field.name}" if key else field.name
        if is_dataclass(value):
            check_values(where, value)
        elif isinstance(value, str) and field.name in choices:
            words = choices[field.name]
            if value not in words:
                raise ConfigError(f"{where}: '{value}' is unknown; {did_you_mean(value, words)}")
        elif isinstance(value, (int, float)):
            allowed = ranges.get(field.name)
            if allowed is not None and value not in allowed:
                raise ConfigError(f"{where}: {value} must be {allowed}")
            if not math.isfinite(value):
                raise ConfigError(f"{where}: {value} is no finite number")
