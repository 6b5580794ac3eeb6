"""Look: what a table tells about itself, each guess with its reason."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from harness.data.column_reading import time_values
from harness.data.dataset import Dataset
from harness.data.label_column import NO, YES, matching_values, read_label
from harness.data.table import dataset_of, features_of, raw_rows
from harness.data.table_file import open_table
from harness.data.time_column import detect_time_format, looks_like_times, read_time
from harness.data.time_format import TimeFormat, TimeStyle, parse_time_format
from harness.errors import ConfigError, DataError, HarnessError, did_you_mean
from harness.settings import TableDataset

# Windows tried, longest first; the judged one takes at most this share of the time there is.
_WINDOWS = {"1y": 365, "6mo": 183, "3mo": 92, "2mo": 61, "1mo": 31, "2w": 14, "1w": 7, "3d": 3}
_TEST_SHARE = 1 / 6
_MOST_SEGMENTS, _MOST_VALUES, _LEAST_SHARE = 2, 12, 0.02
_REPEATED = 0.9  # an identifier of rows has a value for each; one of entities comes again
_NO_NUMBERS = ("0", "-1")  # beside another number or word, these mean no
_UNITS = (("day", 1e5), ("s", 1e11), ("ms", 1e14), ("us", 1e17), ("ns", 1e20))
_IDENTIFIER = re.compile(r"(^|[_\W])(id|uuid|guid|key)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """A table's roles, as far as it tells them.

    Attributes:
        settings: Roles found.
        dataset: Its rows, read with them.
        window: Length of validation and of the test window, such as 2mo.
        n_test_days: Days that makes.
        later_times: Columns with times that never lie before the prediction.
        entities: Columns that name who or what a row is about, perhaps.
        notes: What was guessed, and why.
    """

    settings: TableDataset
    dataset: Dataset
    window: str
    n_test_days: int
    later_times: tuple[str, ...]
    entities: tuple[str, ...]
    notes: tuple[str, ...]


def look_at(
    path: Path,
    time: str | None,
    label: str | None,
    positive: str | None = None,
    time_format: str | None = None,
) -> Looked:
    """Read a table and guess what was not said.

    Args:
        path: CSV, Parquet, or a folder of Parquet.
        time: Column with the time of the prediction; None where there is but one.
        label: Column with the outcome; None where there is but one of two values.
        positive: Which of its values counts as positive; None where they say so.
        time_format: How the times are written; None where they show it.

    Raises:
        ConfigError: If a column does not exist, or cannot be guessed.
        DataError: If the table cannot be used.
    """
    if not path.exists():
        raise ConfigError(f"no file at {path}; check the spelling and the folder")
    file = open_table(path)
    names = [name for name in file.names if name not in file.index or name in (time, label)]
    rows = raw_rows(
        TableDataset(), file.read(names), is_typed=file.is_typed, delimiter=file.delimiter
    )
    frame = pd.DataFrame({name: rows.series(name) for name in names})
    notes: list[str] = [*file.notes, *rows.notes]
    if label in frame and _n_values(frame[label]) == 0:
        raise DataError(f"--label: column '{label}' holds no outcome; name one with two values")
    time = time or _only_time(frame, notes)
    label = label or _only_label(frame, time, notes)
    for flag, name in (("--time", time), ("--label", label)):
        if name not in frame:
            raise ConfigError(
                f"{flag}: no column '{name}'; {did_you_mean(name, [str(c) for c in frame])}"
            )
    values = time_values(time, rows.table.column(time))
    written = _time_format(values, time, time_format, notes)
    when = read_time("--time", values, unit=None, timezone="UTC", format=written)
    is_count = written.style is TimeStyle.EPOCH
    settings = TableDataset(
        path=str(path),
        time=time,
        time_unit=written.unit if is_count else None,
        time_format=None if is_count or written.style is TimeStyle.ISO else written.name,
        label=label,
        positive=_positive(frame[label], positive, notes),
    )
    entities = _entities(frame, {time, label})
    if ignored := [n for n in entities if pd.api.types.is_numeric_dtype(frame[n].dtype)]:
        notes += [f"{name}: left out, it looks like an identifier" for name in ignored]
    settings = replace(settings, ignore=ignored)
    found = features_of(settings, rows)
    notes += found.notes
    segments = _segments(frame, found.categorical)
    settings = replace(settings, segments=segments, rule_columns=segments)
    window, n_test_days = _window(when)
    later_times = _later_times(frame, time, when, notes)
    return Looked(
        settings=settings,
        dataset=dataset_of(settings, rows, path.stem, path.name, features=found),
        window=window,
        n_test_days=n_test_days,
        later_times=later_times,
        entities=tuple(n for n in entities if _n_values(frame[n]) < _REPEATED * len(frame)),
        notes=tuple(notes),
    )


def _only_time(frame: pd.DataFrame, notes: list[str]) -> str:
    found = [str(name) for name in frame if looks_like_times(frame[name], integers=True)]
    if len(found) != 1:
        which = f"{len(found)} hold times ({', '.join(found[:6])})" if found else "none holds times"
        raise ConfigError(f"--time: say which column tells when the prediction is made; {which}")
    notes.append(f"{found[0]}: the time of the prediction, because no other column holds times")
    return found[0]


def _only_label(frame: pd.DataFrame, time: str, notes: list[str]) -> str:
    found = [str(name) for name in frame if name != time and _n_values(frame[name]) == 2]
    if len(found) != 1:
        which = (
            f"{len(found)} have two values ({', '.join(found[:6])})" if found else "none has two"
        )
        raise ConfigError(f"--label: say which column holds the outcome; {which}")
    notes.append(f"{found[0]}: the outcome, because no other column has two values")
    return found[0]


def _n_values(column: pd.Series) -> int:
    """Distinct values; 0 of lists and structs, which cannot be compared."""
    try:
        return int(column.nunique(dropna=True))
    except TypeError:
        return 0


def _time_format(column: pd.Series, name: str, asked: str | None, notes: list[str]) -> TimeFormat:
    """How times are written: as asked, as they show, or counts in the unit that makes sense.

    Raises:
        ConfigError: If they can be read in several ways.
    """
    if asked is not None:
        return parse_time_format("--time-format", asked)
    try:
        return detect_time_format(column, name=name, key="--time", notes=notes)
    except ConfigError as unclear:
        is_number = pd.api.types.is_numeric_dtype(column.dtype) and column.notna().any()
        if not is_number:
            raise ConfigError(f"{unclear}; or pass --time-format") from unclear
    largest = float(column.abs().max())
    unit = next((unit for unit, limit in _UNITS if largest < limit), "ns")
    days = read_time("--time", column, unit=unit, timezone="UTC").astype("datetime64[D]")
    notes.append(f"{name}: {unit} since 1970, which makes {days.min()} .. {days.max()}")
    return TimeFormat(style=TimeStyle.EPOCH, unit=unit)


def _positive(column: pd.Series, given: str | None, notes: list[str]) -> str | None:
    if given is None:
        try:
            read_label(column)
        except ConfigError:
            return _obvious(column, notes)
        return None
    values = list(column.dropna().unique())
    chosen = matching_values(values, given)
    if len(chosen) != 1:
        shown = ", ".join(sorted(map(str, values))[:6])
        raise ConfigError(
            f"--positive: '{given}' is not a value of column '{column.name}' ({shown})"
        )
    return str(chosen[0])


def _obvious(column: pd.Series, notes: list[str]) -> str:
    """The value that says it is positive, or whose counterpart says it is not.

    Raises:
        ConfigError: If neither does: of 1 and 2, or good and bad, only the owner knows.
    """
    values = list(column.dropna().unique())
    says_yes = [v for v in values if _written(v) in YES]
    says_no = [v for v in values if _written(v) in NO or _written(v) in _NO_NUMBERS]
    if len(says_yes) == 1:
        chosen, why = says_yes[0], "it says so"
    elif not says_yes and len(says_no) == 1:
        chosen, why = next(v for v in values if v is not says_no[0]), f"'{says_no[0]}' says no"
    else:
        one, other = sorted(map(str, values))
        raise ConfigError(
            f"--positive: column '{column.name}' holds '{one}' and '{other}', and neither says that it is "
            f"the outcome to predict; type --positive {shlex.quote(one)} or --positive "
            f"{shlex.quote(other)}"
        )
    notes.append(f"{column.name}: '{chosen}' counts as positive, because {why}")
    return str(chosen)


def _written(value: object) -> str:
    return str(value).strip().casefold().removesuffix(".0")


def _entities(frame: pd.DataFrame, taken: set[str]) -> list[str]:
    """Columns named like an identifier whose values tell many rows apart."""
    found = []
    for name in map(str, frame.columns):
        column = frame[name]
        is_float = pd.api.types.is_float_dtype(column.dtype)
        if name in taken or is_float or not _IDENTIFIER.search(name):
            continue
        if _n_values(column) > max(50, 0.01 * len(frame)):
            found.append(name)
    return found


def _segments(frame: pd.DataFrame, categorical: tuple[str, ...]) -> list[str]:
    """Categories of a few values, none of them rare."""
    found = []
    for name in categorical:
        shares = frame[name].value_counts(normalize=True)
        if 2 <= len(shares) <= _MOST_VALUES and shares.iloc[-1] >= _LEAST_SHARE:
            found.append(name)
    return found[:_MOST_SEGMENTS]


def _later_times(
    frame: pd.DataFrame, time: str, when: np.ndarray, notes: list[str]
) -> tuple[str, ...]:
    """Columns of times none of which lies before the prediction; others are only noted."""
    found = []
    for name in map(str, frame.columns):
        if name == time or not looks_like_times(frame[name], integers=True):
            continue
        try:
            other = read_time(name, frame[name], unit=None, timezone="UTC", allow_null=True)
        except HarnessError as error:  # a column nobody named is no reason to refuse the table
            reason = str(error).removeprefix(f"{name}: ").partition(";")[0]
            notes.append(f"{name}: not offered as dataset.label_time, {reason}")
            continue
        known = ~np.isnat(other)
        if known.any() and (other[known] >= when[known]).all():
            found.append(name)
    return tuple(found)


def _window(when: np.ndarray) -> tuple[str, int]:
    """The longest window that leaves enough to learn from.

    Raises:
        DataError: If the rows span too few days to be split by time.
    """
    n_days = int((when.max() - when.min()) / np.timedelta64(1, "D")) + 1
    for text, days in _WINDOWS.items():
        if days <= n_days * _TEST_SHARE:
            return text, days
    raise DataError(
        f"the rows span {n_days} days, too few to learn from some, choose on others and judge on "
        "the last; collect three weeks or more"
    )
