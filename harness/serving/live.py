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
        self.current = Loaded(bundle=bundle, version=seal[:16], label=label)
        self.problem = None
        _log.info("bundle %s answers", seal[:16])
        return True
