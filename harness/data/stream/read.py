"""Read: a streamed table's times, labels and roles; its features stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.dataset import Dataset
from harness.data.stream.dataset import PartRows, Sampled, StreamedDataset
from harness.data.stream.parts import Part, TableParts
from harness.data.table import (
    Features,
    Outcomes,
    check_columns,
    dataset_of,
    features_of,
    outcomes_of,
    raw_rows,
    wanted_columns,
)
from harness.engine import Engine
from harness.errors import ConfigError
from harness.settings import TableDataset

# Columns not given a kind are told by as many rows of as many parts, from first to last.
_INFERRED_FROM = 50_000
_INFERRED_PARTS = 10
# Rows of a window that the audit, preprocessing and the profile see.
MOST_SAMPLED = 250_000


def read_streamed(settings: TableDataset, engine: Engine) -> StreamedDataset:
    """Read what is needed of every row, and know where the rest lies.

    Args:
        settings: The table and its roles.
        engine: What reads its parts.

    Raises:
        ConfigError: If the table is no Parquet, or a key names no column.
        DataError: If a file or a column cannot be used.
    """
    path = _parquet_path(settings)
    table = TableParts(path=path)
    check_columns(settings, table.names)
    parts = table.cut()
    wanted = wanted_columns(settings, table.names, table.parquet.index)
    glance = raw_rows(settings, _glance(table, parts, wanted), is_typed=True)
    features = features_of(settings, glance)
    keys = replace(glance, table=_all_parts(table, parts, _keys(settings), engine))
    name = Path(path.rstrip("/")).stem
    outcomes = outcomes_of(settings, keys)
    rows = dataset_of(
        settings,
        keys,
        name,
        Path(path).name,
        outcomes=outcomes,
        features=features,
        has_features=False,
    )
    source_row = np.flatnonzero(outcomes.is_labelled) if rows.n_unlabelled else None
    known = {f.name: getattr(rows, f.name) for f in fields(Dataset)}
    return StreamedDataset(
        **known, table=table, parts=tuple(parts), source_row=source_row, engine=engine
    )


def parts_identity(settings: TableDataset) -> list[str]:
    """Name, size and time of every file: what a table too large to hash is known by.

    Raises:
        ConfigError: If nothing is there.
    """
    return TableParts(path=_parquet_path(settings)).identity()


def draw_sample(
    settings: TableDataset, dataset: StreamedDataset, windows: Sequence[NDArray[np.intp]]
) -> Sampled:
    """Rows evenly spread over each window, with everything that is known of them.

    Args:
        settings: The table and its roles.
        dataset: The streamed rows.
        windows: Row positions of each window, in time order.
    """
    rows = np.unique(np.concatenate([spread(window) for window in windows]))
    columns = wanted_columns(settings, dataset.table.names, dataset.table.parquet.index)
    pieces = dataset.wanted(rows)
    # Rows were asked for in their own order, and parts follow each other: so do the pieces.
    table = pa.concat_tables(dataset.engine.map(_read_rows, pieces, (dataset.table, columns)))
    found = raw_rows(settings, table, is_typed=True)
    found = replace(found, readings={**found.readings, **dataset.readings})
    features = Features(numeric=dataset.roles.numeric, categorical=dataset.roles.categorical)
    # As all rows say together: a few of them may leave open whether the day comes first.
    outcomes = Outcomes(
        time=dataset.time[rows],
        label=dataset.label[rows],
        known=dataset.label_known[rows],
        is_labelled=np.ones(len(rows), dtype=bool),
        time_format=dataset.time_format,
    )
    sampled = dataset_of(
        settings, found, dataset.name, dataset.source, outcomes=outcomes, features=features
    )
    return Sampled(rows=rows, dataset=sampled)


def spread(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most `MOST_SAMPLED` of some rows, evenly spread."""
    if len(rows) <= MOST_SAMPLED:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_SAMPLED).astype(np.intp)]


def _glance(table: TableParts, parts: Sequence[Part], columns: Sequence[str]) -> pa.Table:
    """Some rows of the whole length of a table: a column may be constant in its first part."""
    places = np.unique(np.linspace(0, len(parts) - 1, _INFERRED_PARTS).astype(np.intp))
    each = _INFERRED_FROM // len(places)
    pieces = [table.read(parts[i], columns).slice(0, each) for i in places]
    return pa.concat_tables(pieces)


def _parquet_path(settings: TableDataset) -> str:
    if not settings.path:
        raise ConfigError(
            "dataset.path: not set; dataset=table needs dataset.path, dataset.time and dataset.label"
        )
    if settings.path.endswith((".csv", ".tsv", ".txt", ".gz")):
        raise ConfigError(
            f"dataset.stream: {settings.path} is no Parquet, which alone can be read a part at a time; "
            "convert it, or write dataset.stream=false"
        )
    return settings.path if "://" in settings.path else str(Path(settings.path).expanduser())


def _keys(settings: TableDataset) -> list[str]:
    """Columns needed of every row."""
    single = (settings.time, settings.label, settings.label_time, settings.entity)
    lists = (settings.segments, settings.rule_columns, settings.value)
    names = [*(name for name in single if name), *(name for some in lists for name in some)]
    return list(dict.fromkeys(names))


def _all_parts(
    table: TableParts, parts: Sequence[Part], columns: Sequence[str], engine: Engine
) -> pa.Table:
    return pa.concat_tables(engine.map(_read_part, parts, (table, columns)))


def _read_part(part: Part, shared: tuple[TableParts, Sequence[str]]) -> pa.Table:
    table, columns = shared
    return table.read(part, columns)


def _read_rows(piece: PartRows, shared: tuple[TableParts, Sequence[str]]) -> pa.Table:
    table, columns = shared
    return table.read(piece.part, columns, piece.within)
