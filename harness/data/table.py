"""Table: any CSV or Parquet file of one's own, typed by roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.column_inference import infer_readings
from harness.data.column_reading import (
    ColumnReading,
    Kind,
    categories,
    keys,
    plain,
    time_values,
    typed_features,
)
from harness.data.dataset import Dataset
from harness.data.duration import Duration
from harness.data.label_column import read_label
from harness.data.roles import Roles, infer_features
from harness.data.table_file import TableFile, file_format, open_table
from harness.data.time_column import detect_time_format, read_time
from harness.data.time_format import TimeFormat, parse_time_format
from harness.errors import ConfigError, HarnessError, did_you_mean
from harness.settings import TableDataset


def read_table(settings: TableDataset) -> Dataset:
    """Read a table, infer the roles not given, and leave unlabelled rows out.

    Raises:
        ConfigError: If a required key is missing or names no column.
        DataError: If the file or one of its columns cannot be used.
    """
    path = table_path(settings)
    file = open_table(path, asked=file_format(settings))
    check_columns(settings, file.names)
    table = file.read(wanted_columns(settings, file.names, file.index))
    rows = raw_rows(settings, table, is_typed=file.is_typed, delimiter=file.delimiter)
    notes = [*file.notes, *file.left_out, *_countries(file, rows)]
    return dataset_of(settings, rows, path.stem, path.name, notes=notes)


def _countries(file: TableFile, rows: RawRows) -> list[str]:
    """What to say of NA without quotes, where texts have nulls."""
    texts = [n for n in rows.table.column_names if rows.readings[n].kind is Kind.TEXT]
    if not any(rows.table.column(name).null_count for name in texts):
        return []
    n = file.n_unquoted_na()
    sentence = (
        f"{file.path.name}: {n:,} cells hold NA without quotes, read as null; if NA is a value "
        "(Namibia), quote it or set dataset.null_values=[NULL]"
    )
    return [sentence] if n else []


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawRows:
    """Rows as a file holds them, and how their columns are read.

    Attributes:
        table: Raw columns.
        readings: How each is read.
        notes: What was detected that a reader would want to know.
    """

    table: pa.Table
    readings: Mapping[str, ColumnReading]
    notes: tuple[str, ...] = ()

    def series(self, name: str) -> pd.Series:
        """A column as pandas sees it."""
        return plain(name, self.table.column(name), self.readings[name])

    def category(self, name: str) -> pd.Categorical:
        """A column as a categorical of text."""
        return categories(name, self.table.column(name), self.readings[name])


def raw_rows(
    settings: TableDataset, table: pa.Table, *, is_typed: bool, delimiter: str = ","
) -> RawRows:
    """Rows with the readings that their own values suggest.

    Raises:
        ConfigError: If numbers can be read in two ways, naming the key that decides.
    """
    readings, notes = infer_readings(
        table,
        file_format(settings),
        numeric=settings.numeric or [],
        is_typed=is_typed,
        delimiter=delimiter,
    )
    return RawRows(table=table, readings=readings, notes=tuple(notes))


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """When rows were predicted and what became of them; each of shape (n_rows,).

    Attributes:
        time: Prediction times, UTC.
        label: Whether each row is positive.
        known: When each label became known, UTC, NaT where it is not.
        is_labelled: Whether a row has a label whose time is known; others are left out.
        time_format: How the prediction times are written.
        notes: What was detected.
    """

    time: NDArray[np.datetime64]
    label: NDArray[np.bool_]
    known: NDArray[np.datetime64]
    is_labelled: NDArray[np.bool_]
    time_format: TimeFormat | None
    notes: tuple[str, ...] = ()


def outcomes_of(settings: TableDataset, rows: RawRows) -> Outcomes:
    """Times and labels of raw rows.

    Raises:
        ConfigError: If a key is not valid.
        DataError: If a column cannot be used.
    """
    notes: list[str] = []
    written = _time_format(settings, rows, str(settings.time), notes)
    time = _times(settings, rows, "time", str(settings.time), notes, format=written)
    label, labelled = read_label(_label(rows, str(settings.label)), settings.positive)
    known = _label_known(settings, rows, time, notes)
    return Outcomes(
        time=time,
        label=label,
        known=known,
        is_labelled=labelled & ~np.isnat(known),
        time_format=written,
        notes=tuple(notes),
    )


def dataset_of(
    settings: TableDataset,
    rows: RawRows,
    name: str,
    source: str,
    *,
    outcomes: Outcomes | None = None,
    features: Features | None = None,
    has_features: bool = True,
    notes: Sequence[str] = (),
) -> Dataset:
    """Rows as read, typed and without those that have no label.

    Args:
        settings: What the columns mean.
        rows: The table, or some of its rows.
        name: What the data is called.
        source: Where it came from.
        outcomes: Their times and labels; None reads them from the rows.
        features: Which columns are features; None infers those not given.
        has_features: Whether the rows hold them; a streamed table's are read part by part.
        notes: What was detected of the file.

    Raises:
        ConfigError: If a key is not valid.
        DataError: If a column cannot be used.
    """
    time_name, label_name = str(settings.time), str(settings.label)
    outcomes = outcomes or outcomes_of(settings, rows)
    labelled = outcomes.is_labelled
    said = [*notes, *outcomes.notes]
    n_unlabelled = int((~labelled).sum())
    if n_unlabelled:
        rows = replace(rows, table=rows.table.filter(pa.array(labelled)))

    chosen = features or features_of(settings, rows)
    said += chosen.notes
    said += rows.notes
    numeric = chosen.numeric
    if not has_features:
        numeric = tuple(n for n in settings.rule_columns if n in chosen.numeric)
    typed = typed_features(
        rows.table, rows.readings, numeric, chosen.categorical if has_features else ()
    )
    for column in (*settings.value, *settings.after_outcome):
        if column not in typed and column in rows.table.column_names:
            typed[column] = rows.series(column)
    for column in (*settings.segments, *settings.rule_columns):
        if column not in typed:
            typed[column] = rows.category(column)
    if n_unlabelled:
        said.append(f"{label_name}: {n_unlabelled:,} rows without a label are kept out")
    entity = settings.entity
    others = _other_times(settings, rows) if has_features else {}
    return Dataset(
        name=name,
        frame=typed,
        time=outcomes.time[labelled],
        label=outcomes.label[labelled],
        label_known=outcomes.known[labelled],
        entity=_entities(rows.table.column(entity), entity, said) if entity else None,
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
        notes=tuple(said),
        source=source,
        feature_times=_feature_times(settings, rows, chosen) if has_features else {},
        other_times=others,
        readings={n: rows.readings[n] for n in (*chosen.numeric, *chosen.categorical)},
        file=file_format(settings),
        time_format=outcomes.time_format,
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


def _label(rows: RawRows, name: str) -> pd.Series:
    """The outcome; whole numbers as such, as users would write them."""
    column = rows.series(name)
    if pd.api.types.is_float_dtype(column.dtype):
        known = column.dropna()
        if (known == known.round()).all() and not np.isinf(known).any():
            return column.astype("Int64")
    return column


def _entities(column: pa.ChunkedArray, name: str, notes: list[str]) -> NDArray[np.object_]:
    """Names as exact text, rows of one name sharing it; a row without one stands alone."""
    encoded = keys(name, column, key="dataset.entity").dictionary_encode()
    names = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = encoded.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
    found: NDArray[np.object_] = names[codes]
    absent = np.flatnonzero(codes == len(names) - 1)
    if len(absent):
        found[absent] = [f"(no {name}, row {row})" for row in absent]
        notes.append(f"{name}: {len(absent):,} rows name none; each is taken for one of its own")
    return found


def check_columns(settings: TableDataset, names: Sequence[str]) -> None:
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


def wanted_columns(
    settings: TableDataset, names: Sequence[str], index: Sequence[str] = ()
) -> list[str]:
    """Columns to read: all that may be features where these are not given.

    Args:
        settings: What the columns mean.
        names: All columns.
        index: Those that pandas stored as an index: read only where a role names them.
    """
    named = _named(settings)
    if settings.numeric is None or settings.categorical is None:
        left_out = {*settings.ignore, *index}
        return [name for name in names if name not in left_out or name in named]
    return [name for name in names if name in named]


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
    settings: TableDataset, rows: RawRows, time: NDArray[np.datetime64], notes: list[str]
) -> NDArray[np.datetime64]:
    if settings.label_time:
        known = _times(settings, rows, "label_time", settings.label_time, notes, allow_null=True)
        return np.where(np.isnat(known), known, np.maximum(known, time))
    if settings.label_delay:
        return Duration.parse("dataset.label_delay", settings.label_delay).after_each(time)
    return time


def _times(
    settings: TableDataset,
    rows: RawRows,
    role: str,
    name: str,
    notes: list[str],
    *,
    allow_null: bool = False,
    format: TimeFormat | None = None,  # noqa: A002 the word pandas has for it
) -> NDArray[np.datetime64]:
    return read_time(
        f"dataset.{role}",
        time_values(name, rows.table.column(name)),
        unit=settings.time_unit,
        timezone=settings.timezone,
        allow_null=allow_null,
        open_ended=role == "label_time",
        format=format or settings.time_format,
        notes=notes,
    )


def _time_format(settings: TableDataset, rows: RawRows, name: str, notes: list[str]) -> TimeFormat:
    """How the prediction time is written: said, or told by the whole column."""
    if settings.time_format is not None:
        return parse_time_format("dataset.time_format", settings.time_format)
    values = time_values(name, rows.table.column(name))
    return detect_time_format(
        values, name=name, key="dataset.time", unit=settings.time_unit, notes=notes
    )


def _feature_times(
    settings: TableDataset, rows: RawRows, chosen: Features
) -> dict[str, NDArray[np.datetime64]]:
    """When each feature's value was computed, where a column says so."""
    found, features = {}, (*chosen.numeric, *chosen.categorical)
    for feature, name in settings.feature_times.items():
        if feature not in features:
            raise ConfigError(
                f"dataset.feature_times.{feature}: no such feature; {did_you_mean(feature, features)}"
            )
        role = f"feature_times.{feature}"
        found[feature] = _times(settings, rows, role, name, [], allow_null=True)
    return found


