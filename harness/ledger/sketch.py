"""Sketch: the labels of a window in a few kilobytes, to be recognised in another table.

A look at labels is a look, whatever the column, the zone or the file is called, and whether or
not a few rows are missing. So a window keeps up to 1,536 *cells*, chosen by the hash of their
time: short stretches of time with a 16-bit hash of the labels in them. A later window, whose
rows are all at hand, counts in how many of these stretches it holds the same labels. Six grids
make this robust: single moments survive a subset of the rows; hours survive jitter and rounding;
days survive times cut to dates; and a second grid of hours and of days, half a cell apart,
catches rows that jitter moved over an edge of the first. `harness.ledger.recognise` compares.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import LedgerError

Times = NDArray[np.int64]
Hashes = NDArray[np.uint64]

# All times are in microseconds.
_SECOND = 1_000_000
HOUR, DAY = 3_600 * _SECOND, 86_400 * _SECOND
_TOLERANCE = 2 * _SECOND  # by which a single moment may move


@dataclass(frozen=True, slots=True)
class _Grid:
    width: int
    kept: int  # cells
    tolerances: tuple[int, ...]  # rows by which a cell may differ


GRIDS = (
    _Grid(1, 384, (0,)),  # single moments to the microsecond, for many rows a second
    _Grid(2 * _TOLERANCE + _SECOND, 384, (0,)),  # single moments, give or take
    _Grid(HOUR, 256, (0, 1, 2)),
    _Grid(HOUR, 256, (0, 1, 2)),  # from half past to half past
    _Grid(DAY, 128, (0, 1, 2)),  # local days
    _Grid(DAY, 128, (0, 1, 2)),  # from noon to noon
)
MOMENTS = (0, 1)
_ENTITIES = 384  # of those, a day each, kept
VERSION = "1:"


@dataclass(frozen=True, slots=True, eq=False)
class LabelSequence:
    """All labels of a window in time order, each shape (n_rows,) unless said otherwise.

    Attributes:
        time: UTC microseconds, ascending.
        value: Hash of each label.
        day: Local day of each row, 0 .. n_days - 1.
        midnight: UTC microsecond at which each local day begins, shape (n_days,).
        is_two_valued: Whether classes may be swapped.
        entity: Hash of who or what each row is about; None where that is not known.
        total: Sum of the hashes before each row, shape (n_rows + 1,).
        run: Number of the run of equal labels each row lies in.
        collision: The chance that two independent rows have the same label.
        shares: Of the two classes, where there are two.
    """

    time: Times
    value: Hashes
    day: NDArray[np.intp]
    midnight: Times
    is_two_valued: bool
    entity: Hashes | None
    total: Hashes
    run: NDArray[np.intp]
    collision: float
    shares: tuple[float, float]

    def swapped(self) -> LabelSequence:
        """The same rows with positives and negatives exchanged."""
        value = CLASSES.sum() - self.value
        return replace(self, value=value, total=_total(value), shares=self.shares[::-1])


def label_sequence(
    time: Times,
    target: NDArray[np.generic],
    day: NDArray[np.intp],
    midnight: Times,
    entity: Hashes | None = None,
) -> LabelSequence:
    """Bring a window's labels into time order; a table repeated as a whole counts once.

    Args:
        time: UTC microseconds, shape (n_rows,), any order.
        target: The labels, of any type of fixed width, shape (n_rows,).
        day: Local day of each row, 0 .. n_days - 1.
        midnight: UTC microsecond at which each local day begins, shape (n_days,).
        entity: Hash of who or what each row is about, shape (n_rows,).
    """
    value, is_two_valued = _hashed(target)
    order = in_order(time, value)
    starts = np.flatnonzero(is_new(time[order]) | is_new(value[order]))
    n_times = int(np.gcd.reduce(np.diff(np.append(starts, len(time)))))
    order = order[:: n_times if len(starts) > 1 else 1]
    value = value[order]
    share = np.unique(value, return_counts=True)[1] / max(len(value), 1)
    return LabelSequence(
        time=time[order],
        value=value,
        day=day[order],
        midnight=midnight,
        is_two_valued=is_two_valued,
        entity=None if entity is None else entity[order],
        total=_total(value),
        run=np.cumsum(is_new(value)),
        collision=float((share**2).sum()),
        shares=(float((value == CLASSES[0]).mean()), float((value == CLASSES[1]).mean())),
    )


def sketch_of(labels: LabelSequence) -> str:
    """What a ledger keeps of a window, as text."""
    parts = []
    for number, grid in enumerate(GRIDS):
        start = _starts(labels, number)
        content, _, is_held = contents(labels, number, start)
        start, content = start[is_held], content[is_held]
        strata = content if number in MOMENTS and labels.is_two_valued else None
        kept = np.sort(chosen(start.view(np.uint64), grid.kept, strata))
        start, content = start[kept], content[kept]
        parts.append(len(kept).to_bytes(2, "little"))
        parts.append(np.diff(start, prepend=0).astype("<i8").tobytes())
        parts.append(digest_of(start, content).astype("<u2").tobytes())
    who, content, _ = entities(labels, 0)
    kept = chosen(who, _ENTITIES, content)
    parts.append(np.sort(element(who[kept], content[kept])).astype("<u4").tobytes())
    return VERSION + base64.b64encode(zlib.compress(b"".join(parts), 9)).decode()


def in_order(time: Times, label: NDArray[np.generic]) -> NDArray[np.intp]:
    """Places by time, equal times by label; quick where they are in order already."""
    by_label = np.argsort(label, kind="stable")
    order: NDArray[np.intp] = by_label[np.argsort(time[by_label], kind="stable")]
    return order


def _hashed(target: NDArray[np.generic]) -> tuple[Hashes, bool]:
    """A hash of each label's own bytes; two classes are 0 and 1 whatever they are called."""
    if target.dtype == np.bool_:
        return CLASSES[target.astype(np.intp)], True
    names, code = np.unique(target, return_inverse=True)
    if len(names) == 2:
        return CLASSES[code], True
    if names.dtype.kind in "iuf":
        own = names.astype(np.float64) + 0.0  # without -0.0
        return _mixed(own.view(np.uint64))[code], False
    hashed: Hashes = pd.util.hash_array(names.astype(str).astype(object), categorize=False)
    return hashed[code], False


