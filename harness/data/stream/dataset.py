"""Streamed dataset: times and labels of all rows in memory, their features a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.column_reading import ColumnReading, typed_features
from harness.data.dataset import Dataset, RowFunction, as_features
from harness.data.stream.parts import Part, TableParts
from harness.engine import Engine, LocalEngine

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampled:
    """Some rows with their features in memory.

    Attributes:
        rows: Their positions in the streamed dataset, ascending, shape (n_sampled,).
        dataset: Those rows.
    """

    rows: Rows
    dataset: Dataset

    def places(self, rows: Rows) -> Rows:
        """Where some rows stand in the sample; those that are not in it are left out."""
        place = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        found: Rows = place[self.rows[place] == rows]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRows:
    """Rows wanted of one part.

    Attributes:
        part: The part.
        within: Their positions in it, ascending.
        places: Where each belongs in what was asked for.
    """

    part: Part
    within: Rows
    places: Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamedDataset(Dataset):
    """Labelled rows whose features stay where they lie.

    Attributes:
        table: Where.
        parts: Its parts.
        source_row: Position in the table of each row; None where no row was left out.
        engine: What reads and scores the parts.
        sampled: Rows whose features are in memory; None before a split chose them.
    """

    table: TableParts
    parts: tuple[Part, ...]
    source_row: Rows | None
    engine: Engine = field(default_factory=LocalEngine)
    sampled: Sampled | None = None

    def sampled_of(self, rows: Rows) -> Rows:
        """Those of some rows whose features are in memory; all of them before there is a sample."""
        return rows if self.sampled is None else rows[np.isin(rows, self.sampled.rows)]

    def take(self, rows: Rows) -> pd.DataFrame:
        """Features of some rows, in their order; they have to fit into memory."""
        if self.sampled is not None:
            places = self.sampled.places(rows)
            if len(places) == len(rows):
                return self.sampled.dataset.take(places)
        pieces = list(self.batches(rows))
        order = np.argsort(np.concatenate([places for places, _ in pieces]))
        frames = [
            frame.astype(dict.fromkeys(self.roles.categorical, object)) for _, frame in pieces
        ]
        whole = pd.concat(frames, ignore_index=True).iloc[order].reset_index(drop=True)
        return as_features(whole, self.roles.numeric, self.roles.categorical)

    def batches(self, rows: Rows) -> Iterator[tuple[Rows, pd.DataFrame]]:
        """Features of some rows, part by part.

        Args:
            rows: Row positions, shape (n_rows,), any order.

        Yields:
            Places in `rows`, and the features of those rows.
        """
        wanted = self.wanted(rows)
        read = partial(read_features, self)
        for piece in wanted:
            yield piece.places, read(piece)

    def map_rows(self, function: RowFunction, rows: Rows, shared: Any) -> NDArray[np.generic]:
        """As `Dataset.map_rows`, on whatever workers the engine has."""
        pieces = self.wanted(rows)
        columns = (self.readings, self.roles.numeric, self.roles.categorical)
        known = (self.table, columns, function, shared)
        values: NDArray[Any] = np.empty(0)
        for piece, found in zip(pieces, self.engine.map(_apply, pieces, known), strict=True):
            if not len(values):
                values = np.empty(len(rows), found.dtype)
            values[piece.places] = found
        return values

    def wanted(self, rows: Rows) -> list[PartRows]:
        """Rows by the part they lie in; parts without any are left out."""
        at = rows if self.source_row is None else self.source_row[rows]
        order = np.argsort(at, kind="stable")
        ascending = at[order]
        found = []
        for part in self.parts:
            low, high = np.searchsorted(ascending, [part.start, part.start + part.n_rows])
            if high > low:
                found.append(
                    PartRows(
                        part=part,
                        within=(ascending[low:high] - part.start).astype(np.intp),
                        places=order[low:high],
                    )
                )
        return found


def _apply(
    piece: PartRows,
    known: tuple[
        TableParts,
        tuple[Mapping[str, ColumnReading], Sequence[str], Sequence[str]],
        RowFunction,
        Any,
    ],
) -> NDArray[np.generic]:
    table, columns, function, shared = known
    return function(features_of_part(table, piece, *columns), shared)


def read_features(dataset: StreamedDataset, piece: PartRows) -> pd.DataFrame:
    """Typed features of some rows of a part."""
    roles = dataset.roles
    return features_of_part(
        dataset.table, piece, dataset.readings, roles.numeric, roles.categorical
    )


def features_of_part(
    table: TableParts,
    piece: PartRows,
    readings: Mapping[str, ColumnReading],
    numeric: Sequence[str],
    categorical: Sequence[str],
) -> pd.DataFrame:
    """Typed features of some rows of a part, wherever it is read."""
    rows = None if len(piece.within) == piece.part.n_rows else piece.within
    found = table.read(piece.part, [*numeric, *categorical], rows)
    return typed_features(found, readings, numeric, categorical, first_row=piece.part.start)
