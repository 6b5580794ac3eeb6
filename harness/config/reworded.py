"""Reworded: Hydra's and OmegaConf's errors, in one sentence that names key and nearest name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from harness.config.check import accepted_parameters
from harness.config.folder import group_names
from harness.config.literal import quoting_of, quoting_of_several
from harness.errors import ConfigError, did_you_mean
from harness.settings import OPEN_GROUPS

Compose = Callable[[Sequence[str]], dict[str, Any]]


def reworded(
    error: BaseException, overrides: Sequence[str] = (), compose: Compose | None = None
) -> ConfigError:
    """Hydra's or OmegaConf's error as one sentence with the nearest valid name.

    Args:
        error: As it was caught.
        overrides: What was composed.
        compose: Composes other overrides in the same place: which keys there are depends on the
            options chosen.
    """
    if isinstance(error, ConfigError):
        return error
    text = f"{error}\n{error.__cause__ or ''}"
    if bad := getattr(error, "override", None):
        return _refused_word(str(bad), str(error).splitlines()[0])
    if match := re.search(r"Could not find '([^']+)'", text):
        return _not_installed(match[1]) or _missing_option(match[1], text)
    if match := re.search(r"Could not override '([^'@]+)(?:@[^']*)?'\.?\s*No match in the", text):
        return ConfigError(
            f"{match[1]}: no such group in the defaults list; {did_you_mean(match[1], group_names())}"
        )
    if "Error resolving interpolation '${suggested/criteria}'" in text:
        return ConfigError(
            "criteria: not chosen, and this dataset suggests none; write criteria=ranking, which fits any "
            "table, or build the dataset's YAML on `table` (defaults: [table])"
        )
    if match := re.search(r"full_key: (\S+)", text):
        return _bad_value(match[1], text, overrides, compose)
    if match := re.search(r"Could not (?:override|append to config)[^']*'([^']+)'", text):
        return ConfigError(_unknown_key(match[1], overrides, compose))
    if match := re.search(r"Cannot find primary config '([^']+)'", text):
        return ConfigError(
            f"--config-name {match[1]}: no {match[1]}.yaml, neither packaged nor in --config-dir"
        )
    if match := re.search(r"Multiple values for (\S+?)\.", text):
        return ConfigError(
            f"defaults list: {match[1]} is chosen twice; write `override /{match[1]}: ...` "
            "where a later file changes it"
        )
    if match := re.search(r"Could not delete from config\. '([^']+)' does not exist", text):
        return ConfigError(_unknown_key(match[1], overrides, compose))
    if match := re.search(
        r"(?:Ambiguous value for argument|Sweep parameters) '([^']+)'(?: requires|\.|\n|$)", text
    ):
        return _several_values(match[1], overrides, compose)
    first = next((line.strip() for line in text.splitlines() if line.strip()), repr(error))
    return ConfigError(f"config: {first}")


def _several_values(word: str, overrides: Sequence[str], compose: Compose | None) -> ConfigError:
    """Several values where there is no sweep; a key or option that is wrong in any case comes first."""
    if compose is not None:
        try:
            compose(first_values(overrides))
        except ConfigError as wrong:
            return wrong
    return ConfigError(
        f"{word}: several values; add -m to sweep over them, or write [...] for a list"
    )


def first_values(overrides: Sequence[str]) -> list[str]:
    """Overrides of one job: of each list of values the first one."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    words = []
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        word = override.input_line or ""
        if override.is_discrete_sweep():
            key = word.partition("=")[0]
            words += [f"{key}={value}" for value in islice(override.sweep_string_iterator(), 1)]
        elif not override.is_sweep_override():
            words.append(word)
    return words