def _starts(labels: LabelSequence, number: int) -> Times:
    """Where the cells of a grid begin that may hold a row."""
    time = labels.time
    if number == 0:
        return time[is_new(time)]
    if number == 1:
        start = time // _SECOND * _SECOND - _TOLERANCE
        return start[is_new(start)]
    if number in (2, 3):
        offset = 0 if number == 2 else HOUR // 2
        start = (time - offset) // HOUR * HOUR + offset
        return start[is_new(start)]
    if number == 4:
        return np.unique(labels.midnight)
    noon = labels.midnight + DAY // 2
    return np.unique(np.concatenate([noon - DAY, noon]))


def contents(
    labels: LabelSequence, number: int, start: Times
) -> tuple[Hashes, NDArray[np.intp], NDArray[np.bool_]]:
    """What cells hold: a hash of the labels in any order, rows, and whether there are any.

    A single moment counts where all its rows have one label, however many they are.
    """
    first = np.searchsorted(labels.time, start)
    last = np.searchsorted(labels.time, start + GRIDS[number].width)
    if number in MOMENTS:
        last_row, first_row = np.maximum(last - 1, 0), np.minimum(first, len(labels.time) - 1)
        is_held = (last > first) & (labels.run[last_row] == labels.run[first_row])
        return labels.value[first_row], last - first, is_held
    return labels.total[last] - labels.total[first], last - first, last > first


def entities(labels: LabelSequence, days: int) -> tuple[Hashes, Hashes, NDArray[np.intp]]:
    """Entities of each UTC day: hash of both, hash of the label, local day; equal labels only."""
    if labels.entity is None or not labels.is_two_valued:
        empty = np.zeros(0, dtype=np.uint64)
        return empty, empty, np.zeros(0, dtype=np.intp)
    date = (labels.time // DAY + days).view(np.uint64)
    who = _mixed(labels.entity + _mixed(date))
    order = np.lexsort((labels.value, who))
    who, value, day = who[order], labels.value[order], labels.day[order]
    first = np.flatnonzero(is_new(who))
    last = np.append(first[1:], len(who)) - 1
    is_pure = value[first] == value[last]
    return who[first[is_pure]], value[first[is_pure]], day[first[is_pure]]


def element(who: Hashes, value: Hashes) -> Hashes:
    """What is kept of an entity on a day and its label: 32 bits."""
    return _mixed(who + value) >> np.uint64(32)


def read_sketch(sketch: str) -> tuple[list[tuple[Times, Hashes]], Hashes]:
    """Cells of each grid, and elements of entities."""
    try:
        raw = zlib.decompress(base64.b64decode(sketch[len(VERSION) :]))
        return _unpacked(raw)
    except (ValueError, zlib.error) as error:
        raise LedgerError(
            f"the ledger holds a damaged sketch of a window ({error}); `harness ledger verify` finds "
            "the entry"
        ) from error


def _unpacked(raw: bytes) -> tuple[list[tuple[Times, Hashes]], Hashes]:
    cells, place = [], 0
    for _ in GRIDS:
        n = int.from_bytes(raw[place : place + 2], "little")
        start = np.cumsum(np.frombuffer(raw, "<i8", n, place + 2))
        digest = np.frombuffer(raw, "<u2", n, place + 2 + 8 * n)
        cells.append((start, digest.astype(np.uint64)))
        place += 2 + 10 * n
    return cells, np.frombuffer(raw[place:], "<u4").astype(np.uint64)


def chosen(keys: Hashes, n: int, strata: Hashes | None = None) -> NDArray[np.intp]:
    """Up to n places, by the hash of what stands there; both classes get as many, if they can.

    Rare positives say most, and an even sample would hold few of them.
    """
    hashed = _mixed(keys)
    if strata is None:
        return _smallest(hashed, np.arange(len(keys)), n)
    negative, positive = (np.flatnonzero(strata == each) for each in CLASSES)
    n_negative = max(n // 2, n - len(positive))
    n_positive = max(n - n // 2, n - len(negative))
    chosen = (_smallest(hashed, negative, n_negative), _smallest(hashed, positive, n_positive))
    return np.concatenate(chosen)


def _smallest(hashed: Hashes, places: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    if len(places) <= n:
        return places
    return places[np.argpartition(hashed[places], n)[:n]]


def _total(value: Hashes) -> Hashes:
    return np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(value, dtype=np.uint64)])


def is_new(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where a value differs from the one before."""
    return np.append(np.ones(min(len(values), 1), dtype=bool), values[1:] != values[:-1])


def digest_of(start: Times, content: Hashes) -> Hashes:
    """What is kept of a cell: 16 bits, which differ from cell to cell for equal labels."""
    return _mixed(content + _mixed(start.astype(np.int64).view(np.uint64))) >> np.uint64(48)


def _mixed(x: Hashes) -> Hashes:
    """A bijection of 64-bit numbers that scatters them.

    Source: Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


CLASSES = _mixed(np.arange(2, dtype=np.uint64))
