"""Sketch: the labels of a window in a few kilobytes, to be recognised in another table.

A look at labels is a look, whatever the column, the zone or the file is called, and whether or
not a few rows are missing. So a window keeps up to 1,536 *cells*, chosen by the hash of their
time: short stretches of time with a 16-bit hash of the labels in them. A later window, whose
rows are all at hand, counts in how many of these stretches it holds the same labels. Six grids
make this robust: single moments survive a subset of the rows; hours survive jitter and rounding;
days survive times cut to dates; and a second grid of hours and of days, half a cell apart,
catches rows that jitter moved over an edge of the first.

Independent labels agree now and then. How often is taken from the later window itself: each
cell is also compared with the labels of other cells. A window is recognised where it agrees in
60 % of what chance leaves over, and where chance has a probability below `_ERROR` over all
comparisons of two windows. Hours and days may differ by one or two rows.
Clocks that differ by up to 14 hours are tried in steps of a quarter of an hour, because times
without a zone move when the zone is changed.
"""

from __future__ import annotations

import base64
import itertools
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
_HOUR, _DAY = 3_600 * _SECOND, 86_400 * _SECOND
_TOLERANCE = 2 * _SECOND  # by which a single moment may move


@dataclass(frozen=True, slots=True)
class _Grid:
    width: int
    kept: int  # cells
    tolerances: tuple[int, ...]  # rows by which a cell may differ


_GRIDS = (
    _Grid(1, 384, (0,)),  # single moments to the microsecond, for many rows a second
    _Grid(2 * _TOLERANCE + _SECOND, 384, (0,)),  # single moments, give or take
    _Grid(_HOUR, 256, (0, 1, 2)),
    _Grid(_HOUR, 256, (0, 1, 2)),  # from half past to half past
    _Grid(_DAY, 128, (0, 1, 2)),  # local days
    _Grid(_DAY, 128, (0, 1, 2)),  # from noon to noon
)
_MOMENTS = (0, 1)
_ENTITIES = 384  # of those, a day each, kept
# Grids and tolerances, and entities on three days; either class may be called positive, and
# both windows may be read by the clock of their zone.
_N_TESTS = 8 * (sum(len(grid.tolerances) for grid in _GRIDS) + 3)