def _other_times(settings: TableDataset, rows: RawRows) -> dict[str, NDArray[np.datetime64]]:
    """Time columns without a role: they may tell another order than the table's own.

    A column that can be read in two ways, by day or by month first, is left out.
    """
    roles = {settings.time, settings.label_time, *settings.feature_times.values()}
    found = {}
    for name in rows.table.column_names:
        if name in roles or rows.readings[name].kind is not Kind.TIME:
            continue
        with suppress(HarnessError):
            found[name] = read_time(
                name,
                time_values(name, rows.table.column(name)),
                unit=None,
                timezone=settings.timezone,
                allow_null=True,
            )
    return found


def features_of(settings: TableDataset, rows: RawRows) -> Features:
    """Feature columns; lists given are taken as they are, others inferred."""
    taken = {settings.time, settings.label, settings.label_time, settings.entity}
    taken |= {*settings.value, *settings.after_outcome, *settings.ignore}
    taken |= set(settings.feature_times.values())
    given_numeric, given_categorical = settings.numeric, settings.categorical
    taken |= {*(given_numeric or []), *(given_categorical or [])}
    free = [name for name in rows.table.column_names if name not in taken]
    numeric, categorical, notes = infer_features(rows.table, rows.readings, free)
    if given_numeric is not None:
        numeric, notes = list(given_numeric), []
    if given_categorical is not None:
        categorical = list(given_categorical)
    return Features(numeric=tuple(numeric), categorical=tuple(categorical), notes=tuple(notes))
