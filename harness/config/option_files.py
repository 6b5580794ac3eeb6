"""Option files: the YAML files of a config folder, each composed as a run would."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from harness.config.check import Checked, load_criteria, load_settings
from harness.config.compose import compose_abtest, compose_dict
from harness.config.criteria_check import metric_names
from harness.errors import ConfigError, did_you_mean
from harness.settings import GROUPS, OPEN_GROUPS

_ROOTS = ("config", "abtest")
_KNOWN = (*GROUPS, *OPEN_GROUPS, "experiment", "launcher", "sweeper")


@dataclass(frozen=True, slots=True)
class OptionFile:
    """A YAML file of a config folder.

    Attributes:
        path: Where it lies.
        folder: The config folder.
        group: Its group; empty for a whole config.
    """

    path: Path
    folder: Path
    group: str


def option_files(path: Path) -> list[OptionFile]:
    """The option files a path stands for.

    Args:
        path: A config folder, or one of its YAML files.

    Raises:
        ConfigError: If there is nothing, or a file stands in no group.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*.yaml") if not _is_hidden(file, path))
        if not files:
            raise ConfigError(f"{path}: holds no YAML file; name a config folder")
        return [_option(file, path) for file in files]
    if not path.is_file():
        raise ConfigError(f"{path}: no such file or folder; check the spelling")
    if path.suffix != ".yaml":
        raise ConfigError(f"{path}: no YAML file; name a config folder, or files in it")
    is_root = path.stem in _ROOTS and path.parent.name not in _KNOWN
    return [_option(path, path.parent if is_root else path.parent.parent)]


def check_option(file: OptionFile, checked: Checked) -> None:
    """Compose a run with this option chosen, and partners that fit any.

    Args:
        file: The option's file.
        checked: Groups known to be right, filled: most options share all but one.

    Raises:
        ConfigError: If it cannot be meant.
    """
    folder, chosen = file.folder, f"{file.group}={file.path.stem}"
    if file.group == "criteria":
        criteria = compose_dict([chosen], config_dir=folder)["criteria"]
        load_criteria(criteria, of_log=_names_columns(criteria.get("primary_metric") or ""))
    elif file.group == "dataset":
        partners = [chosen, "criteria=ranking"]
        load_settings(compose_dict(partners, config_dir=folder), checked=checked)
    elif file.group:
        load_settings(compose_dict([chosen], config_dir=folder), checked=checked)
    elif file.path.stem == "abtest":
        compose_abtest(["abtest.enrolled=any"], config_dir=folder)
    else:
        plain = compose_dict([], config_dir=folder, config_name=file.path.stem)
        load_settings(plain, checked=checked)


def _names_columns(primary: Any) -> bool:
    """Whether success is a column of an A/B log: no metric of ours, nor one misspelt."""
    named = [primary] if isinstance(primary, str) else list(primary)
    return not any(get_close_matches(str(name), metric_names(), 1) for name in named)


def _option(path: Path, folder: Path) -> OptionFile:
    relative = path.relative_to(folder).parts
    if len(relative) == 1:
        return OptionFile(path, folder, "")
    group = relative[0]
    if group not in _KNOWN:
        raise ConfigError(f"{path}: no such group '{group}'; {did_you_mean(group, _KNOWN)}")
    return OptionFile(path, folder, group)


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)
