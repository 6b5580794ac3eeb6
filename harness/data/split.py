"""Split: which rows may teach, tune and judge a model, by time alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Instants that bound the windows, in the dataset's time zone; all half-open.

    Attributes:
        train_start: First instant of training; None takes the first row.
        train_end: First instant after training: `validation_start` less the gap.
        validation_start: First instant of validation.
        validation_end: First instant after validation: `test_start` less the gap.
        test_start: First instant of test.
        test_end: First instant after test.
        closed: Bounds of the test window a trial keeps closed; `test` is then the trial window,
            the second half of validation.
    """

    train_start: pd.Timestamp | None
    train_end: pd.Timestamp
    validation_start: pd.Timestamp
    validation_end: pd.Timestamp
    test_start: pd.Timestamp
    test_end: pd.Timestamp
    closed: tuple[pd.Timestamp, pd.Timestamp] | None = None

    @property
    def judged(self) -> str:
        """What the window that is judged is called."""
        return "test" if self.closed is None else "trial"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Row positions of three windows, each of shape (n_window_rows,), in time order.

    Attributes:
        windows: The instants that bound them.
        dropped: Rows in no window, by reason.
    """

    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]
    windows: Windows
    dropped: dict[str, int]


def split_by_time(
    time: NDArray[np.datetime64],
    label_known: NDArray[np.datetime64],
    windows: Windows,
    *,
    entity: NDArray[np.object_] | None = None,
) -> Split:
    """Cut rows into train | gap | validation | gap | test.

    A row enters an earlier window only if its label was known before the next window
    opens: nothing is learned from what was not yet observed.

    Args:
        time: When each prediction is made, UTC, shape (n_rows,), any order.
        label_known: When each label became known, UTC, shape (n_rows,); NaT if never.
        windows: Bounds of the windows.
        entity: When given, rows of an entity met in a later window leave the earlier ones.

    Returns:
        Positions into `time`; rows in a gap or labelled too late are in none.

    Raises:
        DataError: If a row has no time.
        ConfigError: If a window would be empty.

    Example:
        >>> day = np.arange("2013-01-01", "2013-01-11", dtype="datetime64[D]")
        >>> at = lambda text: pd.Timestamp(text, tz="UTC")
        >>> split = split_by_time(day, day + 1, Windows(
        ...     train_start=None, train_end=at("2013-01-05"), validation_start=at("2013-01-06"),
        ...     validation_end=at("2013-01-08"), test_start=at("2013-01-09"),
        ...     test_end=at("2013-01-11")))
        >>> split.train.tolist(), split.validation.tolist(), split.test.tolist()
        ([0, 1, 2, 3], [5, 6], [8, 9])
        >>> split.dropped
        {'in the gap before validation': 1, 'in the gap before test': 1}
    """
    n_untimed = int(np.isnat(time).sum())
    if n_untimed:
        raise DataError(
            f"dataset.time: {n_untimed} of {time.size} rows have no time; drop or repair them"
        )
    train_start = _utc(windows.train_start) if windows.train_start is not None else time.min()
    validation_start, test_start = _utc(windows.validation_start), _utc(windows.test_start)
    train_end, validation_end = _utc(windows.train_end), _utc(windows.validation_end)
    test_end = _utc(windows.test_end)

    in_train = (time >= train_start) & (time < train_end)
    in_validation = (time >= validation_start) & (time < validation_end)
    in_test = (time >= test_start) & (time < test_end)
    dropped = {
        "before the training window": (time < train_start),
        "in the gap before validation": (time >= train_end) & (time < validation_start),
        "label not known when validation opens": in_train & ~(label_known < validation_start),
        "in the gap before test": (time >= validation_end) & (time < test_start),
        "label not known when test opens": in_validation & ~(label_known < test_start),
        "label never known": in_test & np.isnat(label_known),
        "after the test window": (time >= test_end),
    }
    masks = {
        "train": in_train & (label_known < validation_start),
        "validation": in_validation & (label_known < test_start),
        "test": in_test & ~np.isnat(label_known),
    }
    if entity is not None:
        dropped |= _purge_entities(masks, entity)
    for window, mask in masks.items():
        if not mask.any():
            raise ConfigError(
                f"split: no labelled row falls into {window} (windows: {describe(windows)}; data: "
                f"{time.min()} .. {time.max()}); move the window's dates or shorten split.gap"
            )
    order = {name: _in_time_order(mask, time) for name, mask in masks.items()}
    counts = {reason: int(rows.sum()) for reason, rows in dropped.items()}
    return Split(**order, windows=windows, dropped={reason: n for reason, n in counts.items() if n})


def describe(windows: Windows) -> str:
    """The windows in one line."""
    first = (
        f"{windows.train_start:%Y-%m-%d %H:%M}" if windows.train_start is not None else "first row"
    )
    closed = ""
    if windows.closed is not None:
        start, end = windows.closed
        closed = f"; test {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} stays closed"
    return (
        f"train {first} to {windows.train_end:%Y-%m-%d %H:%M}, validation "
        f"{windows.validation_start:%Y-%m-%d %H:%M} to {windows.validation_end:%Y-%m-%d %H:%M}, "
        f"{windows.judged} {windows.test_start:%Y-%m-%d %H:%M} to {windows.test_end:%Y-%m-%d %H:%M}"
        f"{closed}"
    )


def _utc(instant: pd.Timestamp) -> np.datetime64:
    return instant.tz_convert("UTC").tz_localize(None).to_datetime64()


def _in_time_order(mask: NDArray[np.bool_], time: NDArray[np.datetime64]) -> NDArray[np.intp]:
    rows = np.flatnonzero(mask)
    return rows[np.argsort(time[rows], kind="stable")]


def _purge_entities(
    masks: dict[str, NDArray[np.bool_]], entity: NDArray[np.object_]
) -> dict[str, NDArray[np.bool_]]:
    codes = pd.factorize(entity)[0]
    later = np.isin(codes, codes[masks["validation"] | masks["test"]])
    in_test = np.isin(codes, codes[masks["test"]])
    purged = {
        "entity met again in validation or test": masks["train"] & later,
        "entity met again in test": masks["validation"] & in_test,
    }
    masks["train"] &= ~later
    masks["validation"] &= ~in_test
    return purged
