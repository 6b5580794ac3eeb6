"""Window: the labels a test window shows, day by day, whatever protocol looks at them.

A look at labels is a look, under any protocol: changing the gap, the features or the
file's name does not make a window fresh. So the identity of a window is made of times
and labels alone, one hash per day, and two windows share what days they share.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledWindow:
    """The labelled days of a test window.

    Attributes:
        key: SHA-256 over all days.
        days: Hash of each local day's times and labels, by date.
    """

    key: str
    days: dict[str, str]


def labelled_window(dataset: Dataset, rows: NDArray[np.intp]) -> LabelledWindow:
    """Identify the labels of some rows.

    Args:
        dataset: All rows.
        rows: Test rows, shape (n_test_rows,), any order.
    """
    time, label = dataset.time[rows].astype(np.int64), dataset.label[rows]
    order = np.lexsort((label, time))
    day = dataset.local_time()[rows[order]].tz_localize(None).to_numpy().astype("datetime64[D]")
    packed = np.stack([time[order], label[order].astype(np.int64)], axis=1)
    starts = np.flatnonzero(np.append(True, day[1:] != day[:-1]))
    name = dataset.roles.label.encode()
    days = {
        str(day[start]): hashlib.sha256(name + part.tobytes()).hexdigest()[:32]
        for start, part in zip(starts, np.split(packed, starts[1:]), strict=True)
    }
    key = hashlib.sha256("".join(days.values()).encode()).hexdigest()
    return LabelledWindow(key=key, days=days)
