"""Live: the bundle that answers now, and the change to another without a gap."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from harness.bundle import Bundle, load_bundle
from harness.bundle.load import SEAL
from harness.errors import HarnessError

_log = logging.getLogger("harness.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A bundle that proved whole and scores as when it was written.

    Attributes:
        bundle: The bundle.
        version: First half of the SHA-256 of its manifest: names what answered.
    """

    bundle: Bundle
    version: str


class LiveBundle:
    """Holds the bundle that answers; a request takes it once and keeps it to its end.

    Args:
        folder: The bundle's folder.
        trust: Types beyond the known ones that may be rebuilt.
    """

    def __init__(self, folder: Path, trust: tuple[str, ...] = ()) -> None:
        self._folder, self._trust = folder, trust
        self.current: Loaded | None = None
        self.problem: str | None = None
        self._tried = ""

    def look(self) -> bool:
        """Take another bundle up when one stands in the folder.

        A bundle that fails a check leaves the one before it answering.

        Returns:
            Whether another bundle answers from now on.
        """
        seal = self._seal()
        if seal in ("", self._tried):
            return False
        self._tried = seal
        try:
            bundle = load_bundle(self._folder, trust=self._trust)
        except HarnessError as error:
            self.problem = str(error)
            _log.warning("not taken up: %s", error)
            return False
        if self._seal() != seal:
            self._tried = ""  # replaced while it was read: look again
            return False
        self.current = Loaded(bundle=bundle, version=seal[:16])
        self.problem = None
        _log.info("bundle %s answers", seal[:16])
        return True

    def _seal(self) -> str:
        try:
            return (self._folder / SEAL).read_text().split()[0]
        except (OSError, IndexError):
            self.problem = f"{self._folder}: no bundle there"
            return ""