def _refused_word(word: str, reason: str) -> ConfigError:
    """An override outside Hydra's grammar: with the quotes that make its value a text."""
    key, _, value = word.partition("=")
    if re.fullmatch(r"\s*choice\(\s*\)\s*", value):
        return ConfigError(f"{word}: lists no value, so there is no candidate; write {key}=a,b")
    values = [part.strip() for part in value.split(",")]
    if len(values) > 1 and "" in values and "=" not in value:
        kept = ",".join(filter(None, values)) or "a,b"
        return ConfigError(f"{word}: lists an empty value; write {key}={kept}")
    if reason.startswith("Error parsing override"):  # which says no more than that
        reason = "cannot be read"
    one, several = quoting_of(word), quoting_of_several(word)
    if not one:
        return ConfigError(f"override '{word}': {reason}; write KEY=VALUE, or KEY=A,B with -m")
    shown = f"type {one}" if not several else f"type {several} for several values, {one} for one"
    return ConfigError(f"override '{word}': {reason}; to mean the text itself, {shown}")


def _not_installed(path: str) -> ConfigError | None:
    """Launchers are Hydra plugins of their own; named like the extra that brings them."""
    parent, _, name = path.rpartition("/")
    extra = name.partition("_")[0]
    if parent != "hydra/launcher" or extra not in ("joblib", "submitit", "ray"):
        return None
    return ConfigError(
        f"launcher={extra}: its plugin is not installed; pip install 'harness[{extra}]'"
    )


def _missing_option(path: str, text: str) -> ConfigError:
    group, _, option = path.rpartition("/")
    listed = re.search(r"Available options in '[^']*':\n((?:\t\S+\n?)+)", text)
    options = listed[1].split() if listed else []
    if not group:
        return ConfigError(
            f"{path}: no such config file or group; {did_you_mean(path, group_names())}"
        )
    if not options:
        hint = did_you_mean(group, group_names())
        return ConfigError(f"{group}: no such config group; {hint}")
    return ConfigError(f"{group}={option}: no such option; {did_you_mean(option, options)}")


def _bad_value(
    key: str, text: str, overrides: Sequence[str], compose: Compose | None
) -> ConfigError:
    if "not in '" in text or "not in struct" in text:
        return ConfigError(_unknown_key(key, overrides, compose))
    starts = ("Value", "Cannot", "Interpolation", "Union", "Invalid", "field", "Non optional")
    lines = [line.strip() for line in text.splitlines()]
    line = next((line for line in lines if line.startswith(starts)), lines[0])
    return ConfigError(f"{key}: {line}")


def _unknown_key(key: str, overrides: Sequence[str], compose: Compose | None) -> str:
    if compose is None:
        return f"{key}: no such key"
    parent, _, name = key.rpartition(".")
    if key.startswith("hydra."):
        return f"{key}: no such key of Hydra's own; `harness run --cfg hydra` lists them"
    # Which keys there are depends on the options chosen, so compose without the typo.
    others = [word for word in first_values(overrides) if not _concerns(word, key)]
    chosen: Any = compose(others)
    for part in parent.split(".") if parent else []:
        chosen = chosen.get(part) if isinstance(chosen, dict) else None
    if parent in OPEN_GROUPS:
        accepted = accepted_parameters(parent, chosen) or []
        hint = f"write +{key}=..." if name in accepted else did_you_mean(name, accepted)
        return f"{key}: not set by this {parent}'s YAML; {hint}"
    if parent.endswith("metrics"):  # names of one's own choice
        return f"{key}: not in the YAML; write a + before the override to add it"
    hint = did_you_mean(name, chosen) if isinstance(chosen, dict) else f"{parent} holds no keys"
    return f"{key}: no such key; {hint}"


def _concerns(word: str, key: str) -> bool:
    """Whether an override sets `key`, something in it, or something it is in.

    A group's option does not: it says which keys there are.
    """
    named, _, value = word.lstrip("+~").partition("=")
    if named == key or named.startswith(f"{key}."):
        return True
    is_option = "." not in named and not value.startswith("{")
    return key.startswith(f"{named}.") and not is_option
