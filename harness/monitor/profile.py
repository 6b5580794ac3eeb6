"""Profile: what a table's columns look like, in kilobytes; profiles of parts merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data.dataset import as_category
from harness.monitor.sketch import N_VALUES, Sketch, merge, sketch

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
Rows = NDArray[np.intp] | slice

NUMERIC, CATEGORICAL = "numeric", "categorical"
MAX_CATEGORIES = 1_000
_ODD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio in 64 bits: mixes neighbouring values
_SHIFT = np.uint64(29)


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnProfile:
    """One column of some rows.

    Attributes:
        name: Column.
        kind: numeric or categorical.
        dtype: How the values arrived: number, text, bool, time.
        n_rows: Rows.
        n_null: Rows without a value.
        n_unreadable: Rows with text or an infinity where a number belongs.
        sketch: Distribution of the numbers; None for categories.
        counts: Rows by category, most first, at most 1,000 of them; empty for numbers.
        n_other: Rows of further categories.
        content: Hash of the values in their order: equal for columns that carry the same.
    """

    name: str
    kind: str
    dtype: str
    n_rows: int
    n_null: int
    n_unreadable: int = 0
    sketch: Sketch | None = None
    counts: Mapping[str, int]
    n_other: int = 0
    content: int = 0

    @property
    def n_valid(self) -> int:
        """Rows with a value that can be used."""
        return self.n_rows - self.n_null - self.n_unreadable

    @property
    def null_share(self) -> float:
        """Share of rows without a usable value; nan without rows."""
        return 1 - self.n_valid / self.n_rows if self.n_rows else float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """All columns of some rows.

    Attributes:
        columns: Profiles by column name; a column that was not there has none.
        n_rows: Rows.
        n_repeated: Rows that occurred before with the same values throughout.
    """

    columns: Mapping[str, ColumnProfile]
    n_rows: int
    n_repeated: int

    def merged(self, *others: Profile) -> Profile:
        """The profile of all rows together, from profiles made apart.

        Rows that several parts share are not found again as repeated.
        """
        parts = (self, *others)
        names = list(dict.fromkeys(name for part in parts for name in part.columns))
        return Profile(
            columns={
                name: _merged([p.columns[name] for p in parts if name in p.columns])
                for name in names
            },
            n_rows=sum(part.n_rows for part in parts),
            n_repeated=sum(part.n_repeated for part in parts),
        )


def profile_frame(
    frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> Profile:
    """Profile a table as it came; nothing in it can make this fail.

    Args:
        frame: Rows, whatever their types.
        numeric: Columns that should hold numbers.
        categorical: Columns that should hold categories.
    """
    return profile_windows([frame], numeric, categorical, [slice(None)], len(frame))[0]


def profile_column(column: pd.Series, kind: str) -> ColumnProfile:
    """One column of a table, as `profile_frame` sees it.

    Args:
        column: Its values, whatever their type.
        kind: numeric or categorical.
    """
    return _read(column, kind).profile(str(column.name), slice(None), _places(len(column)))


def profile_parts(
    column: pd.Series, kind: str, parts: Sequence[Rows], most: int | None = None
) -> list[ColumnProfile]:
    """Profiles of some of a column's rows, as `profile_column` would make each.

    Args:
        column: Its values, whatever their type.
        kind: numeric or categorical.
        parts: Row positions of each part.
        most: Values and categories each profile keeps at most; None keeps as many as of a table.
    """
    read, place = _read(column, kind), _places(len(column))
    return [read.profile(str(column.name), rows, place, most) for rows in parts]


def n_repeated_rows(frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> int:
    """Rows that occurred before with the same values throughout, as `profile_frame` counts them."""
    hashes = np.zeros(len(frame), dtype=np.uint64)
    kinds = dict.fromkeys(numeric, NUMERIC) | dict.fromkeys(categorical, CATEGORICAL)
    for name in map(str, frame.columns):
        if name in kinds:
            _mix_in(hashes, _read(frame[name], kinds[name]).hashes)
    return _n_repeated(hashes)


def profile_windows(
    blocks: Iterable[pd.DataFrame],
    numeric: Sequence[str],
    categorical: Sequence[str],
    windows: Sequence[Rows],
    n_rows: int,
) -> list[Profile]:
    """Profile several windows of a table that is read a few columns at a time.

    Args:
        blocks: The table's columns in parts, each of n_rows rows.
        numeric: Columns that should hold numbers.
        categorical: Columns that should hold categories.
        windows: Row positions of each window.
        n_rows: Rows of the table.
    """
    found: list[dict[str, ColumnProfile]] = [{} for _ in windows]
    hashes = np.zeros(n_rows, dtype=np.uint64)
    place = _places(n_rows)
    kinds = dict.fromkeys(numeric, NUMERIC) | dict.fromkeys(categorical, CATEGORICAL)
    for block in blocks:
        for name in map(str, block.columns):
            if name not in kinds:
                continue
            column = _read(block[name], kinds[name])
            _mix_in(hashes, column.hashes)
            for rows, columns in zip(windows, found, strict=True):
                columns[name] = column.profile(name, rows, place)
    return [
        Profile(columns=columns, n_rows=len(hashes[rows]), n_repeated=_n_repeated(hashes[rows]))
        for rows, columns in zip(windows, found, strict=True)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Column:
    """A column in one of two forms: numbers, or codes of categories (-1 is null)."""

    dtype: str
    numbers: Floats | None = None
    unreadable: NDArray[np.bool_] | None = None
    codes: NDArray[np.intp] | None = None
    categories: Sequence[str] = ()
    hashes: Hashes

    def profile(
        self, name: str, rows: Rows, place: Hashes, most: int | None = None
    ) -> ColumnProfile:
        content = int(np.dot(self.hashes[rows], place[rows]))
        if self.numbers is not None:
            values = self.numbers[rows]
            drawn = sketch(values, most or N_VALUES)
            n_unreadable = 0 if self.unreadable is None else int(self.unreadable[rows].sum())
            return ColumnProfile(
                name=name,
                kind=NUMERIC,
                dtype=self.dtype,
                n_rows=len(values),
                n_null=len(values) - drawn.n - n_unreadable,
                n_unreadable=n_unreadable,
                sketch=drawn,
                counts={},
                content=content,
            )
        assert self.codes is not None
        codes = self.codes[rows]
        counts = np.bincount(codes + 1, minlength=len(self.categories) + 1)
        order = np.argsort(-counts[1:], kind="stable")
        kept = [int(i) for i in order[: most or MAX_CATEGORIES] if counts[i + 1]]
        shown = {self.categories[i]: int(counts[i + 1]) for i in kept}
        return ColumnProfile(
            name=name,
            kind=CATEGORICAL,
            dtype=self.dtype,
            n_rows=len(codes),
            n_null=int(counts[0]),
            counts=shown,
            n_other=int(counts[1:].sum()) - sum(shown.values()),
            content=content,
        )


def _read(column: pd.Series, kind: str) -> _Column:
    dtype = _dtype(column)
    if kind == NUMERIC:
        numbers, unreadable = numbers_of(column)
        numbers = np.ascontiguousarray(numbers)
        return _Column(
            dtype=dtype, numbers=numbers, unreadable=unreadable, hashes=numbers.view(np.uint64)
        )
    category = category_of(column)
    names = [str(name) for name in category.categories]
    texts = pd.util.hash_array(np.array([*names, ""], dtype=object), categorize=False)
    return _Column(
        dtype=dtype,
        codes=category.codes.astype(np.intp),
        categories=names,
        hashes=texts[category.codes],
    )


def numbers_of(column: pd.Series) -> tuple[Floats, NDArray[np.bool_] | None]:
    """A column's finite numbers, nan elsewhere, and which values could not be read as one."""
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        values = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64)
        unreadable = np.isnan(values) & column.notna().to_numpy(dtype=bool)
    else:
        unreadable = np.zeros(0, dtype=bool)
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
        unreadable = infinite | unreadable if len(unreadable) else infinite
    return values, unreadable if unreadable.any() else None


