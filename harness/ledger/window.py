"""Window: the labels a test window shows, whatever protocol, column, zone or file shows them.

A look at labels is a look, under any protocol: changing the gap, the features or a column's
name does not make a window fresh. Two windows are compared by the sketch the ledger keeps of
the earlier one and by all labels of the later one (`harness.ledger.sketch`). Next to the
sketch stand exact hashes by local day: they name a window for people, settle cases too small
for statistics, and are all that entries of version 0.1.0 have.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.data import Dataset
from harness.ledger.sketch import LabelSequence, in_order, label_sequence, sketch_of

# Days that are equal to the bit are the same ones where chance would make them so this rarely.
_ERROR_OF_EQUAL_DAYS = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledWindow:
    """The labelled days of a test window.

    Attributes:
        key: SHA-256 over all days.
        days: Hash of each local day's times and labels, and of the label's name, by date.
        sketch: What recognises the window in another table; empty for one of version 0.1.0.
        labels: All labels in time order; None where only the hashes are known.
        surprise: How improbable it is that an independent day has the labels of this one, as
            -log of the probability, by date.
    """

    key: str
    days: dict[str, str]
    sketch: str = ""
    labels: LabelSequence | None = field(default=None, compare=False, repr=False)
    surprise: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    def are_the_same(self, dates: set[str]) -> bool:
        """Whether days equal to the bit say more than chance might."""
        return sum(self.surprise[d] for d in dates) >= -math.log(_ERROR_OF_EQUAL_DAYS)


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
    midnight = begins.as_unit("us").asi8
    who = None if dataset.entity is None else pd.util.hash_array(dataset.entity[rows[order]])
    labels = label_sequence(time, label, day, midnight, who)
    surprise = -np.log(labels.collision) * np.bincount(day)
    return LabelledWindow(
        key=hashlib.sha256("".join(days.values()).encode()).hexdigest(),
        days=days,
        sketch=sketch_of(labels),
        labels=labels,
        surprise=dict(zip(names, surprise.tolist(), strict=True)),
    )
