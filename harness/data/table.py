"""Table: any CSV or Parquet file of one's own, typed by roles."""

from __future__ import annotations

from dataclasses import dataclass
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
    check_columns(settings, names)
    frame = read_columns(path, wanted_columns(settings, names))
    return dataset_of(settings, frame, path.stem, path.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Which columns are features.

    Attributes:
        numeric: Read as numbers.
        categorical: Read as categories.
        notes: What was inferred, and what left out.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    notes: tuple[str, ...] = ()


def dataset_of(
    settings: TableDataset,
    frame: pd.DataFrame,
    name: str,
    source: str,
    *,
    features: Features | None = None,
    has_features: bool = True,
) -> Dataset:
    """Rows as read, typed and without those that have no label.

    Args:
        settings: What the columns mean.
        frame: The table, or some of its rows.
        name: What the data is called.
        source: Where it came from.
        features: Which columns are features; None infers those not given.
        has_features: Whether the frame holds them; a streamed table's are read part by part.

    Raises:
        ConfigError: If a key cannot be meant.
        DataError: If a column cannot be used.
    """
    time_name, label_name = str(settings.time), str(settings.label)
    time = read_time(
        "dataset.time", frame[time_name], unit=settings.time_unit, timezone=settings.timezone
    )
    label, labelled = read_label(frame[label_name], settings.positive)
    known = _label_known(settings, frame, time)
    labelled = labelled & ~np.isnat(known)
    n_unlabelled = int((~labelled).sum())
    frame = frame.loc[labelled].reset_index(drop=True)

    chosen = features or features_of(settings, frame)
    notes = list(chosen.notes)
    if has_features:
        typed = as_features(frame, chosen.numeric, chosen.categorical)
    else:
        numbers = [n for n in settings.rule_columns if n in chosen.numeric]
        typed = as_features(frame, numbers, [])
    for column in (*settings.value, *settings.after_outcome):
        if column not in typed and column in frame:
            typed[column] = frame[column]
    for column in (*settings.segments, *settings.rule_columns):
        if column not in typed:
            typed[column] = as_category(frame[column])
    if n_unlabelled:
        notes.append(f"{label_name}: {n_unlabelled:,} rows without a label are kept out")
    entity = settings.entity
    return Dataset(
        name=name,
        frame=typed,
        time=time[labelled],
        label=label[labelled],
        label_known=known[labelled],
        entity=_as_text(frame[entity]) if entity else None,
        roles=Roles(
            time=time_name,
            label=label_name,
            numeric=chosen.numeric,
            categorical=chosen.categorical,
            segments=tuple(settings.segments),
            entity=entity,
            value=tuple(settings.value),
            after_outcome=tuple(settings.after_outcome),
        ),
        timezone=settings.timezone,
        n_unlabelled=n_unlabelled,
        notes=tuple(notes),
        source=source,
        feature_times=_feature_times(settings, frame, chosen) if has_features else {},
        other_times=_other_times(settings, frame) if has_features else {},
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


def _as_text(column: pd.Series) -> NDArray[np.object_]:
    """Names as text; rows of one name share it."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(str).to_numpy(dtype=object)
    names = np.array([*map(str, column.cat.categories), str(np.nan)], dtype=object)
    return names[column.cat.codes.to_numpy()]


def check_columns(settings: TableDataset, names: list[str]) -> None:
    """Refuse names that are no columns, and roles that cannot go together.

    Args:
        settings: What the columns are to mean.
        names: The table's columns.

    Raises:
        ConfigError: Naming the key.
    """
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


def wanted_columns(settings: TableDataset, names: list[str]) -> list[str]:
    """Columns to read: all that may be features where these are not given."""
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
    settings: TableDataset, frame: pd.DataFrame, chosen: Features
) -> dict[str, NDArray[np.datetime64]]:
    """When each feature's value was computed, where a column says so."""
    found, features = {}, (*chosen.numeric, *chosen.categorical)
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


def features_of(settings: TableDataset, frame: pd.DataFrame) -> Features:
    """Feature columns; lists given are taken as they are, others inferred."""
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
    return Features(numeric=tuple(numeric), categorical=tuple(categorical), notes=tuple(notes))
