"""Table: any CSV or Parquet file of one's own, typed by roles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.dataset import Dataset, as_category, as_features
from harness.data.duration import Duration
from harness.data.label_column import read_label
from harness.data.roles import Roles, infer_features
from harness.data.table_file import column_names, read_columns
from harness.data.time_column import read_time
from harness.errors import ConfigError, did_you_mean
from harness.settings import TableDataset


def read_table(settings: TableDataset) -> Dataset:
    """Read a table, infer the roles not given, and leave unlabelled rows out.

    Raises:
        ConfigError: If a required key is missing or names no column.
        DataError: If the file or one of its columns cannot be used.
    """
    path = table_path(settings)
    names = column_names(path)
    _check_columns(settings, names)
    time_name, label_name = str(settings.time), str(settings.label)
    frame = read_columns(path, _wanted(settings, names))

    time = read_time(
        "dataset.time", frame[time_name], unit=settings.time_unit, timezone=settings.timezone
    )
    label, labelled = read_label(frame[label_name], settings.positive)
    known = _label_known(settings, frame, time)
    labelled = labelled & ~np.isnat(known)
    n_unlabelled = int((~labelled).sum())
    frame = frame.loc[labelled].reset_index(drop=True)

    numeric, categorical, notes = _features(settings, frame)
    typed = as_features(frame, numeric, categorical)
    for name in (*settings.value, *settings.after_outcome):
        typed[name] = frame[name] if name not in typed else typed[name]
    for name in (*settings.segments, *settings.rule_columns):
        if name not in typed:
            typed[name] = as_category(frame[name])
    if n_unlabelled:
        notes.append(f"{label_name}: {n_unlabelled:,} rows without a label are kept out")
    entity = settings.entity
    return Dataset(
        name=path.stem,
        frame=typed,
        time=time[labelled],
        label=label[labelled],
        label_known=known[labelled],
        entity=frame[entity].astype(str).to_numpy(dtype=object) if entity else None,
        roles=Roles(
            time=time_name,
            label=label_name,
            numeric=tuple(numeric),
            categorical=tuple(categorical),
            segments=tuple(settings.segments),
            entity=entity,
            value=tuple(settings.value),
            after_outcome=tuple(settings.after_outcome),
        ),
        timezone=settings.timezone,
        n_unlabelled=n_unlabelled,
        notes=tuple(notes),
        source=path.name,
        feature_times=_feature_times(settings, frame, (*numeric, *categorical)),
        other_times=_other_times(settings, frame),
    )


def table_path(settings: TableDataset) -> Path:
    """Where the table lies.

    Raises:
        ConfigError: If no path is set, or there is nothing there.
    """
    path = Path(_required("path", settings.path)).expanduser()
    if not path.exists():
        raise ConfigError(f"dataset.path: no file at {path}; check the spelling and the folder")
    return path


def _required(key: str, value: str | None) -> str:
    if not value:
        raise ConfigError(
            f"dataset.{key}: not set; dataset=table needs dataset.path, dataset.time "
            "and dataset.label"
        )
    return value


def _check_columns(settings: TableDataset, names: list[str]) -> None:
    for key in ("time", "label"):
        _required(key, getattr(settings, key))
    single = {key: getattr(settings, key) for key in ("time", "label", "label_time", "entity")}
    single |= {f"feature_times.{f}": name for f, name in settings.feature_times.items()}
    for key, name in single.items():
        if name is not None and name not in names:
            raise ConfigError(f"dataset.{key}: no column '{name}'; {did_you_mean(name, names)}")
    for key in (
        "numeric",
        "categorical",
        "segments",
        "rule_columns",
        "value",
        "after_outcome",
        "ignore",
    ):
        for name in getattr(settings, key) or []:
            if name not in names:
                raise ConfigError(f"dataset.{key}: no column '{name}'; {did_you_mean(name, names)}")
    for key in ("numeric", "categorical"):
        for role in ("time", "label", "label_time"):
            if getattr(settings, role) in (getattr(settings, key) or []):
                raise ConfigError(
                    f"dataset.{key}: '{getattr(settings, role)}' is dataset.{role}, which no model "
                    "may see; take it out of the features"
                )
    if settings.label_delay and settings.label_time:
        raise ConfigError("dataset.label_delay: label_time says it row by row; keep one of them")


def _wanted(settings: TableDataset, names: list[str]) -> list[str]:
    if settings.numeric is None or settings.categorical is None:
        return [name for name in names if name not in settings.ignore or name in _named(settings)]
    return [name for name in names if name in _named(settings)]


def _named(settings: TableDataset) -> set[str]:
    single = (settings.time, settings.label, settings.label_time, settings.entity)
    lists = (
        settings.numeric or [],
        settings.categorical or [],
        settings.segments,
        settings.rule_columns,
        settings.value,
        settings.after_outcome,
    )
    times = settings.feature_times.values()
    return {n for n in single if n} | {name for names in lists for name in names} | {*times}


def _label_known(
    settings: TableDataset, frame: pd.DataFrame, time: NDArray[np.datetime64]
) -> NDArray[np.datetime64]:
    if settings.label_time:
        known = read_time(
            "dataset.label_time",
            frame[settings.label_time],
            unit=settings.time_unit,
            timezone=settings.timezone,
            allow_null=True,
        )
        return np.where(np.isnat(known), known, np.maximum(known, time))
    if settings.label_delay:
        return Duration.parse("dataset.label_delay", settings.label_delay).after_each(time)
    return time


def _feature_times(
    settings: TableDataset, frame: pd.DataFrame, features: Sequence[str]
) -> dict[str, NDArray[np.datetime64]]:
    """When each feature's value was computed, where a column says so."""
    found = {}
    for feature, name in settings.feature_times.items():
        if feature not in features:
            raise ConfigError(
                f"dataset.feature_times.{feature}: no such feature; {did_you_mean(feature, features)}"
            )
        found[feature] = read_time(
            f"dataset.feature_times.{feature}",
            frame[name],
            unit=settings.time_unit,
            timezone=settings.timezone,
            allow_null=True,
        )
    return found


def _other_times(settings: TableDataset, frame: pd.DataFrame) -> dict[str, NDArray[np.datetime64]]:
    """Time columns without a role: they may tell another order than the table's own."""
    roles = {settings.time, settings.label_time, *settings.feature_times.values()}
    return {
        str(name): read_time(
            str(name), frame[name], unit=None, timezone=settings.timezone, allow_null=True
        )
        for name in frame.columns
        if name not in roles and pd.api.types.is_datetime64_any_dtype(frame[name].dtype)
    }


def _features(
    settings: TableDataset, frame: pd.DataFrame
) -> tuple[list[str], list[str], list[str]]:
    """Numeric names, categorical names and notes; lists given are taken as they are."""
    taken = {settings.time, settings.label, settings.label_time, settings.entity}
    taken |= {*settings.value, *settings.after_outcome, *settings.ignore}
    taken |= set(settings.feature_times.values())
    given_numeric, given_categorical = settings.numeric, settings.categorical
    taken |= {*(given_numeric or []), *(given_categorical or [])}
    free = [name for name in frame.columns if name not in taken]
    numeric, categorical, notes = infer_features(frame, free)
    if given_numeric is not None:
        numeric, notes = list(given_numeric), []
    if given_categorical is not None:
        categorical = list(given_categorical)
    return numeric, categorical, notes
