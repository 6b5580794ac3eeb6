"""Guard: what makes a live model leave by itself, from what its server logged."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class GuardSettings:
    """When `harness guard` rolls back.

    Attributes:
        roll_back_on: Codes of monitoring reasons that roll back: BREAK, FEATURES, IMPORTANT,
            SEGMENT, JOINT, SCORE, ALERT_RATE, CONCEPT, METRIC.
        max_error_share: Share of requests refused or failed above which to roll back.
        max_p99_ms: 99th percentile of milliseconds above which to roll back.
        min_rows: Fewest rows of the live version that may decide anything.
        window_rows: Most rows looked at, the latest.
        cool_down_minutes: After a rollback, time without another.
    """

    kind: str = "guard"
    roll_back_on: list[str] = field(default_factory=lambda: ["BREAK", "SCORE", "CONCEPT", "METRIC"])
    max_error_share: float = 0.05
    max_p99_ms: float = 200.0
    min_rows: int = 200
    window_rows: int = 20_000
    cool_down_minutes: float = 60.0
