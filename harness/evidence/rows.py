"""Scored rows: what one model said about each test row, and what came true."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import EvidenceError
from harness.evidence.blocks import Blocks
from harness.evidence.ranking import Ranking, rank


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredRows:
    """Scores and alerts of one model on the rows it is judged by, each (n_rows,).

    Attributes:
        score: Higher means more likely positive.
        alert: Whether the score reached the model's threshold.
        label: Whether the row turned out positive.
        value_if_alert: Worth of an alert on this row, in the criteria's unit.
        value_if_silent: Worth of saying nothing.
        blocks: Resampling units.

    Raises:
        EvidenceError: If lengths differ, there are no rows, or a score is nan or infinite.
    """

    score: NDArray[np.float64]
    alert: NDArray[np.bool_]
    label: NDArray[np.bool_]
    value_if_alert: NDArray[np.float64]
    value_if_silent: NDArray[np.float64]
    blocks: Blocks = field(repr=False)

    def __post_init__(self) -> None:
        lengths = {len(self.score), len(self.alert), len(self.label), len(self.blocks.code)}
        lengths |= {len(self.value_if_alert), len(self.value_if_silent)}
        if len(lengths) != 1:
            raise EvidenceError(f"scores, alerts and labels differ in length: {sorted(lengths)}")
        if 0 in lengths:
            raise EvidenceError("no rows to judge by")
        bad = ~np.isfinite(self.score)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise EvidenceError(
                f"{int(bad.sum())} scores are nan or infinite (first in test row {row}); "
                "a model that cannot score every row cannot be judged"
            )

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def memory(self) -> dict[object, Any]:
        """What metrics have worked out about these rows, so that they need not do it twice."""
        return {}

    @cached_property
    def ranking(self) -> Ranking:
        """Rows sorted and binned by score, computed once."""
        return rank(self.score)

    @cached_property
    def value(self) -> NDArray[np.float64]:
        """What each row was worth, given what the model did."""
        return np.where(self.alert, self.value_if_alert, self.value_if_silent)

    def with_blocks(self, blocks: Blocks) -> ScoredRows:
        """The same rows under other resampling units."""
        return ScoredRows(
            score=self.score,
            alert=self.alert,
            label=self.label,
            value_if_alert=self.value_if_alert,
            value_if_silent=self.value_if_silent,
            blocks=blocks,
        )

    def subset(
        self, chosen: NDArray[np.bool_] | NDArray[np.intp], *, like: ScoredRows | None = None
    ) -> ScoredRows:
        """The rows of a segment, by mask or by position.

        Args:
            chosen: Which rows.
            like: The same segment of another model on the same rows; what both share is taken
                from there.
        """
        mask = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        return ScoredRows(
            score=self.score[mask],
            alert=self.alert[mask],
            label=self.label[mask] if like is None else like.label,
            value_if_alert=self.value_if_alert[mask] if like is None else like.value_if_alert,
            value_if_silent=self.value_if_silent[mask] if like is None else like.value_if_silent,
            blocks=self.blocks.subset(mask) if like is None else like.blocks,
        )
