"""Live: the bundle that answers now, and the change to another without a gap."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.bundle import Bundle
from harness.errors import BundleError
from harness.serving.place import Place

_log = logging.getLogger("harness.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A bundle that proved whole and scores as when it was written.

    Attributes:
        bundle: The bundle.
        version: First half of the SHA-256 of its manifest: names what answered.
        label: What the registry calls it, NAME/VERSION; None outside a registry.
    """

    bundle: Bundle
    version: str
    label: str | None = None

    @property
    def name(self) -> str:
        """NAME/VERSION of the registry, or the seal."""
        return self.label or self.version

    def scores(self, rows: Sequence[Mapping[str, Any]], *, is_single: bool) -> list[float]:
        """Scores of some rows, shape (n_rows,).

        Args:
            rows: Columns to values.
            is_single: Whether one row came by itself, and takes the short path.

        Raises:
            BundleError: If a row cannot be scored, or its score is no finite number.
        """
        if is_single:
            scores = [self.bundle.score_one(rows[0])]
        else:
            scores = [float(score) for score in self.bundle.score(rows)]
        if not all(map(math.isfinite, scores)):
            row = next(i for i, score in enumerate(scores) if not math.isfinite(score))
            raise BundleError(f"row {row}: the model gives {scores[row]}, which is no score")
        return scores

    def alerts(self, scores: Sequence[float]) -> list[bool]:
        """Whether each score reaches the threshold, shape (n_rows,)."""
        return [score >= self.bundle.threshold for score in scores]


class LiveBundle:
    """Holds the bundle that answers; a request takes it once and keeps it to its end.

    Args:
        place: Where it stands.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.current: Loaded | None = None
        self.problem: str | None = None
        self._tried = ""

    @property
    def every_seconds(self) -> float:
        """How often to look."""
        return self._place.every_seconds

    def look(self) -> bool:
        """Take another bundle up when one stands there.

        A bundle that fails a check, and a registry that is away, leave the one before answering;
        so does whatever else goes wrong, for nobody would look again.

        Returns:
            Whether another bundle answers from now on.
        """
        try:
            seal = self._place.seal()
        except Exception as error:  # noqa: BLE001  # a driver of the registry raises its own
            self.problem = str(error) or type(error).__name__
            return False
        if seal == self._tried:
            if self.current is not None and self.current.version == seal[:16]:
                self.problem = None  # the registry is back
            return False
        self._tried = seal
        label = self._place.label()
        try:
            bundle = self._place.load()
            is_same = self._place.seal() == seal
        except Exception as error:  # noqa: BLE001  # as above
            self.problem = str(error) or type(error).__name__
            _log.warning("not taken up: %s", self.problem)
            if not isinstance(error, BundleError):
                self._tried = ""  # the disk or the registry failed, not the bundle: look again
            return False
        if not is_same:
            self._tried = ""  # replaced while it was read: look again
            return False
        self.current = Loaded(bundle=bundle, version=seal[:16], label=label)
        self.problem = None
        _log.info("bundle %s answers", seal[:16])
        return True
