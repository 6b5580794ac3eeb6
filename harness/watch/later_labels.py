"""Later labels: outcomes that came in a table of their own, joined to rows by a key."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.label_column import read_outcomes
from harness.data.table_file import column_names, read_columns
from harness.errors import ConfigError, DataError


def later_labels(
    labels: Path,
    key: str | None,
    columns: Collection[str],
    read: Callable[[str], pd.Series],
    *,
    name: str | None,
    positive: Any,
) -> NDArray[np.float64]:
    """Labels of rows: 1, 0, or nan where the table has none, shape (n_rows,).

    Args:
        labels: Table with the key and the outcome.
        key: Column that both share.
        columns: Columns the rows have.
        read: Gives one of them as exact text, None for null: a key that passed through floats is
            another key.
        name: Label column of the protocol; where the table lacks it, its first other column.
        positive: Value that counts as positive, as in the protocol.

    Raises:
        ConfigError: If there is no such key, or nothing besides it.
        DataError: If a key has several labels, or none is any row's.
    """
    names = column_names(labels, key="--labels")
    if key is None or key not in names or key not in columns:
        shared = sorted(set(names) & set(columns))
        raise ConfigError(
            f"--key {key}: not a column of both tables; they share {', '.join(shared) or 'none'}"
        )
    outcome = name if name in names else next((n for n in names if n != key), None)
    if outcome is None:
        raise ConfigError(f"--labels {labels}: has no column besides {key}")
    table = read_columns(labels, [key, outcome], key="--labels", text=[key])
    table = table[table[outcome].notna() & table[key].notna()]
    if table[key].duplicated().any():
        twice = table.loc[table[key].duplicated(), key].iloc[0]
        raise DataError(f"--labels {labels}: {key} {twice} has several labels; keep the last one")
    value = pd.Series(read_outcomes(table[outcome], positive), index=table[key].to_numpy())
    names_of_rows = read(key)
    joined = names_of_rows.map(value)
    if joined.isna().all():
        known = names_of_rows.dropna()
        raise DataError(
            f"--labels {labels}: no {key} of it occurs in the table ('{value.index[0]}' there, "
            f"'{known.iloc[0] if len(known) else 'null'}' here)"
            if len(value)
            else f"--labels {labels}: has no label"
        )
    return np.asarray(joined, dtype=np.float64)
