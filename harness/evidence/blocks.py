"""Blocks: the units of resampling; rows inside one are not independent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Variance from so many random blocks is known to about 7 %.
N_RANDOM_BLOCKS = 400
# From so many rows on, drawing a block for each is as even as dealing them out, and quicker.
_MANY_ROWS = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    """Which block each row belongs to.

    Attributes:
        code: Block of each row, 0 .. n_blocks - 1, shape (n_rows,).
        names: What each block is called, in order, length n_blocks.
        in_time_order: Whether neighbouring blocks are neighbours in time.
    """

    code: NDArray[np.intp]
    names: tuple[str, ...]
    in_time_order: bool

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.names)

    @cached_property
    def _starts(self) -> NDArray[np.intp] | None:
        """Where each block begins; None unless rows lie block after block, none of them empty."""
        steps = self.code[1:] != self.code[:-1]
        if len(self.code) == 0 or np.count_nonzero(steps) != self.n_blocks - 1:
            return None
        starts = np.append(0, np.flatnonzero(steps) + 1)
        return starts if (np.diff(self.code[starts]) > 0).all() else None

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Rows of each block, shape (n_blocks,)."""
        return np.bincount(self.code, minlength=self.n_blocks).astype(np.float64)

    def sums(self, values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sum of `values` in each block, shape (n_blocks,)."""
        if self._starts is not None:  # three times as fast as counting row by row
            found = np.add.reduceat(values, self._starts, dtype=np.float64)
            return found.astype(np.float64)
        return np.bincount(self.code, weights=values, minlength=self.n_blocks).astype(np.float64)

    def subset(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> Blocks:
        """The same blocks over fewer rows, without those left empty."""
        code = self.code[mask]
        is_used = np.bincount(code, minlength=self.n_blocks) > 0
        if is_used.all():
            return Blocks(code=code, names=self.names, in_time_order=self.in_time_order)
        names = tuple(name for name, used in zip(self.names, is_used, strict=True) if used)
        dense = np.cumsum(is_used) - 1
        return Blocks(code=dense[code], names=names, in_time_order=self.in_time_order)


def blocks_of(
    kind: str, local_time: pd.DatetimeIndex, entity: NDArray[np.object_] | None
) -> Blocks:
    """Blocks by local day, by ISO week, or by entity.

    Args:
        kind: day, week, entity, or row (random blocks, as if rows were independent).
        local_time: Prediction times in the dataset's zone, shape (n_rows,).
        entity: Who each row is about; needed for entity blocks.

    Raises:
        ValueError: If entities are asked for and there are none.
    """
    if kind == "row":
        return random_blocks(len(local_time))
    if kind == "entity":
        if entity is None:
            raise ValueError("no entity column")
        codes, names = pd.factorize(entity, sort=True)
        return Blocks(code=codes, names=tuple(map(str, names)), in_time_order=False)
    day = local_time.tz_localize(None).normalize()
    if kind == "week":
        day = day - pd.to_timedelta(day.day_of_week, unit="D")
    starts, code = np.unique(day.to_numpy().astype("datetime64[D]"), return_inverse=True)
    return Blocks(code=code, names=tuple(map(str, starts)), in_time_order=True)


def random_blocks(n_rows: int, seed: int = 0) -> Blocks:
    """Blocks that take no account of time or entity.

    Args:
        n_rows: Rows to spread over the blocks.
        seed: Seed of the permutation.
    """
    n_blocks = max(2, min(N_RANDOM_BLOCKS, n_rows))
    rng = np.random.default_rng(seed)
    if n_rows >= _MANY_ROWS:
        code = rng.integers(0, n_blocks, n_rows, dtype=np.uint16)  # sizes differ by a hundredth
    else:
        code = (np.arange(n_rows) % n_blocks).astype(np.uint16)
        rng.shuffle(code)
    names = tuple(f"random {i}" for i in range(n_blocks))
    return Blocks(code=code.astype(np.intp), names=names, in_time_order=False)
