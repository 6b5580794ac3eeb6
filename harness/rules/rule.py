"""Rule: where the line lies, on which side of it one passes, and how both are said."""

from __future__ import annotations

from dataclasses import dataclass

GAIN, HARM, LEVEL = "gain", "harm", "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is asked of a figure. Standard library only: configs are checked before numpy is there.

    Attributes:
        name: As configs write it; the file's name too.
        of: gain (the difference to the baseline has to exceed a margin), harm (it may not reach a
            tolerance), or level (the candidate's own value is held against a line).
        passes_above: Whether figures above the line pass; None for the metric's better direction.
        needs: Key of a guardrail that holds the amount: value or tolerance.
        asks: What a verdict says was asked, after "it"; {amount} and {baseline} are filled in.
        asks_any: The same where the amount is zero.
        short: What the table of a decision says, after "asks that it".
        document: What the protocol document says, after the metric's title.
        document_any: The same where the amount is zero.
    """

    name: str
    of: str
    passes_above: bool | None
    needs: str
    asks: str
    short: str
    document: str
    asks_any: str = ""
    document_any: str = ""

    @property
    def is_paired(self) -> bool:
        """Whether the candidate is held against the baseline, not against a fixed line."""
        return self.of != LEVEL

    @property
    def is_guard(self) -> bool:
        """Whether a candidate that changes nothing passes."""
        return self.of == HARM

    def is_above(self, higher_is_better: bool | None) -> bool:
        """Whether figures of such a metric pass above the line."""
        if self.passes_above is not None:
            return self.passes_above
        return higher_is_better is not False

    def signed(self, amount: float, *, above: bool) -> float:
        """The line's place for an amount: a margin lies on the passing side, a tolerance before it."""
        if self.of == LEVEL:
            return amount
        return amount if above == (self.of == GAIN) else -amount
