"""Duplicates: test rows that training has already seen, exactly or nearly, and shared entities.

In a table of coarse columns (rounded places, whole hours, few categories) rows share all their
features by coincidence, so what counts is more than chance. Chance is estimated from training alone,
the way Good (1953) and Turing estimate how much of the next sample was seen before: of n occurrences,
the share whose features occur exactly twice is what a further occurrence has of meeting features that
occur exactly once. Copies of training rows meet such features as often as training has them.

This reads labels of the test window before the ledger knows of the run, to compare them with those of
equal training rows; no score is compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.audit.view import View
from harness.data.content_hash import row_hashes
from harness.settings import AuditSettings

# Of a number's 52 binary digits so many are dropped before rows are compared: three decimals stay ...
_DROPPED_BITS = 42
# ... and no more than a thousandth of the column's spread: places of one city share three digits.
_PARTS_OF_SPREAD = 1024
_SPREAD_ROWS = 10_000
_NEAR_COLUMNS = 4
# Equal rows closer in time than this share of training are one occurrence: a burst, not a return.
_APART = 0.01
# The last part of training shows chance as it was shortly before the test window.
_LATE = 0.75
_TIMES_CHANCE = 1.5
_SIGMAS = 3.0
_MIN_ROWS = 30
# Pairs of coincidences that say how often their labels agree; with fewer, base rates say it.
_MIN_PAIRS = 20
# Entities whose rows all have one label can be learned by heart.
_ONE_LABEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occurrences:
    """Rows of one window by features: equal rows close in time are one occurrence.

    Attributes:
        hashes: Features of each occurrence, ascending, shape (n,).
        start: When each begins, shape (n,).
        label: Share of positive rows in each, shape (n,).
        times: How often its features occur in this window, shape (n,).
    """

    hashes: NDArray[np.uint64]
    start: NDArray[np.datetime64]
    label: NDArray[np.float64]
    times: NDArray[np.intp]


def check_duplicates(view: View, settings: AuditSettings) -> list[Finding]:
    """L07: rows with like features on both sides of the split, and the same label.

    What counts is how many more test rows meet features that training has once than chance
    lets them, and whether their labels agree more often than those of chance meetings.
    """
    features = view.dataset.features
    findings = _shared(view, row_hashes(features), "the same", settings)
    if not any(f.severity == BLOCK for f in findings) and features.shape[1] >= _NEAR_COLUMNS:
        nearly = _shared(view, row_hashes(_coarse(features)), "nearly the same", settings)
        findings += [f for f in nearly if f.severity == BLOCK]
    return findings + _entities(view)


def occurrences(
    hashes: NDArray[np.uint64],
    time: NDArray[np.datetime64],
    label: NDArray[np.bool_],
    apart: np.timedelta64,
) -> Occurrences:
    """Rows by features, those within `apart` of the last equal one taken together.

    Args:
        hashes: Features of each row, shape (n_rows,).
        time: When each row is, shape (n_rows,).
        label: Whether each is positive, shape (n_rows,).
        apart: Equal rows further apart are occurrences of their own.
    """
    order = np.lexsort((time, hashes))
    hashes, time = hashes[order], time[order]
    is_other = np.append(True, hashes[1:] != hashes[:-1])
    begins = np.flatnonzero(is_other | np.append(True, time[1:] - time[:-1] > apart))
    n_rows = np.diff(np.append(begins, len(hashes)))
    group = np.cumsum(is_other[begins]) - 1
    return Occurrences(
        hashes=hashes[begins],
        start=time[begins],
        label=np.add.reduceat(label[order].astype(np.float64), begins) / n_rows,
        times=np.bincount(group)[group],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meetings:
    """Later occurrences that meet features which training has once.

    Attributes:
        share: Of all later occurrences.
        n: How many.
        agreeing: How often the labels agree.
        by_chance: ... and how often those of coincidences do.
        variance: Of the estimate of `by_chance`.
    """

    share: float
    n: int
    agreeing: float
    by_chance: float
    variance: float


def _shared(
    view: View, hashes: NDArray[np.uint64], how: str, settings: AuditSettings
) -> list[Finding]:
    split, time = view.split, view.dataset.time
    own = np.sort(time[split.train])
    apart = (own[-1] - own[0]) * _APART

    def of(rows: NDArray[np.intp]) -> Occurrences:
        return occurrences(hashes[rows], time[rows], view.dataset.label[rows], apart)

    train = of(split.train)
    seen = float(np.isin(hashes[split.test], train.hashes).mean())
    if seen == 0:
        return []
    met = _meetings(train, of(split.test))
    late = train.start >= own[int(_LATE * len(own))]
    twice = train.times == 2
    chance = max(float(twice.mean()), float(twice[late].mean()) if late.any() else 0.0)
    severity = NOTE
    if _is_more_than_chance(met, chance, settings.duplicate_share):
        if _agrees_like_copies(met):
            severity = BLOCK
        elif met.share >= _TIMES_CHANCE * chance:
            # Labels do not tell copies from rows that became coarser; those did so before the test.
            before = _meetings(train, of(split.validation))
            severity = WARN if met.share < _TIMES_CHANCE * before.share else BLOCK
    return [
        Finding(
            check="L07",
            title="test rows seen in training",
            severity=severity,
            columns=(),
            sentence=f"{seen:.1%} of test rows have {how} features as a training row. {met.share:.1%} "
            f"meet features that training has once, where chance lets {chance:.1%}, and the labels "
            f"agree in {met.agreeing:.1%} of them ({met.by_chance:.1%} by chance).",
            evidence={
                "share": round(seen, 5),
                "share_once": round(met.share, 5),
                "chance": round(chance, 5),
                "agreeing": round(met.agreeing, 5),
                "by_chance": round(met.by_chance, 5),
                "distinct": round(float((train.times == 1).mean()), 5),
            },
            advice="Nothing to do."
            if severity == NOTE
            else "Drop repeated rows, or keep an entity on one side with split.entity.",
        )
    ]


def _meetings(train: Occurrences, later: Occurrences) -> Meetings:
    once = np.flatnonzero(train.times == 1)
    source, copy = _pairs(train.hashes[once], later.hashes)
    before, after = train.label[once][source], later.label[copy]
    by_chance, variance = _chance_agreement(train, before, after)
    return Meetings(
        share=len(copy) / len(later.hashes),
        n=len(copy),
        agreeing=_agreement(before, after),
        by_chance=by_chance,
        variance=variance,
    )


def _is_more_than_chance(met: Meetings, chance: float, least: float) -> bool:
    """Whether more rows meet than chance lets, and labels allow half of those in excess to be copies.

    Args:
        met: What was met.
        chance: Share of rows that chance lets meet.
        least: Least share of rows in excess.
    """
    excess = met.share - chance
    n_chance = met.n * chance / met.share if met.share else 0.0
    if excess < least or met.n < max(_MIN_ROWS, n_chance + _SIGMAS * np.sqrt(n_chance)):
        return False
    # Copies agree always, the others as often as coincidences do.
    expected = met.by_chance + (1 - met.by_chance) * 0.5 * excess / met.share
    return met.agreeing >= expected


def _agrees_like_copies(met: Meetings) -> bool:
    """Whether labels agree more often than those of coincidences, beyond noise."""
    noise = np.sqrt(met.by_chance * (1 - met.by_chance) / met.n + met.variance)
    return met.by_chance < 1 and bool(met.agreeing >= met.by_chance + _SIGMAS * noise)


def _pairs(
    earlier: NDArray[np.uint64], later: NDArray[np.uint64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of equal features: among earlier ones (ascending, each once), and among later ones."""
    if not len(earlier):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    position = np.minimum(np.searchsorted(earlier, later), len(earlier) - 1)
    found = np.flatnonzero(earlier[position] == later)
    return position[found], found


