"""Recognise: whether a window holds labels that an earlier one held, by the earlier one's sketch.

Independent labels agree now and then. How often is taken from the later window itself: from its
label rate, and by comparing each cell of the sketch with the labels of other cells. A window is
recognised where it agrees in 60 % of what chance leaves over, and where chance has a probability
below `_ERROR` over all comparisons of two windows. Hours and days may differ by one or two rows.
Clocks that differ by up to 14 hours are tried in steps of a quarter of an hour, because times
without a zone move when the zone is changed.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from harness.ledger.sketch import (
    CLASSES,
    DAY,
    GRIDS,
    HOUR,
    MOMENTS,
    Hashes,
    LabelSequence,
    Times,
    chosen,
    contents,
    digest_of,
    element,
    entities,
    is_new,
    read_sketch,
)

# Grids and tolerances, and entities on three days; either class may be called positive, and
# both windows may be read by the clock of their zone.
_N_TESTS = 8 * (sum(len(grid.tolerances) for grid in GRIDS) + 3)

# Probability that an independent window on the same days is taken for one seen, at the same
# clock; and once more over all other clocks.
_ERROR = 1e-3
# Agreement beyond chance from which on labels are the same ones. Labels that follow the hour or
# the day agree a little without being the same; more so where the best of many clocks is taken.
_SAME, _SAME_AT_OTHER_CLOCKS = 0.6, 0.8
_CANDIDATE = 0.5  # plain agreement from which on a clock is looked at
_OTHER_CLOCKS = tuple(s for s in range(-14 * HOUR, 14 * HOUR + 1, HOUR // 4) if s != 0)
_SCANNED = 48  # cells of a grid that are compared at every other clock
_PAIRINGS = 48  # other cells each cell is compared with, to know chance
_SLOPES = np.geomspace(0.05, 20.0, 60)[:, None]  # at which a Chernoff bound is sought


def seen_days(labels: LabelSequence, sketch: str) -> set[int]:
    """Days of a window whose labels an earlier one held.

    Args:
        labels: The window's labels.
        sketch: What the ledger keeps of the earlier window.

    Returns:
        Numbers of local days; empty where the windows have nothing in common.
    """
    if not len(labels.time):
        return set()
    grids, elements = read_sketch(sketch)
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
    starts = np.flatnonzero(is_new(labels.time))
    n_rows = np.diff(np.append(starts, len(labels.time)))
    logarithms = np.log(_drawn(labels.collision, n_rows, 0))
    total = np.bincount(labels.day[starts], logarithms, minlength=len(labels.midnight))
    chance: NDArray[np.float64] = np.exp(total)
    return chance


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


def _clocks(labels: LabelSequence, number: int, start: Times, digest: Hashes) -> list[int]:
    """Other clocks by which labels may agree, in microseconds."""
    if not len(start):
        return []
    begin, end = labels.time[0], labels.time[-1]
    clock = np.array(_OTHER_CLOCKS)
    # A window read by another clock lies on the earlier one, rather than touching its end.
    shared = np.minimum(end, start[-1] + clock) - np.maximum(begin, start[0] + clock)
    clock = clock[shared >= 0.5 * min(end - begin, start[-1] - start[0])]
    some = chosen(start.view(np.uint64), _SCANNED)
    most = GRIDS[number].tolerances[-1] if GRIDS[number].width == DAY else 0
    content, _, is_held = contents(labels, number, start[some] + clock[:, None])
    agrees = _agreement(start[some], digest[some], content, most) & is_held  # (n_clocks, n_cells)
    return [int(c) for c in clock[agrees.sum(axis=1) > _CANDIDATE * is_held.sum(axis=1)]]


def _seen_at(
    labels: LabelSequence, number: int, start: Times, digest: Hashes, clock: int, level: float
) -> set[int]:
    """Days seen in one grid, at one clock."""
    least = _SAME_AT_OTHER_CLOCKS if clock else _SAME
    content, n_rows, is_held = contents(labels, number, start + clock)
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
    for tolerance in GRIDS[number].tolerances if labels.is_two_valued else (0,):
        if number in MOMENTS:
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


def _seen_entities(labels: LabelSequence, elements: Hashes, days: int) -> set[int]:
    """Days seen because entities had the same labels on them, as kept or some days away."""
    if not len(elements):
        return set()
    who, value, day = entities(labels, days)
    agrees = np.isin(element(who, value), elements)
    compared = agrees | np.isin(element(who, CLASSES.sum() - value), elements)
    # An entity's label resembles that of its next day: other days count where most are there.
    if days and compared.sum() < 0.5 * min(len(who), len(elements)):
        return set()
    if not compared.any():
        return set()
    is_positive = (value == CLASSES[1]) == agrees  # as kept
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
            found |= digest_of(start, content + (steps_away * CLASSES).sum()) == digest
    return found


def _same_class(labels: LabelSequence, start: Times, digest: Hashes) -> NDArray[np.float64]:
    """How often a row drawn from the window has the class kept for a moment."""
    if not labels.is_two_valued:
        return np.full(len(start), labels.collision)
    is_positive = digest_of(start, CLASSES[1:]) == digest
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
