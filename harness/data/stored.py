"""Stored: a dataset as an Arrow table and plain facts, and back without a copy."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from harness.cache import Stored
from harness.data.column_reading import ColumnReading
from harness.data.dataset import Dataset
from harness.data.dialect import FileFormat
from harness.data.roles import Roles
from harness.data.time_format import TimeFormat

# Columns that are no columns of the frame.
_TIME, _LABEL, _KNOWN, _ENTITY = "#time", "#label", "#label_known", "#entity"
_FEATURE_TIME, _OTHER_TIME = "#feature_time:", "#other_time:"
_FACTS = ("name", "timezone", "n_unlabelled", "source", "key")


def pack_dataset(dataset: Dataset) -> Stored:
    """A dataset as data."""
    columns = _columns(dataset.frame)
    columns |= {
        _TIME: pa.array(dataset.time.view(np.int64)),
        _LABEL: pa.array(dataset.label),
        _KNOWN: pa.array(dataset.label_known.view(np.int64)),
    }
    if dataset.entity is not None:
        columns[_ENTITY] = pa.array(dataset.entity).dictionary_encode()
    for prefix, times in (
        (_FEATURE_TIME, dataset.feature_times),
        (_OTHER_TIME, dataset.other_times),
    ):
        columns |= {f"{prefix}{n}": pa.array(t.view(np.int64)) for n, t in times.items()}
    facts: dict[str, Any] = {name: getattr(dataset, name) for name in _FACTS}
    facts |= {"roles": asdict(dataset.roles), "notes": list(dataset.notes)}
    facts["columns"] = [str(name) for name in dataset.frame.columns]
    facts["readings"] = {name: each.to_json() for name, each in dataset.readings.items()}
    facts["file"] = dataset.file.to_json()
    facts["time_format"] = dataset.time_format and dataset.time_format.to_json()
    return Stored(table=pa.table(columns), facts=facts)


def unpack_dataset(stored: Stored) -> Dataset:
    """The dataset `pack_dataset` was given."""
    table, facts = stored.table, stored.facts
    names = facts["columns"]
    frame = unpack_frame(Stored(table=table.select(names), facts={}))
    roles: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in facts["roles"].items()
    }
    others = [name for name in table.column_names if name not in names]

    def times(prefix: str) -> dict[str, NDArray[np.datetime64]]:
        found = [name for name in others if name.startswith(prefix)]
        return {name.removeprefix(prefix): _time(table, name) for name in found}

    entity = table.column(_ENTITY).to_numpy() if _ENTITY in others else None
    return Dataset(
        **{name: facts[name] for name in _FACTS},
        frame=frame,
        time=_time(table, _TIME),
        label=table.column(_LABEL).to_numpy(),
        label_known=_time(table, _KNOWN),
        entity=None if entity is None else entity.astype(object),
        roles=Roles(**roles),
        notes=tuple(facts["notes"]),
        feature_times=times(_FEATURE_TIME),
        other_times=times(_OTHER_TIME),
        readings={n: ColumnReading.from_json(r) for n, r in facts["readings"].items()},
        file=FileFormat.from_json(facts["file"]),
        time_format=facts["time_format"] and TimeFormat.from_json(facts["time_format"]),
    )


def pack_frame(frame: pd.DataFrame) -> Stored:
    """A table as data; floats keep nan, so that they can be mapped as they lie."""
    return Stored(table=pa.table(_columns(frame)), facts={})


def unpack_frame(stored: Stored) -> pd.DataFrame:
    """The table `pack_frame` was given, its floats read-only."""
    table = stored.table
    return pd.DataFrame(
        {name: _unpacked(table.column(name)) for name in table.column_names},
        index=pd.RangeIndex(table.num_rows),
    )


def _columns(frame: pd.DataFrame) -> dict[str, pa.Array]:
    return {str(name): _packed(frame[name]) for name in frame.columns}


def _packed(column: pd.Series) -> pa.Array:
    if pd.api.types.is_float_dtype(column.dtype) and isinstance(column.dtype, np.dtype):
        return pa.array(column.to_numpy())  # nan stays nan
    return pa.Array.from_pandas(column)


def _unpacked(column: pa.ChunkedArray) -> Any:
    if pa.types.is_floating(column.type) and column.null_count == 0 and column.num_chunks == 1:
        return column.chunk(0).to_numpy()
    return column.to_pandas()


def _time(table: pa.Table, name: str) -> NDArray[np.datetime64]:
    values: NDArray[np.int64] = table.column(name).to_numpy()
    return values.view("datetime64[us]")
