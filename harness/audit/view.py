"""View: a split as the column checks see it, sampled and cut into cells once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data import Dataset, Split

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

# Rows of a window looked at: an AUC of 0.5 is then known to 0.004, and leaks are far from that.
MOST_ROWS = 100_000
MIN_CLASS_ROWS = 30
_LARGE = 1000
_N_BINS = 32
_FEW_VALUES = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """One column as cells of like values, numbered alike in training and later rows.

    Attributes:
        train: Cell of each training row, shape (n_train,).
        later: Cell of each later row, shape (n_later,).
        n_cells: Number of cells.
        null: The cell of nulls.
        n_values: Distinct values in training, at most `_FEW_VALUES` + 1 are counted.
    """

    train: Codes
    later: Codes
    n_cells: int
    null: int
    n_values: int


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Training and later rows of a dataset.

    Attributes:
        dataset: All rows.
        split: The judged windows.
    """

    dataset: Dataset
    split: Split

    @cached_property
    def train(self) -> NDArray[np.intp]:
        """Training rows looked at, evenly spread in time."""
        return _spread(self.split.train)

    @cached_property
    def later(self) -> NDArray[np.intp]:
        """Validation rows looked at, evenly spread in time."""
        return _spread(self.split.validation)

    @cached_property
    def label_train(self) -> NDArray[np.bool_]:
        """Labels of the training rows."""
        return self.dataset.label[self.train]

    @cached_property
    def label_later(self) -> NDArray[np.bool_]:
        """Labels of the later rows."""
        return self.dataset.label[self.later]

    @cached_property
    def n_rarer(self) -> int:
        """Later rows of the rarer class."""
        n_positive = int(self.label_later.sum())
        return min(n_positive, len(self.later) - n_positive)

    @property
    def is_large(self) -> bool:
        """Whether there are so many rows that chance and easy problems no longer look like a leak."""
        return len(self.train) + len(self.later) >= _LARGE

    @property
    def has_power(self) -> bool:
        """Whether there are enough rows of either class to tell anything."""
        return self.n_rarer >= MIN_CLASS_ROWS and len(np.unique(self.label_train)) == 2

    def column(self, name: str, rows: NDArray[np.intp]) -> pd.Series:
        """A feature on some rows."""
        # The array's own take: `iloc` costs more than the rows where columns are many.
        return pd.Series(self.dataset.frame[name].array.take(rows), copy=False)

    @cached_property
    def _cells(self) -> dict[str, Cells]:
        return {}

    def cells(self, name: str) -> Cells:
        """A feature's cells, cut once."""
        if name not in self._cells:
            self._cells[name] = cut(self.column(name, self.train), self.column(name, self.later))
        return self._cells[name]


def cut(train: pd.Series, later: pd.Series) -> Cells:
    """Categories as they are; numbers as single values where few or frequent, else in bins.

    Args:
        train: The column on training rows; bins are made from these.
        later: The column on later rows.
    """
    if isinstance(train.dtype, pd.CategoricalDtype):
        codes = [part.cat.codes.to_numpy().astype(np.intp) + 1 for part in (train, later)]
        n_categories = len(train.cat.categories)
        return Cells(
            train=codes[0],
            later=codes[1],
            n_cells=n_categories + 1,
            null=0,
            n_values=n_categories,
        )
    numbers, asked = (part.to_numpy(dtype=np.float64) for part in (train, later))
    known = np.sort(numbers[~np.isnan(numbers)])
    if known.size == 0:
        nothing = np.zeros(len(numbers), dtype=np.intp), np.zeros(len(asked), dtype=np.intp)
        return Cells(train=nothing[0], later=nothing[1], n_cells=1, null=0, n_values=0)
    n_values = min(int((np.diff(known) > 0).sum()) + 1, _FEW_VALUES + 1)
    if n_values <= _FEW_VALUES:
        edges = np.unique(known)
    else:
        edges = np.unique(known[np.linspace(0, len(known) - 1, _N_BINS + 1).astype(np.intp)])
    return Cells(
        train=_binned(numbers, edges),
        later=_binned(asked, edges),
        n_cells=2 * len(edges) + 2,
        null=2 * len(edges) + 1,
        n_values=n_values,
    )


def rates(codes: Codes, label: NDArray[np.bool_], n_cells: int, smoothing: float) -> Floats:
    """Share of positives in each cell, drawn towards the overall share.

    Args:
        codes: Cell of each row.
        label: Whether each row is positive.
        n_cells: Number of cells.
        smoothing: Weight of the overall share, in rows.
    """
    seen = np.bincount(codes, minlength=n_cells)
    positive = np.bincount(codes, weights=label, minlength=n_cells)
    smoothed: Floats = (positive + smoothing * float(label.mean())) / (seen + smoothing)
    return smoothed


def of_unit_size(numbers: Floats) -> Floats:
    """Columns divided by their largest value, so that squares stay finite, (n, n_columns)."""
    largest = np.nanmax(np.abs(numbers), axis=0, initial=0.0)
    scaled: Floats = numbers / np.where(largest > 0, largest, 1.0)
    return scaled


def _binned(numbers: Floats, edges: Floats) -> Codes:
    """Between edges, and on each edge apart: frequent values have edges of their own."""
    codes = np.searchsorted(edges, numbers, side="left")
    codes += np.searchsorted(edges, numbers, side="right")
    codes[np.isnan(numbers)] = 2 * len(edges) + 1
    return codes


def _spread(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.intp)]
