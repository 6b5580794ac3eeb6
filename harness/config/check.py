"""Check: a plain dict becomes typed settings, or one sentence says why not."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

from harness.config.criteria_check import check_criteria
from harness.config.together import check_monitoring, check_together
from harness.config.values import check_values
from harness.errors import ConfigError, did_you_mean
from harness.settings import (
    GROUPS,
    OPEN_GROUPS,
    AbtestMetric,
    AbtestRunning,
    AbtestRunSettings,
    AbtestSettings,
    CriteriaSettings,
    Guardrail,
    MonitoringSettings,
    RunningSettings,
    RunSettings,
)

# The keys without a group: typed alone, for a whole config takes many times as long.
_Ungrouped = make_dataclass(
    "Ungrouped",
    [
        (f.name, get_type_hints(RunSettings)[f.name], field(default=f.default))
        for f in fields(RunSettings)
        if f.name not in (*GROUPS, *OPEN_GROUPS, "running")
    ],
)

# Groups of a config that were checked already, by name and content.
# Planned shares written with few digits, such as three times 0.333.
_SHARES_ADD_UP = 0.002
Checked = dict[tuple[str, str], Any]


def load_settings(config: Mapping[str, Any], *, checked: Checked | None = None) -> RunSettings:
    """Turn a resolved config into settings, refusing every key no schema knows.

    Args:
        config: Plain nested dict: a composed config, or one read back from a run.
        checked: Groups known to be right; filled. Configs of a sweep share most of theirs.

    Raises:
        ConfigError: With the key, the value seen and the nearest valid name.
    """
    known = {field.name for field in fields(RunSettings)}
    for key in config:
        _refuse_unknown(str(key), known, parent="")
    values: dict[str, Any] = dict(config)
    memory: Checked = {} if checked is None else checked

    def once(group: str, value: Any, load: Callable[[], Any]) -> Any:
        key = (group, repr(value))
        if key not in memory:
            memory[key] = load()
        return memory[key]

    # Runs stored before there were these are read back as well.
    for later, kind in {"monitoring": "monitoring", "guard": "guard", "tracking": "none"}.items():
        values[later] = config.get(later) or {"kind": kind}
    for group in GROUPS:
        value = values.get(group)
        values[group] = once(group, value, partial(_load_kind, group, group, value))
    check_criteria(values["criteria"])
    if path := getattr(values["dataset"], "path", None):
        _look_beside(Path(path).expanduser().resolve().parent)
    _look_beside(Path.cwd())
    for group in OPEN_GROUPS:
        value = config.get(group)
        values[group] = once(group, value, partial(_load_open, group, value))
    running = config.get("running") or {}
    values["running"] = once(
        "running", running, partial(_load_typed, "running", RunningSettings, running)
    )
    groups = {name: values.pop(name) for name in (*GROUPS, *OPEN_GROUPS, "running")}
    plain = once("", values, partial(_typed, "", _Ungrouped, values, meant=RunSettings))
    settings = RunSettings(**groups, **vars(plain))
    check_together(settings)
    return settings


def load_abtest_settings(config: Mapping[str, Any]) -> AbtestRunSettings:
    """Turn a resolved A/B config into settings, refusing every key no schema knows.

    Args:
        config: Plain nested dict: a composed config, or one read back from a run.

    Raises:
        ConfigError: With the key, the value seen and the nearest valid name.
    """
    for key in config:
        _refuse_unknown(str(key), ("criteria", "abtest", "running"), parent="")
    criteria = _load_kind("criteria", "criteria", config.get("criteria"))
    check_criteria(criteria, of_log=True)
    abtest = _load_typed("abtest", AbtestSettings, config.get("abtest") or {})
    abtest.metrics = {
        name: _load_typed(
            f"abtest.metrics.{name}", AbtestMetric, _mapping(f"abtest.metrics.{name}", entry)
        )
        for name, entry in abtest.metrics.items()
    }
    _check_log(criteria, abtest)
    running = _load_typed("running", AbtestRunning, config.get("running") or {})
    return AbtestRunSettings(criteria=criteria, abtest=abtest, running=running)


def _check_log(criteria: CriteriaSettings, abtest: AbtestSettings) -> None:
    if criteria.minimum_duration_days > 0 and abtest.enrolled is None:
        raise ConfigError(
            "abtest.enrolled: not set, so a minimum duration cannot be checked; name the column with "
            "the time of assignment, or write criteria.minimum_duration_days=0"
        )
    abtest.shares = {str(name): share for name, share in abtest.shares.items()}
    for name, share in abtest.shares.items():
        if not isinstance(share, int | float) or not 0 < share < 1:
            raise ConfigError(f"abtest.shares.{name}: {share} must lie above 0 and below 1")
    if abtest.shares and abs(sum(abtest.shares.values()) - 1) > _SHARES_ADD_UP:
        raise ConfigError(
            f"abtest.shares: add up to {sum(abtest.shares.values()):g}; they have to add up to 1"
        )


def load_criteria(config: Mapping[str, Any], *, of_log: bool = False) -> CriteriaSettings:
    """The criteria of a protocol alone.

    Args:
        config: Them, as a plain dict.
        of_log: Whether metrics are named after an A/B log's columns.

    Raises:
        ConfigError: If a key or value cannot be meant.
    """
    criteria: CriteriaSettings = _load_kind("criteria", "criteria", config)
    check_criteria(criteria, of_log=of_log)
    return criteria


def load_monitoring(config: Mapping[str, Any]) -> MonitoringSettings:
    """The monitoring settings of a stored or composed config alone.

    Raises:
        ConfigError: If a key or value cannot be meant.
    """
    monitoring: MonitoringSettings = _load_kind("monitoring", "monitoring", config)
    check_monitoring(monitoring)
    return monitoring


def import_target(key: str, target: Any) -> Any:
    """Import the class or function a `_target_` names."""
    if not isinstance(target, str) or "." not in target:
        raise ConfigError(f"{key}._target_: expected a dotted class path, got {target!r}")
    module_name, _, name = target.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        raise ConfigError(
            f"{key}._target_: {target} needs the module '{missing}', which is not installed; "
            "install it, or put the file in the current folder or beside the table"
        ) from error
    if not hasattr(module, name):
        public = [n for n in dir(module) if not n.startswith("_")]
        raise ConfigError(
            f"{key}._target_: module {module_name} has no '{name}'; {did_you_mean(name, public)}"
        )
    return getattr(module, name)


def _look_beside(folder: Path) -> None:
    """Let a user's own module be imported from the current folder, or beside their table."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _load_kind(key: str, group: str, value: Any) -> Any:
    kinds = GROUPS[group]
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}: expected one of {', '.join(sorted(kinds))}, got {value!r}")
    kind = str(value.get("kind", ""))
    if kind not in kinds:
        raise ConfigError(f"{key}.kind: no such kind '{kind}'; {did_you_mean(kind, kinds)}")
    values = dict(value)
    if group == "baseline" and "threshold" in {f.name for f in fields(kinds[kind])}:
        values["threshold"] = _load_kind(f"{key}.threshold", "threshold", value.get("threshold"))
    if group == "criteria":
        guardrails = value.get("guardrail_metrics") or {}
        where = f"{key}.guardrail_metrics"
        if not isinstance(guardrails, Mapping):
            raise ConfigError(f"{where}: expected guardrails by name, got {guardrails!r}")
        values["guardrail_metrics"] = {}
        loaded = _load_typed(key, kinds[kind], values)
        loaded.guardrail_metrics = {
            str(name): _load_typed(f"{where}.{name}", Guardrail, _mapping(f"{where}.{name}", entry))
            for name, entry in guardrails.items()
        }
        return loaded
    return _load_typed(key, kinds[kind], values)


