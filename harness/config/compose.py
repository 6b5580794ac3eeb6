"""Compose: YAML files and overrides, through Hydra, into one config.

Hydra's own messages name neither the nearest key nor an exit status, so they are
worded again here; what Hydra lets through (keys added with `+`, optional defaults that
name no group) is refused by `check`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from harness.config.check import (
    accepted_parameters,
    load_abtest_settings,
    load_monitoring,
    load_settings,
)
from harness.config.criteria_check import metric_names
from harness.config.defaults_list import check_defaults_lists
from harness.errors import ConfigError, did_you_mean
from harness.settings import (
    GROUPS,
    OPEN_GROUPS,
    AbtestRunSettings,
    CriteriaSettings,
    GuardSettings,
    MonitoringSettings,
    RunSettings,
)

_PACKAGED = Path(__file__).resolve().parent.parent / "conf"
CONF_DIR = _PACKAGED if _PACKAGED.is_dir() else _PACKAGED.parent.parent / "conf"


@cache
def register_schemas() -> None:
    """Put every settings class into Hydra's ConfigStore, under the group `schema`; once suffices."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    # Hydra copies the whole store for each composition and, helping, for each group; it hands out
    # copies of what is in it anyway.
    vars(store)["__deepcopy__"] = lambda _memo: store
    store.store(group="schema", name="run", node=RunSettings, package="_global_")
    store.store(group="schema", name="abtest_run", node=AbtestRunSettings, package="_global_")
    for group, kinds in GROUPS.items():
        for kind, cls in kinds.items():
            store.store(group=f"schema/{group}", name=kind, node=cls)


def compose_settings(
    overrides: Sequence[str] = (), *, config_dir: Path | None = None, config_name: str = "config"
) -> RunSettings:
    """Compose and check a whole config without touching any data.

    Args:
        overrides: Hydra overrides, as typed on the command line.
        config_dir: A user's own config folder, searched beside the packaged one.
        config_name: Primary config file, without `.yaml`.

    Raises:
        ConfigError: If a key, option or value cannot be meant.

    Example:
        >>> compose_settings(["model.max_depth=4"]).model["max_depth"]
        4
    """
    return load_settings(compose_dict(overrides, config_dir=config_dir, config_name=config_name))


def compose_abtest(
    overrides: Sequence[str] = (), *, config_dir: Path | None = None
) -> AbtestRunSettings:
    """Compose and check the config of an A/B test; arguments as `compose_settings`."""
    plain = compose_dict(overrides, config_dir=config_dir, config_name="abtest")
    return load_abtest_settings(plain)


def compose_monitoring(
    overrides: Sequence[str], stored: dict[str, Any] | None, *, config_dir: Path | None = None
) -> MonitoringSettings:
    """What a bundle says about its monitoring, changed by overrides of `monitoring`.

    Args:
        overrides: `monitoring=OPTION` and `monitoring.KEY=VALUE`.
        stored: The bundle's own settings; replaced where an option is chosen.
        config_dir: A user's own config folder.

    Raises:
        ConfigError: If an override concerns anything else, or cannot be meant.
    """
    _only("monitoring", overrides)
    chosen = compose_dict(overrides, config_dir=config_dir)["monitoring"]
    if stored is None or any(word.startswith("monitoring=") for word in overrides):
        return load_monitoring(chosen)
    plain = compose_dict((), config_dir=config_dir)["monitoring"]
    return load_monitoring(_laid_over(stored, chosen, plain))


def _laid_over(stored: dict[str, Any], chosen: dict[str, Any], plain: dict[str, Any]) -> Any:
    """Stored values, but for those that overrides changed."""
    return {
        key: _laid_over(stored.get(key, {}), value, plain[key])
        if isinstance(value, dict)
        else (stored.get(key, value) if value == plain[key] else value)
        for key, value in chosen.items()
    }


def compose_guard(overrides: Sequence[str], *, config_dir: Path | None = None) -> GuardSettings:
    """The guard's policy, by overrides of `guard`.

    Raises:
        ConfigError: If an override concerns anything else, or cannot be meant.
    """
    _only("guard", overrides)
    settings: GuardSettings = compose_settings(overrides, config_dir=config_dir).guard
    return settings


def _only(group: str, overrides: Sequence[str]) -> None:
    for word in overrides:
        if not word.lstrip("+~").startswith((f"{group}=", f"{group}.")):
            raise ConfigError(
                f"override '{word}': only {group}=OPTION and {group}.KEY=VALUE can be changed here"
            )


def compose_criteria(overrides: Sequence[str]) -> tuple[CriteriaSettings, bool]:
    """The criteria some overrides choose, and whether they are of an A/B log.

    Raises:
        ConfigError: If a key, option or value cannot be meant.
    """
    chosen = [word for word in overrides if word.startswith("criteria=")]
    of_log = any(_is_of_log(word.partition("=")[2]) for word in chosen)
    if not of_log:
        return compose_settings(overrides).criteria, False
    words = ("abtest.enrolled=any", *overrides)  # a plan needs no roles
    return compose_abtest(words).criteria, True