def category_of(column: pd.Series) -> pd.Categorical:
    """A column as categories of text, whatever it holds."""
    try:
        return as_category(column)
    except TypeError:  # lists and the like
        return as_category(column.map(repr, na_action="ignore"))


def _dtype(column: pd.Series) -> str:
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "bool"
    if pd.api.types.is_numeric_dtype(kind):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "time"
    present = column.dropna()
    if (
        kind == np.dtype(object)
        and len(present)
        and pd.api.types.infer_dtype(present).startswith(
            ("floating", "integer", "mixed-integer-float", "decimal")
        )
    ):
        return "number"
    return "text" if len(present) else "null"


def _mix_in(hashes: Hashes, bits: Hashes) -> None:
    """Let each row's hash depend on one more column, in place."""
    hashes ^= bits
    hashes *= _ODD
    hashes ^= hashes >> _SHIFT


@lru_cache(maxsize=1)
def _places(n_rows: int) -> Hashes:
    """A weight for each place, so that a column's hash depends on the order of its values."""
    return _mixed(np.arange(1, n_rows + 1, dtype=np.uint64))


def _mixed(bits: Hashes) -> Hashes:
    mixed = bits * _ODD
    return (mixed ^ (mixed >> _SHIFT)) * _ODD


def _n_repeated(hashes: Hashes) -> int:
    ordered = np.sort(hashes)
    return int((ordered[1:] == ordered[:-1]).sum())


def _merged(parts: Sequence[ColumnProfile]) -> ColumnProfile:
    first = parts[0]
    counts: dict[str, int] = {}
    for part in parts:
        for name, count in part.counts.items():
            counts[name] = counts.get(name, 0) + count
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    kept = dict(ordered[:MAX_CATEGORIES])
    known = {part.dtype for part in parts} - {"null"}
    return ColumnProfile(
        name=first.name,
        kind=first.kind,
        dtype=first.dtype if len(known) != 1 else known.pop(),
        n_rows=sum(p.n_rows for p in parts),
        n_null=sum(p.n_null for p in parts),
        n_unreadable=sum(p.n_unreadable for p in parts),
        sketch=merge([p.sketch for p in parts if p.sketch]) if first.sketch else None,
        counts=kept,
        n_other=sum(p.n_other for p in parts) + sum(c for _, c in ordered[MAX_CATEGORIES:]),
        content=sum(p.content for p in parts) % 2**64,
    )