def _mapping(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}: expected {{threshold: ..., ...}}, got {value!r}")
    return value


def _load_typed(key: str, cls: type, values: Mapping[str, Any]) -> Any:
    _refuse_nested(key, cls, values)
    return _typed(key, cls, values)


def _typed(key: str, cls: type, values: Mapping[str, Any], *, meant: type | None = None) -> Any:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        merged = OmegaConf.merge(OmegaConf.structured(cls), dict(values))
        settings = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        where = ".".join(part for part in (key, getattr(error, "full_key", "") or "") if part)
        first = str(error).splitlines()[0]
        raise ConfigError(f"{where}: {first}") from error
    check_values(key, settings, cls=meant)
    return settings


def _refuse_nested(key: str, cls: type, values: Mapping[str, Any]) -> None:
    known = {field.name: field for field in fields(cls)}
    for name, value in values.items():
        _refuse_unknown(str(name), known, parent=key)
        default = known[str(name)]
        made = default.default_factory() if callable(default.default_factory) else None
        if is_dataclass(made) and isinstance(value, Mapping):
            _refuse_nested(f"{key}.{name}", type(made), value)


def _refuse_unknown(name: str, known: Iterable[str], *, parent: str) -> None:
    names = list(known)
    if name not in names:
        where = f"{parent}.{name}" if parent else name
        raise ConfigError(f"{where}: no such key; {did_you_mean(name, names)}")


def _load_open(group: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or "_target_" not in value:
        raise ConfigError(f"{group}: expected `_target_: package.Class` and its parameters")
    accepted = accepted_parameters(group, value)
    for name in value:
        if name != "_target_" and accepted is not None:
            _refuse_unknown(str(name), accepted, parent=group)
    return {str(name): entry for name, entry in value.items()}


def accepted_parameters(group: str, value: Mapping[str, Any]) -> list[str] | None:
    """Names an open group's target takes; None when it takes any and lists none."""
    target = import_target(group, value["_target_"])
    signature = inspect.signature(target)
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in signature.parameters.values() if p.kind in named]
    if any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
        if not hasattr(target, "get_params"):
            return None
        names += list(target().get_params())
    return sorted(set(names) - {"self"})
