"""Seal: a decision that shows its verdict and nothing an analyst could adapt to."""

from __future__ import annotations

from dataclasses import replace

from harness.decision.decide import Decision


def sealed(decision: Decision, sentence: str) -> Decision:
    """The decision without criteria, figures and reasons.

    Args:
        decision: What the evidence says.
        sentence: Which look this was, of how many.
    """
    reasons = (
        f"{sentence} Its figures are withheld until the planned looks are spent, or "
        "`harness ledger unseal` closes the window.",
    )
    return replace(decision, reasons=reasons, criteria=())
