"""Dataset: rows with a time, a label and features, ready to be split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.column_reading import ColumnReading, number_text
from harness.data.dialect import FileFormat
from harness.data.roles import Roles
from harness.data.time_format import TimeFormat
from harness.errors import DataError

# Takes features and what is shared; gives one value per row.
RowFunction = Callable[[pd.DataFrame, Any], NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Labelled rows; everything has shape (n_rows,) or (n_rows, ...), in one order.

    Attributes:
        name: What the data is called in documents.
        frame: Features, segments, values and after-outcome columns; numbers are
            float64, categories pandas categoricals of text.
        time: When each prediction is made, UTC, datetime64[us].
        label: Whether each row is positive.
        label_known: When each label became known, UTC, datetime64[us].
        entity: Who or what each row is about; None without that role.
        roles: What the columns mean.
        timezone: IANA zone whose midnights separate days.
        feature_times: When values of a feature were computed, by feature, UTC, NaT if unknown.
        other_times: Further time columns of the table, by name, UTC.
        key: Fingerprint of what it was read from and how; empty where that is not known.
        n_unlabelled: Rows kept out for want of a label.
        notes: Sentences about what was inferred or left out.
        source: Where the rows came from, for provenance.
        readings: How the feature columns of a file are read, by name; empty where they come from
            code.
        file: How the file was said to be written.
        time_format: How the prediction times of the file are written; None where they come from
            code.
    """

    name: str
    frame: pd.DataFrame
    time: NDArray[np.datetime64]
    label: NDArray[np.bool_]
    label_known: NDArray[np.datetime64]
    entity: NDArray[np.object_] | None
    roles: Roles
    timezone: str
    n_unlabelled: int
    notes: tuple[str, ...]
    source: str
    feature_times: Mapping[str, NDArray[np.datetime64]] = field(default_factory=dict)
    other_times: Mapping[str, NDArray[np.datetime64]] = field(default_factory=dict)
    key: str = ""
    readings: Mapping[str, ColumnReading] = field(default_factory=dict)
    file: FileFormat = field(default_factory=FileFormat)
    time_format: TimeFormat | None = None

    def __len__(self) -> int:
        return len(self.label)

    @property
    def features(self) -> pd.DataFrame:
        """Feature columns only, in role order, shape (n_rows, n_features)."""
        return self.frame[list(self.roles.features)]

    def take(self, rows: NDArray[np.intp]) -> pd.DataFrame:
        """Features of some rows, in their order, shape (n_rows, n_features)."""
        return self.features.iloc[rows]

    def map_rows(
        self, function: RowFunction, rows: NDArray[np.intp], shared: Any
    ) -> NDArray[np.generic]:
        """Apply a function to the features of some rows, all at once or part by part.

        Args:
            function: A module's own function of features and `shared`; one value per row.
            rows: Row positions, shape (n_rows,), any order.
            shared: What it needs besides.

        Returns:
            Its values in the order of `rows`, shape (n_rows,).
        """
        return function(self.take(rows), shared)

    def sampled_of(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Those of some rows whose features are in memory; here all of them."""
        return rows

    def local_time(self) -> pd.DatetimeIndex:
        """Prediction times in the dataset's time zone."""
        return pd.DatetimeIndex(self.time).tz_localize("UTC").tz_convert(self.timezone)


def as_features(
    frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> pd.DataFrame:
    """Bring feature columns to the two types everything downstream sees.

    Args:
        frame: Table with at least the named columns.
        numeric: Columns that become float64 with nan for null.
        categorical: Columns that become categoricals of text.

    Raises:
        DataError: If a numeric column holds text or an infinite value.
    """
    columns: dict[str, object] = {}
    for name in numeric:
        column = frame[name]
        try:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"column '{name}': cannot be read as numbers ({error}); "
                "list it under dataset.categorical or dataset.ignore"
            ) from error
        infinite = np.isinf(values)
        if infinite.any():
            row = int(np.flatnonzero(infinite)[0])
            raise DataError(
                f"column '{name}': {int(infinite.sum())} infinite values (first in row {row}); "
                "replace them by a number or null, or list the column under dataset.ignore"
            )
        columns[name] = values
    for name in categorical:
        columns[name] = as_category(frame[name])
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def as_category(column: pd.Series) -> pd.Categorical:
    """A column as categorical of text; whole floats lose their `.0`."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = pd.Categorical(column)
    else:
        values = pd.Categorical(column.where(column.notna(), None))
    names = [_text(category) for category in values.categories]
    if names == list(values.categories):
        return values
    lookup = np.array([*names, None], dtype=object)
    return pd.Categorical(lookup[values.codes])


def _text(value: object) -> str:
    return number_text(value) if isinstance(value, float) else str(value)
