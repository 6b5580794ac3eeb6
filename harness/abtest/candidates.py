"""Candidates: columns of a log that could be what an error asks for, likely ones first."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from harness.data.table_file import column_names, read_columns

# A test of more variants than this is unheard of; a column with more values names something else.
MOST_VARIANTS = 10
_VARIANT_WORDS = re.compile(r"variant|arm|group|bucket|treat|cell|branch|assign", re.IGNORECASE)
_UNIT_WORDS = re.compile(
    r"(?:^|_)(?:id|uid|uuid|key)(?:$|_)|user|customer|account|visitor|device|unit|member|client|session",
    re.IGNORECASE,
)
# A unit's name occurs once; more than this share of distinct values is an id, or nearly.
_DISTINCT_UNITS = 0.5


def role_candidates(path: Path, role: str, *, key: str) -> list[str]:
    """Columns that could be a log's unit or variant.

    Args:
        path: The log.
        role: unit or variant.
        key: What the file is called in errors.
    """
    frame = read_columns(path, column_names(path, key=key), key=key)
    fits, words = {
        "unit": (_could_name_units, _UNIT_WORDS),
        "variant": (_could_hold_variants, _VARIANT_WORDS),
    }[role]
    found = [str(name) for name in frame.columns if fits(frame[name])]
    return sorted(found, key=lambda name: words.search(name) is None)  # stable: else as in the file


def metric_candidate(path: Path, roles: Collection[str | None], *, key: str) -> str:
    """A column of numbers that has no other role, or a word that stands for one."""
    frame = read_columns(path, column_names(path, key=key), key=key)
    names: Sequence[str] = [
        str(name)
        for name in frame.columns
        if name not in roles and pd.api.types.is_numeric_dtype(frame[name])
    ]
    ids = {name for name in names if _UNIT_WORDS.search(name) and _could_name_units(frame[name])}
    return next((name for name in reversed(names) if name not in ids), "COLUMN")


def _could_hold_variants(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column) or not _is_discrete(column):
        return False
    return 2 <= column.nunique() <= MOST_VARIANTS


def _could_name_units(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column) or not _is_discrete(column):
        return False
    return column.nunique() > max(MOST_VARIANTS, _DISTINCT_UNITS * column.notna().sum())


def _is_discrete(column: pd.Series) -> bool:
    """Text or whole numbers; neither times nor measurements."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return False
    if pd.api.types.is_float_dtype(column):
        known = column.dropna()
        return bool((known == known.round()).all()) and known.nunique() > MOST_VARIANTS
    if pd.api.types.is_numeric_dtype(column):
        return True
    text = column.dropna().astype("string")
    return not bool(text.head(100).str.fullmatch(r"\d{4}-\d\d-\d\d.*").any())