# Probability that an independent window on the same days is taken for one seen, at the same
# clock; and once more over all other clocks.
_ERROR = 1e-3
# Agreement beyond chance from which on labels are the same ones. Labels that follow the hour or
# the day agree a little without being the same; more so where the best of many clocks is taken.
_SAME, _SAME_AT_OTHER_CLOCKS = 0.6, 0.8
_CANDIDATE = 0.5  # plain agreement from which on a clock is looked at
_OTHER_CLOCKS = tuple(s for s in range(-14 * _HOUR, 14 * _HOUR + 1, _HOUR // 4) if s != 0)
_SCANNED = 48  # cells of a grid that are compared at every other clock
_PAIRINGS = 48  # other cells each cell is compared with, to know chance
_VERSION = "1:"


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
        value = _CLASSES.sum() - self.value
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
    starts = np.flatnonzero(_is_new(time[order]) | _is_new(value[order]))
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
        run=np.cumsum(_is_new(value)),
        collision=float((share**2).sum()),
        shares=(float((value == _CLASSES[0]).mean()), float((value == _CLASSES[1]).mean())),
    )


def sketch_of(labels: LabelSequence) -> str:
    """What a ledger keeps of a window, as text."""
    parts = []
    for number, grid in enumerate(_GRIDS):
        start = _starts(labels, number)
        content, _, is_held = _contents(labels, number, start)
        start, content = start[is_held], content[is_held]
        strata = content if number in _MOMENTS and labels.is_two_valued else None
        kept = np.sort(_chosen(start.view(np.uint64), grid.kept, strata))
        start, content = start[kept], content[kept]
        parts.append(len(kept).to_bytes(2, "little"))
        parts.append(np.diff(start, prepend=0).astype("<i8").tobytes())
        parts.append(_digest(start, content).astype("<u2").tobytes())
    who, content, _ = _entities(labels, 0)
    kept = _chosen(who, _ENTITIES, content)
    parts.append(np.sort(_element(who[kept], content[kept])).astype("<u4").tobytes())
    return _VERSION + base64.b64encode(zlib.compress(b"".join(parts), 9)).decode()


def seen_days(labels: LabelSequence, sketch: str) -> set[int]:
    """Days of a window whose labels an earlier one held.

    Args:
        labels: The window's labels.
        sketch: What the ledger keeps of the earlier window.

    Returns:
        Numbers of local days; empty where the windows have nothing in common.
    """
    if not sketch.startswith(_VERSION) or not len(labels.time):
        return set()  # kept by a later version, beside what this one reads
    grids, elements = _read(sketch)
    found: set[int] = set()
    for rows in (labels, labels.swapped()) if labels.is_two_valued else (labels,):
        for days in (0, -1, 1):
            found |= _seen_entities(rows, elements, days)
        for number, (start, digest) in enumerate(grids):
            found |= _seen_at(rows, number, start, digest, 0, _ERROR / _N_TESTS)
            if len(found) == len(labels.midnight):
                return found
            for clock in _clocks(rows, number, start, digest):
                level = _ERROR / _N_TESTS / len(_OTHER_CLOCKS)
                found |= _seen_at(rows, number, start, digest, clock, level)
    return found


def chance_of_equal_days(labels: LabelSequence) -> NDArray[np.float64]:
    """How likely an independent day with rows at the same moments has equal labels, (n_days,)."""
    starts = np.flatnonzero(_is_new(labels.time))
    n_rows = np.diff(np.append(starts, len(labels.time)))
    logarithms = np.log(_drawn(labels.collision, n_rows, 0))
    total = np.bincount(labels.day[starts], logarithms, minlength=len(labels.midnight))
    chance: NDArray[np.float64] = np.exp(total)
    return chance


def in_order(time: Times, label: NDArray[np.generic]) -> NDArray[np.intp]:
    """Places by time, equal times by label; quick where they are in order already."""
    by_label = np.argsort(label, kind="stable")
    order: NDArray[np.intp] = by_label[np.argsort(time[by_label], kind="stable")]
    return order


def _hashed(target: NDArray[np.generic]) -> tuple[Hashes, bool]:
    """A hash of each label's own bytes; two classes are 0 and 1 whatever they are called."""
    if target.dtype == np.bool_:
        return _CLASSES[target.astype(np.intp)], True
    names, code = np.unique(target, return_inverse=True)
    if len(names) == 2:
        return _CLASSES[code], True
    if names.dtype.kind in "iuf":
        own = names.astype(np.float64) + 0.0  # without -0.0
        return _mixed(own.view(np.uint64))[code], False
    hashed: Hashes = pd.util.hash_array(names.astype(str).astype(object), categorize=False)
    return hashed[code], False


def _starts(labels: LabelSequence, number: int) -> Times:
    """Where the cells of a grid begin that may hold a row."""
    time = labels.time
    if number == 0:
        return time[_is_new(time)]
    if number == 1:
        start = time // _SECOND * _SECOND - _TOLERANCE
        return start[_is_new(start)]
    if number in (2, 3):
        offset = 0 if number == 2 else _HOUR // 2
        start = (time - offset) // _HOUR * _HOUR + offset
        return start[_is_new(start)]
    if number == 4:
        return np.unique(labels.midnight)
    noon = labels.midnight + _DAY // 2
    return np.unique(np.concatenate([noon - _DAY, noon]))


def _contents(
    labels: LabelSequence, number: int, start: Times
) -> tuple[Hashes, NDArray[np.intp], NDArray[np.bool_]]:
    """What cells hold: a hash of the labels in any order, rows, and whether there are any.

    A single moment counts where all its rows have one label, however many they are.
    """
    first = np.searchsorted(labels.time, start)
    last = np.searchsorted(labels.time, start + _GRIDS[number].width)
    if number in _MOMENTS:
        last_row, first_row = np.maximum(last - 1, 0), np.minimum(first, len(labels.time) - 1)
        is_held = (last > first) & (labels.run[last_row] == labels.run[first_row])
        return labels.value[first_row], last - first, is_held
    return labels.total[last] - labels.total[first], last - first, last > first


def _clocks(labels: LabelSequence, number: int, start: Times, digest: Hashes) -> list[int]:
    """Other clocks by which labels may agree, in microseconds."""
    if not len(start):
        return []
    begin, end = labels.time[0], labels.time[-1]
    clock = np.array(_OTHER_CLOCKS)
    # A window read by another clock lies on the earlier one, rather than touching its end.
    shared = np.minimum(end, start[-1] + clock) - np.maximum(begin, start[0] + clock)
    clock = clock[shared >= 0.5 * min(end - begin, start[-1] - start[0])]
    some = _chosen(start.view(np.uint64), _SCANNED)
    most = _GRIDS[number].tolerances[-1] if _GRIDS[number].width == _DAY else 0
    content, _, is_held = _contents(labels, number, start[some] + clock[:, None])
    agrees = _agreement(start[some], digest[some], content, most) & is_held  # (n_clocks, n_cells)
    return [int(c) for c in clock[agrees.sum(axis=1) > _CANDIDATE * is_held.sum(axis=1)]]


def _seen_at(
    labels: LabelSequence, number: int, start: Times, digest: Hashes, clock: int, level: float
) -> set[int]:
    """Days seen in one grid, at one clock."""
    least = _SAME_AT_OTHER_CLOCKS if clock else _SAME
    content, n_rows, is_held = _contents(labels, number, start + clock)
    if not is_held.any():
        return set()
    start, digest, content, n_rows = (
        start[is_held],
        digest[is_held],
        content[is_held],
        n_rows[is_held],
    )
    first = np.searchsorted(labels.time, start + clock)
    day = labels.day[first + (n_rows - 1) // 2]
    for tolerance in _GRIDS[number].tolerances if labels.is_two_valued else (0,):
        if number in _MOMENTS:
            chance = _same_class(labels, start, digest)
        else:
            chance = _drawn(labels.collision, n_rows, tolerance)
        if not is_beyond_chance(np.ones(len(start), dtype=bool), chance, level, least):
            continue  # before the dearer answers
        agrees = _agreement(start, digest, content, tolerance)
        if is_beyond_chance(agrees, chance, level, least) and is_beyond_chance(
            agrees, _paired(start, digest, content, tolerance), level, least
        ):
            return _days(day, agrees)
    return set()


def _entities(labels: LabelSequence, days: int) -> tuple[Hashes, Hashes, NDArray[np.intp]]:
    """Entities of each UTC day: hash of both, hash of the label, local day; equal labels only."""
    if labels.entity is None or not labels.is_two_valued:
        empty = np.zeros(0, dtype=np.uint64)
        return empty, empty, np.zeros(0, dtype=np.intp)
    date = (labels.time // _DAY + days).view(np.uint64)
    who = _mixed(labels.entity + _mixed(date))
    order = np.lexsort((labels.value, who))
    who, value, day = who[order], labels.value[order], labels.day[order]
    first = np.flatnonzero(_is_new(who))
    last = np.append(first[1:], len(who)) - 1
    is_pure = value[first] == value[last]
    return who[first[is_pure]], value[first[is_pure]], day[first[is_pure]]


def _element(who: Hashes, value: Hashes) -> Hashes:
    return _mixed(who + value) >> np.uint64(32)


def _seen_entities(labels: LabelSequence, elements: Hashes, days: int) -> set[int]:
    """Days seen because entities had the same labels on them, as kept or some days away."""
    if not len(elements):
        return set()
    who, value, day = _entities(labels, days)
    agrees = np.isin(_element(who, value), elements)
    compared = agrees | np.isin(_element(who, _CLASSES.sum() - value), elements)
    # An entity's label resembles that of its next day: other days count where most are there.
    if days and compared.sum() < 0.5 * min(len(who), len(elements)):
        return set()
    if not compared.any():
        return set()
    is_positive = (value == _CLASSES[1]) == agrees  # as kept
    chance = np.where(is_positive, labels.shares[1], labels.shares[0])[compared]
    if not is_beyond_chance(agrees[compared], chance, _ERROR / _N_TESTS):
        return set()
    return _days(day[compared], agrees[compared])


def _agreement(start: Times, digest: Hashes, content: Hashes, tolerance: int) -> NDArray[np.bool_]:
    """Whether cells hold the labels they held, but for a few rows; any shapes that broadcast."""
    found = np.zeros(np.broadcast_shapes(start.shape, content.shape), dtype=bool)
    steps = range(-tolerance, tolerance + 1)
    for i, j in itertools.product(steps, steps):
        if abs(i) + abs(j) <= tolerance:
            steps_away = np.array([i, j], dtype=np.int64).view(np.uint64)
            found |= _digest(start, content + (steps_away * _CLASSES).sum()) == digest
    return found


def _same_class(labels: LabelSequence, start: Times, digest: Hashes) -> NDArray[np.float64]:
    """How often a row drawn from the window has the class kept for a moment."""
    if not labels.is_two_valued:
        return np.full(len(start), labels.collision)
    is_positive = _digest(start, _CLASSES[1:]) == digest
    return np.where(is_positive, labels.shares[1], labels.shares[0])


def _drawn(collision: float, n_rows: NDArray[np.intp], tolerance: int) -> NDArray[np.float64]:
    """How often cells of as many rows, their labels drawn one by one, would agree."""
    # P(|A - B| <= t) of two binomials is about (2 t + 1) / sqrt(4 pi n p q); 2 p q = 1 - collision.
    normal = (2 * tolerance + 1) / np.sqrt(1 + 2 * np.pi * n_rows * (1 - collision))
    chance: NDArray[np.float64] = np.minimum(1.0, 1.1 * np.maximum(normal, collision**n_rows))
    return chance


def _paired(start: Times, digest: Hashes, content: Hashes, tolerance: int) -> float:
    """How often cells agree with the labels of others; 0 where there are none."""
    n = len(start)
    if n < 2:
        return 0.0
    step = np.random.default_rng(0).integers(1, n, size=(n, _PAIRINGS))
    other = (np.arange(n)[:, None] + step) % n
    return float(_agreement(start[:, None], digest[:, None], content[other], tolerance).mean())


def is_beyond_chance(
    agrees: NDArray[np.bool_],
    chance: NDArray[np.float64] | float,
    level: float,
    least: float = _SAME,
) -> bool:
    """Whether agreement is most of what chance leaves over, and no chance itself.

    Source: Chernoff (1952): P(sum >= a) <= E exp(s (sum - a)) for every s >= 0, here for
    independent cells that agree with probability `chance` each.
    """
    n, expected = len(agrees), float(np.mean(chance)) if np.size(chance) else 1.0
    share = float(agrees.mean()) if n else 0.0
    if expected >= 1 or share - expected < least * (1 - expected):
        return False
    log_moment = np.log1p(np.expm1(_SLOPES) * np.atleast_1d(chance)).mean(axis=1)
    bound = n * (log_moment - _SLOPES[:, 0] * share).min()
    return bool(bound <= np.log(level))


def _days(day: NDArray[np.intp], agrees: NDArray[np.bool_]) -> set[int]:
    """Days of which half the cells agree; a day without a cell is as the nearest one is."""
    n_days = int(day.max()) + 1
    compared = np.bincount(day, minlength=n_days)
    same = np.bincount(day, weights=agrees, minlength=n_days)
    known = np.flatnonzero(compared)
    is_seen = same[known] * 2 >= compared[known]
    between = np.arange(known[0], known[-1] + 1)
    right = np.searchsorted(known, between)
    left = np.maximum(right - 1, 0)
    nearest = np.where(known[right] - between <= between - known[left], right, left)
    return {int(d) for d in between[is_seen[nearest]]}


def _read(sketch: str) -> tuple[list[tuple[Times, Hashes]], Hashes]:
    """Cells of each grid, and elements of entities."""
    try:
        raw = zlib.decompress(base64.b64decode(sketch[len(_VERSION) :]))
        return _unpacked(raw)
    except (ValueError, zlib.error) as error:
        raise LedgerError(
            f"the ledger holds a damaged sketch of a window ({error}); `harness ledger verify` finds "
            "the entry"
        ) from error


def _unpacked(raw: bytes) -> tuple[list[tuple[Times, Hashes]], Hashes]:
    cells, place = [], 0
    for _ in _GRIDS:
        n = int.from_bytes(raw[place : place + 2], "little")
        start = np.cumsum(np.frombuffer(raw, "<i8", n, place + 2))
        digest = np.frombuffer(raw, "<u2", n, place + 2 + 8 * n)
        cells.append((start, digest.astype(np.uint64)))
        place += 2 + 10 * n
    return cells, np.frombuffer(raw[place:], "<u4").astype(np.uint64)


def _chosen(keys: Hashes, n: int, strata: Hashes | None = None) -> NDArray[np.intp]:
    """Up to n places, by the hash of what stands there; both classes get as many, if they can.

    Rare positives say most, and an even sample would hold few of them.
    """
    hashed = _mixed(keys)
    if strata is None:
        return _smallest(hashed, np.arange(len(keys)), n)
    negative, positive = (np.flatnonzero(strata == each) for each in _CLASSES)
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


def _is_new(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where a value differs from the one before."""
    return np.append(np.ones(min(len(values), 1), dtype=bool), values[1:] != values[:-1])


def _digest(start: Times, content: Hashes) -> Hashes:
    return _mixed(content + _mixed(start.astype(np.int64).view(np.uint64))) >> np.uint64(48)


def _mixed(x: Hashes) -> Hashes:
    """A bijection of 64-bit numbers that scatters them.

    Source: Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


_SLOPES = np.geomspace(0.05, 20.0, 60)[:, None]
_CLASSES = _mixed(np.arange(2, dtype=np.uint64))
