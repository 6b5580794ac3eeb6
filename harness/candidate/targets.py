"""Targets: from `_target_` and parameters to an unfitted estimator or transformer."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from harness.data import Roles
from harness.errors import ConfigError


def build(group: str, config: Mapping[str, Any], *, n_jobs: int | None, seed: int) -> Any:
    """An estimator by class path, with threads and seed where it takes them.

    Raises:
        ConfigError: If the class rejects its parameters.
    """
    parameters = {name: value for name, value in config.items() if name != "_target_"}
    model = _call(group, config, parameters)
    accepted = model.get_params() if hasattr(model, "get_params") else {}
    # Linear models still list n_jobs, but warn when it is set.
    is_linear = any(c.__module__.startswith("sklearn.linear_model") for c in type(model).__mro__)
    if "n_jobs" in accepted and "n_jobs" not in parameters and not is_linear:
        model.set_params(n_jobs=n_jobs or os.cpu_count())
    if "random_state" in accepted and "random_state" not in parameters:
        model.set_params(random_state=seed)
    return model


def transformer_for(config: Mapping[str, Any], roles: Roles) -> Any:
    """An unfitted preprocessing transformer for the dataset's features."""
    parameters = {name: value for name, value in config.items() if name != "_target_"}
    names = {"numeric": list(roles.numeric), "categorical": list(roles.categorical)}
    return _call("preprocess", config, names | parameters)


def _call(group: str, config: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    # The config check has imported the target already, so it is importable here.
    module, _, name = str(config["_target_"]).rpartition(".")
    target = getattr(importlib.import_module(module), name)
    try:
        return target(**parameters)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{group}: {config['_target_']} rejects its parameters ({error})"
        ) from error
