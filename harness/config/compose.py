"""Compose: YAML files and overrides, through Hydra, into one config.

Hydra's own messages name neither the nearest key nor an exit status, so they are
worded again here; what Hydra lets through (keys added with `+`, optional defaults that
name no group) is refused by `check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from harness.config.check import (
    load_abtest_settings,
    load_settings,
)
from harness.config.criteria_check import metric_names
from harness.config.defaults_list import check_defaults_lists
from harness.config.folder import CONF_DIR, group_names
from harness.config.literal import literal_words
from harness.config.reworded import reworded
from harness.errors import ConfigError
from harness.settings import (
    GROUPS,
    AbtestRunSettings,
    CriteriaSettings,
    GuardSettings,
    RunSettings,
)


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


def compose_criteria(
    overrides: Sequence[str], *, config_dir: Path | None = None
) -> tuple[CriteriaSettings, bool]:
    """The criteria some overrides choose, and whether they are of an A/B log.

    Args:
        overrides: Of criteria, and of the roles they need.
        config_dir: A user's own config folder.

    Raises:
        ConfigError: If a key, option or value cannot be meant.
    """
    chosen = [word for word in overrides if word.startswith("criteria=")]
    of_log = any(_is_of_log(word, config_dir) for word in chosen)
    if not of_log:
        return compose_settings(overrides, config_dir=config_dir).criteria, False
    words = ("abtest.enrolled=any", *overrides)  # a plan needs no roles
    return compose_abtest(words, config_dir=config_dir).criteria, True


def _is_of_log(word: str, config_dir: Path | None) -> bool:
    """Whether an option's success criterion is a column's name and no metric of ours."""
    plain = compose_dict([word], config_dir=config_dir)
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
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode
    from omegaconf import OmegaConf, open_dict

    register_schemas()
    overrides = literal_words(overrides)
    try:
        config = hydra_of(config_dir).compose_config(
            config_name, overrides, RunMode.RUN, from_shell=False
        )
        with open_dict(config):
            del config["hydra"]
        resolved, written = (
            OmegaConf.to_container(config, resolve=resolve) for resolve in (True, False)
        )
    except Exception as error:
        compose = partial(compose_dict, config_dir=config_dir, config_name=config_name)
        raise reworded(error, overrides, compose) from error
    finally:
        GlobalHydra.instance().clear()
    assert isinstance(resolved, dict)
    assert isinstance(written, dict)
    return {str(k): v for k, v in resolved.items()}, {str(k): v for k, v in written.items()}


def hydra_of(config_dir: Path | None) -> Any:
    """Hydra with the packaged configs and a user's own beside them, primary ones too.

    Raises:
        ConfigError: If a defaults list of the user's names what is not there.
    """
    from hydra import version
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.core.config_search_path import SearchPathQuery
    from hydra.core.global_hydra import GlobalHydra

    if config_dir is not None:
        check_defaults_lists(config_dir, group_names())
    GlobalHydra.instance().clear()
    version.setbase("1.3")
    path = create_config_search_path(str(CONF_DIR))
    if config_dir is not None:
        before = SearchPathQuery(provider="schema")
        path.prepend("command-line", f"file://{config_dir.resolve()}", anchor=before)
    return Hydra.create_main_hydra2(task_name="harness", config_search_path=path)
