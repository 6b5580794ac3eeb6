"""Live: the bundle that answers now, and the change to another without a gap."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from harness.bundle import Bundle
from harness.errors import HarnessError
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


class LiveBundle:
    """Holds the bundle that answers; a request takes it once and keeps it to its end.

    Args:
        place: Where it stands.
        beside: The bundle that clients send their rows for; one that needs further columns is not
            taken up. None takes up any.
    """

    def __init__(self, place: Place, beside: LiveBundle | None = None) -> None:
        self._place, self._beside = place, beside
        self.current: Loaded | None = None
        self.problem: str | None = None
        self._tried = ""

    @property
    def every_seconds(self) -> float:
        """How often to look."""
        return self._place.every_seconds

    def look(self) -> bool:
        """Take another bundle up when one stands there.

        A bundle that fails a check, and a registry that is away, leave the one before answering.

        Returns:
            Whether another bundle answers from now on.
        """
        try:
            seal = self._place.seal()
        except HarnessError as error:
            self.problem = str(error)
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
        except HarnessError as error:
            self.problem = str(error)
            _log.warning("not taken up: %s", error)
            return False
        if not is_same:
            self._tried = ""  # replaced while it was read: look again
            return False
        champion = self._beside.current if self._beside is not None else None
        if champion is not None and (missing := further_columns(bundle, champion.bundle)):
            self.problem = f"{label or seal[:16]} {needs_more(missing)}"
            self.current = None  # what it replaced is no longer what is asked for
            _log.warning("not taken up: %s", self.problem)
            return False
        self.current = Loaded(bundle=bundle, version=seal[:16], label=label)
        self.problem = None
        _log.info("bundle %s answers", seal[:16])
        return True


def further_columns(other: Bundle, champion: Bundle) -> tuple[str, ...]:
    """Columns a version needs and the champion, for which clients send rows, does not."""
    return tuple(n for n in other.schema.columns if n not in champion.schema.columns)


def needs_more(columns: tuple[str, ...]) -> str:
    """The sentence about such columns, after the version's name."""
    return (
        f"needs {', '.join(columns)}, which the champion does not and clients may not send; train "
        "it on the champion's columns, or promote it first"
    )
