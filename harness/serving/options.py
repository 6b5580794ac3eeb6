"""Options of a server, handed to its workers through the environment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

VARIABLE = "HARNESS_SERVE"
KEY_VARIABLE = "HARNESS_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How to serve.

    Attributes:
        bundle: Folder of the bundle, or `models:/NAME@ALIAS`; when another stands there, it is
            taken up.
        registry: URI of the registry; None takes the usual one.
        shadow: Folder or URI of what scores along without answering; needs log_folder.
        challenger: Folder or URI of what answers the canary's share.
        canary_share: Share of keys the challenger answers; 0 answers none.
        canary_key: Column that names who a row is about.
        canary_seconds: How long a request waits for the challenger before the champion answers.
        trust: Types beyond the known ones that may be rebuilt.
        max_body_bytes: Largest request body.
        max_rows: Most rows of one request.
        key_file: File with the API key; HARNESS_API_KEY otherwise; none asks for none.
        log_folder: Where requests are logged as JSON lines; None logs nothing.
        log_values: Whether the rows themselves are logged.
        log_bytes: Size at which a log file is closed and the next begun.
        log_files: Closed log files kept, the oldest are removed.
        gauges_file: Further figures for /metrics, as `harness monitor --prometheus` writes them.
    """

    bundle: str
    registry: str | None = None
    shadow: str | None = None
    challenger: str | None = None
    canary_share: float = 0.0
    canary_key: str | None = None
    canary_seconds: float = 2.0
    trust: tuple[str, ...] = ()
    max_body_bytes: int = 10_000_000
    max_rows: int = 10_000
    key_file: str | None = None
    log_folder: str | None = None
    log_values: bool = False
    log_bytes: int = 64_000_000
    log_files: int = 8
    gauges_file: str | None = None

    def into_environment(self) -> None:
        """Leave the options where worker processes find them."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> ServeOptions:
        """The options a launcher left."""
        content = json.loads(os.environ[VARIABLE])
        return cls(**{**content, "trust": tuple(content["trust"])})
