"""Rows: new rows with what is known about them: time, label, worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.bundle import InputSchema
from harness.cache import Store
from harness.data import read_dataset
from harness.data.duration import Duration
from harness.data.label_column import read_outcomes
from harness.data.rows_source import LOG_TIME, RowsSource, open_source, source_of_frame
from harness.data.time_column import read_instant, read_time
from harness.data.time_format import TimeFormat
from harness.errors import ConfigError, DataError, did_you_mean
from harness.monitor import Reference
from harness.watch.later_labels import later_labels

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class MonitoredRows:
    """Rows to look at, with what is known about them.

    Attributes:
        source: The features, as they came.
        time: Prediction times, UTC; None without a time column.
        label: 1, 0, or nan where not known; None without labels.
        values: Columns that criteria take worth from.
        notes: What was inferred or left out.
    """

    source: RowsSource
    time: NDArray[np.datetime64] | None
    label: Floats | None
    values: pd.DataFrame
    notes: tuple[str, ...] = ()


def read_rows(
    path: Path,
    protocol: Mapping[str, Any],
    *,
    schema: InputSchema | None = None,
    time: str | None = None,
    labels: Path | None = None,
    key: str | None = None,
) -> MonitoredRows:
    """Read a table, or a server's log, with the roles a protocol gives its columns.

    Args:
        path: CSV, Parquet, or a log folder.
        protocol: The bundle's protocol.
        schema: The bundle's columns, and how training read them.
        time: Column with the prediction time; None takes the protocol's.
        labels: Table with labels that came later.
        key: Column both tables share.

    Raises:
        HarnessError: If a file or column cannot be used.
    """
    readings, file = (schema.readings, schema.file) if schema else ({}, None)
    source, dataset = open_source(path, readings, file), protocol["dataset"]
    notes: list[str] = []
    when = time or (LOG_TIME if source.is_log else dataset.get("time"))
    instants = None
    if when in source.columns:
        zone = "UTC" if source.is_log else dataset["timezone"]
        instants = read_time(
            "--time",
            source.times(when),
            unit=dataset.get("time_unit"),
            timezone=zone,
            format=_time_format(source, dataset, schema, when),
            notes=notes,
        )
    elif time is not None:
        raise ConfigError(f"--time {time}: no such column; {did_you_mean(time, source.columns)}")
    else:
        notes.append("no time column: all rows are one window of unknown length; name it by --time")
    label = _labels(source, dataset, labels, key)
    wanted = [name for name in dataset.get("value") or [] if name in source.columns]
    values = source.read(wanted) if wanted else pd.DataFrame(index=range(source.n_rows))
    return MonitoredRows(
        source=source, time=instants, label=label, values=values, notes=tuple(notes)
    )


def _time_format(
    source: RowsSource, dataset: Mapping[str, Any], schema: InputSchema | None, name: str
) -> TimeFormat | str | None:
    """How times are written: as in training, in the column that training had; else detected."""
    if source.is_log or name != dataset.get("time"):
        return None
    return (schema.time_format if schema else None) or dataset.get("time_format")


def rows_since(
    dataset_settings: Any, since: str | None, reference: Reference, store: Store
) -> MonitoredRows:
    """Rows of the protocol's own dataset from a day on, read afresh.

    Args:
        dataset_settings: The protocol's dataset.
        since: First day to look at, in the dataset's zone; None takes the one after the
            reference.
        reference: Knows its last day and its zone.
        store: Keeps what was read.

    Raises:
        ConfigError: If the day is none.
        DataError: If no row is as young.
    """
    day = since or str(np.datetime64(reference.last_day) + np.timedelta64(1, "D"))
    start = read_instant("--since", day, reference.timezone)
    dataset = read_dataset(dataset_settings, store)
    young = dataset.time >= start.tz_convert("UTC").tz_localize(None).to_datetime64()
    if not young.any():
        raise DataError(
            f"{dataset.name}: no labelled row from {day} on (the last is of {str(dataset.time.max())[:16]}); "
            "name a table of new rows"
        )
    frame = dataset.frame.loc[young].reset_index(drop=True)
    return MonitoredRows(
        source=source_of_frame(frame[list(dataset.roles.features)], dataset.name),
        time=dataset.time[young],
        label=dataset.label[young].astype(np.float64),
        values=frame,
        notes=(f"rows of {dataset.name} from {day} on; name a TABLE to look at other rows",),
    )


def mature_labels(
    rows: MonitoredRows, delay: str | None
) -> tuple[Floats | None, NDArray[np.bool_]]:
    """Labels of rows old enough to have one, and which rows are too young.

    Early labels are not taken as they come: churn shows at once, loyalty only in the end.
    """
    young = np.zeros(rows.source.n_rows, dtype=bool)
    if rows.label is None:
        return None, young
    if rows.time is not None and delay:
        last = pd.Timestamp(rows.time.max(), tz="UTC")
        mature = Duration.parse("dataset.label_delay", delay).before(last).tz_localize(None)
        young = rows.time > mature.to_datetime64()
    known: Floats = np.array(rows.label)
    known[young] = np.nan
    return known, young


def _labels(
    source: RowsSource, dataset: dict[str, Any], labels: Path | None, key: str | None
) -> Floats | None:
    name, positive = dataset.get("label"), dataset.get("positive")
    if labels is None:
        if name is None or name not in source.columns:
            return None
        return read_outcomes(source.read([name])[name], positive)
    return later_labels(
        labels,
        key,
        source.columns,
        source.keys,
        name=name,
        positive=positive,
    )
