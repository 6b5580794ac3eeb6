"""Choices: refuse a word that a key does not take."""

from __future__ import annotations

from harness.errors import ConfigError, did_you_mean
from harness.settings.choices import CHOICES


def check_choices(key: str, settings: object) -> None:
    """Refuse words no key of these settings takes.

    Args:
        key: Where the settings stand in the config, for the sentence.
        settings: One of the settings classes.

    Raises:
        ConfigError: With the key and the nearest word it takes.
    """
    for name, words in CHOICES.get(type(settings), {}).items():
        value = getattr(settings, name)
        if value is not None and value not in words:
            raise ConfigError(f"{key}.{name}: '{value}' is unknown; {did_you_mean(value, words)}")