def _is_of_log(option: str) -> bool:
    """Whether an option's success criterion is a column's name and no metric of ours."""
    plain = compose_dict([f"criteria={option}"])
    primary = plain["criteria"]["primary_metric"]
    named = [primary] if isinstance(primary, str) else primary
    return not set(named) <= set(metric_names())


def compose_dict(
    overrides: Sequence[str] = (), *, config_dir: Path | None = None, config_name: str = "config"
) -> dict[str, Any]:
    """Compose into a plain dict with interpolations resolved, not yet checked."""
    return compose_both(overrides, config_dir=config_dir, config_name=config_name)[0]


def compose_both(
    overrides: Sequence[str] = (), *, config_dir: Path | None = None, config_name: str = "config"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compose into plain dicts, not yet checked: with interpolations resolved, and as written."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    register_schemas()
    GlobalHydra.instance().clear()
    words = list(overrides)
    check_folder(config_dir)
    if config_dir is not None:
        words.append(f"hydra.searchpath=['file://{config_dir.resolve()}']")
    try:
        with initialize_config_dir(config_dir=str(CONF_DIR), version_base="1.3"):
            config = compose(config_name=config_name, overrides=words)
            resolved, written = (
                OmegaConf.to_container(config, resolve=resolve) for resolve in (True, False)
            )
    except Exception as error:
        raise reworded(error, words, config_name) from error
    assert isinstance(resolved, dict)
    assert isinstance(written, dict)
    return {str(k): v for k, v in resolved.items()}, {str(k): v for k, v in written.items()}


def check_folder(config_dir: Path | None) -> None:
    """Refuse what Hydra would pass over in a user's own config folder; None has nothing of it.

    Raises:
        ConfigError: If a defaults list names what is not there.
    """
    if config_dir is not None:
        check_defaults_lists(config_dir, _groups())


def reworded(
    error: BaseException, overrides: Sequence[str] = (), config_name: str = "config"
) -> ConfigError:
    """Hydra's or OmegaConf's error as one sentence with the nearest valid name."""
    if isinstance(error, ConfigError):
        return error
    text = f"{error}\n{error.__cause__ or ''}"
    if bad := getattr(error, "override", None):
        return ConfigError(f"override '{bad}': {str(error).splitlines()[0]}; write KEY=VALUE")
    if match := re.search(r"Could not find '([^']+)'", text):
        return _not_installed(match[1]) or _missing_option(match[1], text)
    if match := re.search(r"Could not override '([^'@]+)(?:@[^']*)?'\.?\s*No match in the", text):
        return ConfigError(
            f"{match[1]}: no such group in the defaults list; {did_you_mean(match[1], _groups())}"
        )
    if match := re.search(r"full_key: (\S+)", text):
        return _bad_value(match[1], text, overrides, config_name)
    if match := re.search(r"Could not (?:override|append to config)[^']*'([^']+)'", text):
        return ConfigError(_unknown_key(match[1], overrides, config_name))
    if match := re.search(r"Multiple values for (\S+?)\.", text):
        return ConfigError(
            f"defaults list: {match[1]} is chosen twice; write `override /{match[1]}: ...` "
            "where a later file changes it"
        )
    if match := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return ConfigError(
            f"{match[1]}: several values; add -m to sweep over them, or write [...] for a list"
        )
    first = next((line.strip() for line in text.splitlines() if line.strip()), repr(error))
    return ConfigError(f"config: {first}")


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
        return ConfigError(f"{path}: no such config file or group; {did_you_mean(path, _groups())}")
    if not options:
        hint = did_you_mean(group, _groups())
        return ConfigError(f"{group}: no such config group; {hint}")
    return ConfigError(f"{group}={option}: no such option; {did_you_mean(option, options)}")


def _bad_value(key: str, text: str, overrides: Sequence[str], config_name: str) -> ConfigError:
    if "not in '" in text or "not in struct" in text:
        return ConfigError(_unknown_key(key, overrides, config_name))
    starts = ("Value", "Cannot", "Interpolation", "Union", "Invalid", "field", "Non optional")
    lines = [line.strip() for line in text.splitlines()]
    line = next((line for line in lines if line.startswith(starts)), lines[0])
    return ConfigError(f"{key}: {line}")


def _unknown_key(key: str, overrides: Sequence[str], config_name: str) -> str:
    parent, _, name = key.rpartition(".")
    # Which keys there are depends on the options chosen, so compose without the typo.
    others = [word for word in overrides if not _concerns(word, key)]
    chosen: Any = compose_dict(others, config_name=config_name)
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
    """Whether an override sets `key`, something in it, or something it is in."""
    named = word.lstrip("+~").partition("=")[0]
    return named.startswith(key) or key.startswith(f"{named}.")


def _groups() -> list[str]:
    return sorted(path.name for path in CONF_DIR.iterdir() if path.is_dir())
