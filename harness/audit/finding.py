"""Finding: what a leakage check saw, how bad it is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.artefacts.card import AMBER, GREY, RED, card
from harness.settings import AcceptedFinding

BLOCK, WARN, NOTE = "block", "warn", "note"
_COLOURS = {BLOCK: RED, WARN: AMBER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One observation of the audit.

    Attributes:
        check: Stable code, such as `L02`.
        title: Name of the check.
        severity: block, warn or note.
        columns: Columns concerned; empty for the table as a whole.
        sentence: What was seen, in words.
        evidence: What was seen, in numbers.
        advice: What to do.
        accepted: The owner's reason, when the finding was accepted in the config.
    """

    check: str
    title: str
    severity: str
    columns: tuple[str, ...]
    sentence: str
    evidence: dict[str, float | int | str] = field(default_factory=dict)
    advice: str = ""
    accepted: str | None = None

    def about(self, window: str) -> Finding:
        """The same with the judged window called by its name: a trial's is no test window."""
        title, sentence, advice = (
            re.sub(r"\btest\b", window, text) for text in (self.title, self.sentence, self.advice)
        )
        return replace(self, title=title, sentence=sentence, advice=advice)

    def _repr_html_(self) -> str:
        """The name notebooks look for."""
        word = "accepted" if self.accepted else self.severity
        title = f"{self.check} {self.title}: {word}"
        lines = [self.sentence, *([self.advice] if self.advice else [])]
        rows = [(name, str(value)) for name, value in self.evidence.items()]
        heads = ("evidence", "value") if rows else ()
        return card(title, _COLOURS.get(word, GREY), lines, heads, rows)


def accept(findings: Sequence[Finding], accepted: Sequence[AcceptedFinding]) -> tuple[Finding, ...]:
    """Mark findings that the protocol's owner has looked at and accepted."""
    reasons = {(entry.check, entry.column): entry.reason for entry in accepted}

    def marked(finding: Finding) -> Finding:
        keys = [(finding.check, column) for column in finding.columns or ("",)]
        if not all(key in reasons for key in keys):
            return finding
        return replace(finding, accepted="; ".join(sorted({reasons[key] for key in keys})))

    return tuple(map(marked, findings))
