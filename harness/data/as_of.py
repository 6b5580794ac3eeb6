"""As-of: what was known at a moment, and nothing later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class History:
    """Past events of groups, to be asked for sums as of any time.

    An event counts for a question at time t when it became known strictly before t.

    Args:
        group: Group code of each event, 0 and up, shape (n_events,); -1 is no group.
        known: When each event became known, whole seconds, shape (n_events,).
        value: What to add up, shape (n_events,).

    Example:
        >>> history = History(np.array([0, 0, 1]), np.array([10, 20, 10]), np.array([1.0, 0, 1]))
        >>> count, total = history.sums(np.array([0, 0, 1]), np.array([20, 21, 5]))
        >>> count, total
        (array([1, 2, 0]), array([1., 1., 0.]))
    """

    def __init__(
        self, group: NDArray[np.int64], known: NDArray[np.int64], value: NDArray[np.float64]
    ) -> None:
        self._start = int(known.min(initial=0))
        self._span = int(known.max(initial=0)) - self._start + 2
        keep = group >= 0
        key = group[keep] * self._span + (known[keep] - self._start)
        order = np.argsort(key, kind="stable")
        self._key = key[order]
        self._value = value[keep][order]
        self._total = np.concatenate([[0.0], np.cumsum(self._value)])

    def _position(self, group: NDArray[np.int64], time: NDArray[np.int64]) -> NDArray[np.intp]:
        # Clipping keeps a question inside its own group's stretch of keys.
        offset = np.clip(time - self._start, 0, self._span - 1)
        return np.searchsorted(self._key, group * self._span + offset, side="left")

    def sums(
        self, group: NDArray[np.int64], time: NDArray[np.int64], window: int | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Count and total of a group's events known before `time`.

        Args:
            group: Group asked about, shape (n_questions,); -1 has no events.
            time: When the question is asked, whole seconds, shape (n_questions,).
            window: How far back events count, seconds; None is without end.

        Returns:
            Counts and totals, each of shape (n_questions,).
        """
        end = self._position(group, time)
        first = time - window if window is not None else np.full_like(time, self._start)
        begin = np.minimum(self._position(group, first), end)
        known_group = group >= 0
        count = np.where(known_group, end - begin, 0)
        total = np.where(known_group, self._total[end] - self._total[begin], 0.0)
        return count, total

    def last(
        self, group: NDArray[np.int64], time: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Value and age (seconds) of a group's latest event known before `time`; nan if none."""
        if self._key.size == 0:
            nothing = np.full(group.shape, np.nan)
            return nothing, nothing
        end = self._position(group, time)
        index = np.maximum(end - 1, 0)
        found = (end > 0) & (group >= 0) & (self._key[index] // self._span == group)
        age = time - self._start - self._key[index] % self._span
        return (
            np.where(found, self._value[index], np.nan),
            np.where(found, age, np.nan).astype(np.float64),
        )
