"""Gap: is the space between windows as long as labels take to become known?"""

from __future__ import annotations

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import NOTE, Finding
from harness.data import Split


def check_gap(split: Split) -> list[Finding]:
    """L06: rows kept out of earlier windows because their label came too late."""
    late = {
        reason: n for reason, n in split.dropped.items() if reason.startswith("label not known")
    }
    if not late:
        return []
    total = sum(late.values())
    return [
        Finding(
            check="L06",
            title="gap shorter than the label delay",
            severity=NOTE,
            columns=(),
            sentence=f"{total:,} rows before the gaps had no label yet when the next window "
            "opened; they were kept out of it.",
            evidence=dict(late),
            advice="Nothing to do; a longer split.gap would say so in the protocol.",
        )
    ]


CHECKS: dict[str, ColumnCheck] = {"L06": lambda view, settings: check_gap(view.split)}
