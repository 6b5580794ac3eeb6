"""Windows: from dates and durations in a config to instants, at one origin or several."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

import numpy as np
import pandas as pd

from harness.data.dataset import Dataset
from harness.data.duration import Duration
from harness.data.split import Split, Windows, split_by_time
from harness.data.time_column import read_instant
from harness.errors import ConfigError
from harness.settings import RollingSplit, TemporalSplit

# When each row tells when its label was known, the gap covers this share of rows; the
# rest leave training one by one.
_GAP_QUANTILE = 0.99


@singledispatch
def split_windows(settings: object, dataset: Dataset) -> tuple[Split, ...]:
    """Splits at every origin, earliest first; the last one is judged.

    Args:
        settings: One of the split settings.
        dataset: Rows to split.

    Raises:
        ConfigError: If a window is empty, overlaps another or lies outside the data.
    """
    raise ConfigError(f"split: {type(settings).__name__} is no split this harness knows")


@split_windows.register
def _(settings: TemporalSplit, dataset: Dataset) -> tuple[Split, ...]:
    return (_split(dataset, _windows(settings, dataset), settings.entity),)


@split_windows.register
def _(settings: RollingSplit, dataset: Dataset) -> tuple[Split, ...]:
    last = _windows(settings, dataset)
    step = Duration.parse("split.step", settings.step or settings.test)
    splits = []
    for _ in range(settings.origins):
        splits.append(_split(dataset, last, settings.entity))
        last = Windows(
            train_start=step.before(last.train_start) if last.train_start is not None else None,
            train_end=step.before(last.train_end),
            validation_start=step.before(last.validation_start),
            validation_end=step.before(last.validation_end),
            test_start=step.before(last.test_start),
            test_end=step.before(last.test_end),
        )
    return tuple(reversed(splits))


def trial_windows(splits: tuple[Split, ...], dataset: Dataset) -> tuple[Split, ...]:
    """Splits of a trial: judged on the second half of validation, blind to the test window.

    The threshold is chosen on the first half, so the figures of the second are of rows that chose
    nothing. No gap parts the halves: the threshold of a score needs none, and a short validation
    window would not survive it.

    Args:
        splits: As `split_windows` gives them, the judged one last.
        dataset: Rows to split.

    Raises:
        ConfigError: If validation spans less than two days.
    """
    *earlier, last = splits
    windows, rows = last.windows, last.validation
    local = dataset.local_time()[rows]
    day = local.tz_localize(None).normalize()
    days = np.unique(day)
    if len(days) < 2:
        raise ConfigError(
            "split.validation: a trial is judged on the second half of validation, whose rows lie on "
            f"{len(days)} day; choose a longer window"
        )
    middle = days[len(days) // 2]
    is_first = np.asarray(day < middle)
    cut = pd.Timestamp(middle).tz_localize(
        windows.test_start.tz, nonexistent="shift_forward", ambiguous=True
    )
    split = Split(
        train=last.train,
        validation=rows[is_first],
        test=rows[~is_first],
        windows=replace(
            windows,
            validation_end=cut,
            test_start=cut,
            test_end=windows.validation_end,
            closed=(windows.test_start, windows.test_end),
        ),
        dropped={**last.dropped, "in the test window, which stays closed": len(last.test)},
    )
    return (*(s for s in earlier if s.windows.test_end <= windows.test_start), split)


def _windows(settings: TemporalSplit, dataset: Dataset) -> Windows:
    local = dataset.local_time()
    zone = str(dataset.timezone)
    first, last = local.min(), local.max()
    test_end = _date("test_end", settings.test_end, zone) or _next_midnight(last)
    gap = _gap(settings, dataset)
    test_start = _date("test_start", settings.test_start, zone)
    if test_start is None:
        test_start = _length("test", settings.test).before(test_end)
    validation_start = _date("validation_start", settings.validation_start, zone)
    if validation_start is None:
        validation_start = _length("validation", settings.validation).before(test_start)
    validation_end, train_end = gap(test_start), gap(validation_start)
    train_start = (
        _length("train", settings.train).before(train_end) if settings.train is not None else None
    )
    span = f"data: {first:%Y-%m-%d} .. {last:%Y-%m-%d}"
    if not test_start < test_end or test_start > last:
        raise ConfigError(
            f"split.test_start: {test_start:%Y-%m-%d} leaves no test window before "
            f"{test_end:%Y-%m-%d} ({span}); choose an earlier date"
        )
    if not validation_start < validation_end:
        raise ConfigError(
            f"split: validation from {validation_start:%Y-%m-%d %H:%M} and the gap before test "
            f"(from {validation_end:%Y-%m-%d %H:%M}) overlap; shorten split.gap or move validation"
        )
    if train_end <= first:
        raise ConfigError(
            f"split: training would end {train_end:%Y-%m-%d %H:%M}, before the first row ({span}); "
            "shorten split.validation, split.test or split.gap"
        )
    return Windows(
        train_start=train_start,
        train_end=train_end,
        validation_start=validation_start,
        validation_end=validation_end,
        test_start=test_start,
        test_end=test_end,
    )


class _Gap:
    def __init__(self, duration: Duration | None, delta: pd.Timedelta) -> None:
        self._duration, self._delta = duration, delta

    def __call__(self, instant: pd.Timestamp) -> pd.Timestamp:
        return self._duration.before(instant) if self._duration else instant - self._delta


def _gap(settings: TemporalSplit, dataset: Dataset) -> _Gap:
    """The gap as configured, or as long as labels take to become known."""
    if settings.gap is not None:
        return _Gap(Duration.parse("split.gap", settings.gap), pd.Timedelta(0))
    delay = dataset.label_known - dataset.time
    hours = np.quantile(delay.astype(np.int64) / 3_600e6, _GAP_QUANTILE)
    return _Gap(None, pd.Timedelta(hours=int(np.ceil(hours))))


def _length(name: str, text: str) -> Duration:
    duration = Duration.parse(f"split.{name}", text)
    if duration.count == 0:
        raise ConfigError(f"split.{name}: '{text}' is an empty window; choose a longer one")
    return duration


def _date(name: str, text: str | None, zone: str) -> pd.Timestamp | None:
    if text is None:
        return None
    return read_instant(f"split.{name}", str(text), zone)


def _next_midnight(instant: pd.Timestamp) -> pd.Timestamp:
    return (instant.tz_localize(None).normalize() + pd.Timedelta(days=1)).tz_localize(instant.tz)


def _split(dataset: Dataset, windows: Windows, entity_column: str | None) -> Split:
    entity = None
    if entity_column is not None:
        if dataset.roles.entity == entity_column:
            entity = dataset.entity
        elif entity_column in dataset.frame:
            entity = dataset.frame[entity_column].astype(str).to_numpy(dtype=object)
        else:
            raise ConfigError(
                f"split.entity: no column '{entity_column}' was read; name it under dataset.entity"
            )
    return split_by_time(dataset.time, dataset.label_known, windows, entity=entity)
