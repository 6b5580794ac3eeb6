"""Window: the labels a test window shows, whatever protocol, column, zone or file shows them.

A look at labels is a look, under any protocol: changing the gap, the features or a column's
name does not make a window fresh. Two windows are compared by the sketch the ledger keeps of
the earlier one and by all labels of the later one (`harness.ledger.recognise`). Next to the
sketch stand exact hashes by local day: they name a window for people, settle cases too small
for statistics, and are all that entries of version 0.1.0 have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data import Dataset
from harness.errors import LedgerError
from harness.ledger.recognise import chance_of_equal_days, is_beyond_chance, seen_days
from harness.ledger.sketch import VERSION, LabelSequence, in_order, label_sequence, sketch_of

# Days that are equal to the bit are the same ones where chance would make them so this rarely.
_ERROR_OF_EQUAL_DAYS = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledWindow:
    """The labelled days of a test window.

    Attributes:
        key: SHA-256 over all days.
        days: Hash of each local day's times and labels, and of the label's name, by date.
        sketch: What recognises the window in another table; empty for one of version 0.1.0.
        labels: All labels in time order, by UTC, and by the clock of the zone where that differs;
            empty where only the hashes are known.
        chance: How likely an independent day has the labels of this one, by date.
    """

    key: str
    days: dict[str, str]
    sketch: str = ""
    labels: tuple[LabelSequence, ...] = field(default=(), compare=False, repr=False)
    chance: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    def equal_days(self, earlier: dict[str, str]) -> set[str]:
        """Dates of days that are equal to the bit, where that is more than chance.

        Args:
            earlier: Hashes of an earlier window's days, by date.
        """
        common = [date for date in self.days if date in earlier]
        is_equal = np.array([self.days[date] == earlier[date] for date in common])
        chance = np.array([self.chance[date] for date in common])
        if not is_beyond_chance(is_equal, chance, _ERROR_OF_EQUAL_DAYS):
            return set()
        return {date for date, equal in zip(common, is_equal, strict=True) if equal}

    def days_in(self, sketch: str) -> set[str]:
        """Dates of days whose labels an earlier window held, by its sketch.

        Times without a zone are the same by the clock of the zone, and times with one by UTC.

        Raises:
            LedgerError: If the sketch is damaged, or none that this version reads.
        """
        clocks = [part for part in sketch.split() if part.startswith(VERSION)]
        if not clocks:
            raise LedgerError(
                f"the ledger holds a sketch of a window in a form ('{sketch[:2]}') that this harness "
                "does not read; install a newer harness"
            )
        dates = list(self.days)
        return {
            dates[day]
            for labels in self.labels
            for clock in clocks
            for day in seen_days(labels, clock)
        }


def labelled_window(dataset: Dataset, rows: NDArray[np.intp]) -> LabelledWindow:
    """Identify the labels of some rows.

    Args:
        dataset: All rows.
        rows: Test rows, shape (n_test_rows,), any order.
    """
    time, label = dataset.time[rows].astype(np.int64), dataset.label[rows]
    order = in_order(time, label)
    time, label = time[order], label[order]
    local = dataset.local_time()[rows[order]]
    date = local.tz_localize(None).to_numpy().astype("datetime64[D]")
    starts = np.flatnonzero(np.append(True, date[1:] != date[:-1]))
    names = [str(date[start]) for start in starts]
    # The bytes of a yes-or-no label are those of the 64-bit number they were in version 0.1.0.
    own = label.astype(np.int64) if label.dtype == np.bool_ else label
    packed = np.rec.fromarrays([time, own])
    prefix = dataset.roles.label.encode()
    days = {
        name: hashlib.sha256(prefix + part.tobytes()).hexdigest()[:32]
        for name, part in zip(names, np.split(packed, starts[1:]), strict=True)
    }
    day = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(rows))))
    begins = pd.DatetimeIndex(date[starts]).tz_localize(
        local.tz, ambiguous=np.ones(len(starts), dtype=bool), nonexistent="shift_forward"
    )
    who = None if dataset.entity is None else pd.util.hash_array(dataset.entity[rows[order]])
    labels = [label_sequence(time, label, day, begins.as_unit("us").asi8, who)]
    wall = local.tz_localize(None).as_unit("us").asi8
    if not np.array_equal(wall, time):
        midnight = date[starts].astype("datetime64[us]").astype(np.int64)
        labels.append(label_sequence(wall, label, day, midnight, who))
    return LabelledWindow(
        key=hashlib.sha256("".join(days.values()).encode()).hexdigest(),
        days=days,
        sketch=" ".join(map(sketch_of, labels)),
        labels=tuple(labels),
        chance=dict(zip(names, chance_of_equal_days(labels[0]).tolist(), strict=True)),
    )