def _agreement(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """How often a row of one and a row of the other have the same label."""
    if not len(before):
        return 0.0
    return float((before * after + (1 - before) * (1 - after)).mean())


def _chance_agreement(
    train: Occurrences, before: NDArray[np.float64], after: NDArray[np.float64]
) -> tuple[float, float]:
    """Agreement of coincidences and its variance: of features that training has twice, or by base rates."""
    if not len(before):
        return 0.0, 0.0
    first, second = before.mean(), after.mean()
    by_rates = float(first * second + (1 - first) * (1 - second))
    twice = np.flatnonzero(train.times == 2)  # the two lie side by side
    n_pairs = len(twice) // 2
    if n_pairs < _MIN_PAIRS:
        return by_rates, 0.0
    agreeing = _agreement(train.label[twice[::2]], train.label[twice[1::2]])
    among = (n_pairs * agreeing + 1) / (n_pairs + 2)  # Laplace: never quite 0 or 1
    return max(by_rates, among), among * (1 - among) / (n_pairs + 2)


def _coarse(features: pd.DataFrame) -> pd.DataFrame:
    """Features with numbers rounded to three digits, so that rows a rounding apart are alike."""
    columns = {
        str(name): column
        if isinstance(column.dtype, pd.CategoricalDtype)
        else _rounded(column.to_numpy(dtype=np.float64))
        for name, column in features.items()
    }
    return pd.DataFrame(columns, index=features.index, copy=False)


def _rounded(numbers: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Numbers to three digits of their own and of their spread; equal for all nulls."""
    known = np.where(np.isnan(numbers), np.nan, numbers)
    half = np.uint64(1 << (_DROPPED_BITS - 1))
    # The leading bits: sign, exponent and ten bits.
    digits: NDArray[np.uint64] = (known.view(np.uint64) + half) >> np.uint64(_DROPPED_BITS)
    some = known[:: max(1, len(known) // _SPREAD_ROWS)]
    some = some[np.isfinite(some)]
    spread = float(np.subtract(*np.quantile(some, [0.9, 0.1]))) if len(some) else 0.0
    if not 0 < spread < np.inf:
        return digits
    with np.errstate(over="ignore"):
        parts = np.clip(known / (spread / _PARTS_OF_SPREAD), -(2.0**52), 2.0**52)
    places = np.where(np.isnan(parts), 0.0, np.round(parts)).astype(np.int64).view(np.uint64)
    mixed: NDArray[np.uint64] = digits * np.uint64(1_000_003) ^ places
    return mixed


def _entities(view: View) -> list[Finding]:
    """How many entities of the test window training knows, and whether it knows their label."""
    entity = view.dataset.entity
    if entity is None:
        return []
    codes, _ = pd.factorize(entity)
    train, test = codes[view.split.train], codes[view.split.test]
    share = float(np.isin(test, train).mean())
    if share == 0:
        return []
    size = np.bincount(train)
    positive = np.bincount(train, weights=view.dataset.label[view.split.train])
    several = size > 1
    constant = (positive == 0) | (positive == size)
    one_label = float(constant[several].mean()) if several.any() else 0.0
    base = float(view.dataset.label[view.split.train].mean())
    mean_size = float(size[several].mean()) if several.any() else 1.0
    by_chance = base**mean_size + (1 - base) ** mean_size
    by_heart = one_label >= _ONE_LABEL and one_label >= by_chance + 0.1 and share >= 0.1
    return [
        Finding(
            check="L07",
            title="entities on both sides",
            severity=WARN if by_heart else NOTE,
            columns=(),
            sentence=f"{share:.1%} of test rows are about an entity that training knows; "
            f"{one_label:.1%} of entities with several training rows have one label throughout.",
            evidence={"share": round(share, 4), "one_label": round(one_label, 4)},
            advice="Set split.entity, so that nobody is on both sides: a model can learn them by heart."
            if by_heart
            else "Nothing to do where production meets the same entities again; otherwise set "
            "split.entity.",
        )
    ]


CHECKS: dict[str, ColumnCheck] = {"L07": check_duplicates}
