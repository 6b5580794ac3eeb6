"""Looks: what a look at a test window may claim.

A window is opened once. Candidates fixed before the opening share alpha (Bonferroni);
planned blind looks share it as well, and hold against an analyst who adapts because they
show a verdict and nothing else. Any other look at labels already seen is exploratory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import LedgerError
from harness.ledger.chain import Chain, Entry
from harness.ledger.window import LabelledWindow
from harness.settings import HoldoutSettings

CONFIRMATORY, BLIND, EXPLORATORY = "confirmatory", "blind", "exploratory"
# No look at all: judged on validation, written in no ledger.
TRIAL = "trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One candidate's look at one window.

    Attributes:
        status: confirmatory, blind, exploratory, or trial: no look, and the fields below are 0.
        opening: Number of the ledger entry that opened the window.
        alpha_divisor: Alpha of each bound is divided by this.
        looks_planned: Looks the protocol, or the sweep, planned.
        looks_used: Looks spent so far, this one included.
        disclosure: full, or verdict (nothing but the verdict is shown).
        is_repeat: Whether the same candidate was judged here before: free, same verdict.
        fresh_days: Days of the window no earlier look has seen.
        sentence: What this means for the verdict.
        ledger: Which ledger this holds for.
    """

    status: str
    opening: int
    alpha_divisor: int
    looks_planned: int
    looks_used: int
    disclosure: str
    is_repeat: bool
    fresh_days: int
    sentence: str
    ledger: str

    @property
    def is_exploratory(self) -> bool:
        """Whether nothing can be claimed: the window was opened before, or is not opened at all."""
        return self.status in (EXPLORATORY, TRIAL)

    @property
    def is_trial(self) -> bool:
        """Whether the test window stays closed."""
        return self.status == TRIAL

    @property
    def is_sealed(self) -> bool:
        """Whether nothing but the verdict may be shown."""
        return self.disclosure == "verdict" and self.looks_used < self.looks_planned


def trial_look() -> Look:
    """What stands in place of a look where everything is judged on validation."""
    return Look(
        status=TRIAL,
        opening=0,
        alpha_divisor=1,
        looks_planned=0,
        looks_used=0,
        disclosure="full",
        is_repeat=False,
        fresh_days=0,
        sentence="This is a trial: it is judged on the second half of validation, with the threshold "
        "chosen on the first; the test window stays closed and nothing is spent, so it cannot end in "
        "SHIP.",
        ledger="",
    )


def reserve(
    chain: Chain, window: LabelledWindow, protocol: str, rows: str, candidates: Sequence[str]
) -> None:
    """Fix the candidates of a sweep before any of them is scored: they share alpha.

    Args:
        chain: The ledger.
        window: Labels of the test window.
        protocol: Protocol fingerprint.
        rows: Fingerprint of the test rows, features included.
        candidates: Candidate fingerprints; equal ones count once.
    """
    distinct = sorted(set(candidates))
    with chain.transaction():
        history = chain.entries()
        openings = _openings(history, window, protocol)
        judged = {e.content["candidate"] for e in openings if e.content["rows"] == rows}
        if judged >= set(distinct):
            return  # a sweep repeated: every candidate has its verdict already
        if any(
            e.content["rows"] == rows and e.content["candidates"] == distinct
            for e in history
            if e.kind == "reserve" and _same(e, window, protocol)
        ):
            return  # a sweep that goes on: its family was fixed when it began
        chain.append(
            "reserve",
            {
                **_identity(history, window),
                "protocol": protocol,
                "rows": rows,
                "candidates": distinct,
                "is_fresh": not _seen_days(history, history, window),
            },
        )


def take_look(
    chain: Chain,
    window: LabelledWindow,
    holdout: HoldoutSettings,
    *,
    protocol: str,
    rows: str,
    candidate: str,
    baseline: str,
) -> Look:
    """Open the window for a candidate, or find out that it was opened before.

    The entry is written before anything is scored: a look counts from then on, whatever
    becomes of the process.

    Args:
        chain: The ledger.
        window: Labels of the test window.
        holdout: Looks planned, and what they disclose.
        protocol: Protocol fingerprint.
        rows: Fingerprint of the test rows, features included: with other features the same
            settings are another candidate.
        candidate: Candidate fingerprint.
        baseline: Hash of the baseline's predictions on the window.
    """
    with chain.transaction():
        history = chain.entries()
        earlier = [
            e
            for e in _openings(history, window, protocol)
            if _who(e) == (rows, candidate, baseline)
        ]
        if earlier:
            return _look(earlier[0], history, window, chain, is_repeat=True)
        seen = _seen_days(history, history, window)
        status, divisor, planned = _standing(
            history, window, holdout, protocol, rows, candidate, is_fresh=not seen
        )
        entry = chain.append(
            "open",
            {
                **_identity(history, window),
                "protocol": protocol,
                "rows": rows,
                "candidate": candidate,
                "baseline": baseline,
                "status": status,
                "alpha_divisor": divisor,
                "looks_planned": planned,
                "disclosure": holdout.disclosure if status == BLIND else "full",
                "fresh_days": len(window.days.keys() - seen),
            },
        )
        return _look(entry, [*history, entry], window, chain, is_repeat=False)


def record_verdict(chain: Chain, look: Look, decision: str) -> None:
    """Write down what a look ended in; a look without this was cut off, and is spent."""
    with chain.transaction():
        told = {e.content["opening"] for e in chain.entries() if e.kind == "verdict"}
        if look.opening not in told:  # a repeated look may be the first to reach its end
            chain.append("verdict", {"opening": look.opening, "decision": decision})


def unseal(chain: Chain, window_key: str, reason: str) -> None:
    """Close a window to further blind looks, so that its numbers may be shown.

    Raises:
        LedgerError: If no such window was opened, or no reason is given.
    """
    if not reason.strip():
        raise LedgerError("unseal: say why, with --reason; it is kept")
    with chain.transaction():
        keys = {e.content["window"] for e in chain.entries() if e.kind == "open"}
        found = [key for key in keys if key.startswith(window_key)]
        if len(found) != 1:
            raise LedgerError(
                f"unseal: {len(found)} opened windows begin with '{window_key}'; "
                "`harness ledger` lists them"
            )
        chain.append("unseal", {"window": found[0], "reason": reason})


def _standing(
    history: Sequence[Entry],
    window: LabelledWindow,
    holdout: HoldoutSettings,
    protocol: str,
    rows: str,
    candidate: str,
    *,
    is_fresh: bool,
) -> tuple[str, int, int]:
    """Status, alpha divisor and looks planned of a look not taken before."""
    for entry in reversed(history):
        if entry.kind == "reserve" and _same(entry, window, protocol):
            content = entry.content
            if rows == content["rows"] and candidate in content["candidates"]:
                n_candidates = len(content["candidates"])
                status = CONFIRMATORY if content["is_fresh"] else EXPLORATORY
                return status, n_candidates, n_candidates
    if holdout.looks > 1:
        mine = [e for e in _openings(history, window, protocol) if e.content["status"] == BLIND]
        others = _seen_days([e for e in history if e not in mine], history, window)
        is_closed = any(e.kind == "unseal" and e.content["window"] == window.key for e in history)
        if not others and not is_closed and len(mine) < holdout.looks:
            return BLIND, holdout.looks, holdout.looks
    return (CONFIRMATORY if is_fresh else EXPLORATORY), 1, 1


def _look(
    entry: Entry, history: Sequence[Entry], window: LabelledWindow, chain: Chain, *, is_repeat: bool
) -> Look:
    content: dict[str, Any] = entry.content
    status = content["status"]
    used = len(_openings(history, window, content["protocol"])) if status == BLIND else 1
    if status == CONFIRMATORY and content["alpha_divisor"] > 1:
        used = content["alpha_divisor"]
    is_closed = any(e.kind == "unseal" and e.content["window"] == window.key for e in history)
    return Look(
        status=status,
        opening=entry.seq,
        alpha_divisor=content["alpha_divisor"],
        looks_planned=content["looks_planned"],
        looks_used=used,
        disclosure="full" if is_closed else content["disclosure"],
        is_repeat=is_repeat,
        fresh_days=content["fresh_days"],
        sentence=_sentence(content, len(window.days), used),
        ledger=str(chain.place),
    )


def _sentence(content: dict[str, Any], n_days: int, used: int) -> str:
    status, divisor = content["status"], content["alpha_divisor"]
    if status == EXPLORATORY:
        return (
            f"{n_days - content['fresh_days']} of the {n_days} test days were looked at before, so "
            "this look is exploratory and cannot end in SHIP; a test window of fresh days, or an A/B "
            "test, can confirm what it shows."
        )
    if status == BLIND:
        return f"Look {used} of {divisor} planned ones, each at alpha / {divisor}."
    if divisor > 1:
        return f"{divisor} candidates were fixed before the window was opened; they share alpha."
    return "The window was opened for this candidate alone."


def _same(entry: Entry, window: LabelledWindow, protocol: str) -> bool:
    found: tuple[str, str] = (entry.content["window"], entry.content["protocol"])
    return found == (window.key, protocol)


def _who(entry: Entry) -> tuple[str, str, str]:
    """What makes a look the same look again."""
    return entry.content["rows"], entry.content["candidate"], entry.content["baseline"]


def _openings(history: Sequence[Entry], window: LabelledWindow, protocol: str) -> list[Entry]:
    return [e for e in history if e.kind == "open" and _same(e, window, protocol)]


def _identity(history: Sequence[Entry], window: LabelledWindow) -> dict[str, Any]:
    """What an entry says of its window; the sketch stands in the first entry of a window."""
    identity = {"window": window.key, "days": window.days}
    if window.sketch and window.key not in _sketches(history):
        identity["sketch"] = window.sketch
    return identity


def _sketches(history: Sequence[Entry]) -> dict[str, str]:
    kept = (e.content for e in history if e.kind in ("open", "reserve"))
    return {c["window"]: c["sketch"] for c in kept if "sketch" in c}


def _seen_days(
    entries: Sequence[Entry], history: Sequence[Entry], window: LabelledWindow
) -> set[str]:
    """Dates of the window's days that some of `entries` have shown; `history` has sketches."""
    sketches = _sketches(history)
    shown = {e.content["window"]: e.content for e in entries if e.kind in ("open", "reserve")}
    seen: set[str] = set()
    for key, content in shown.items():
        if key == window.key:
            return set(window.days)
        sketch = sketches.get(key)
        if sketch is None or not window.labels:  # version 0.1.0 knew equal days alone
            hashes = set(content["days"].values())
            seen |= {date for date, found in window.days.items() if found in hashes}
            continue
        seen |= window.equal_days(content["days"])
        seen |= window.days_in(sketch)
        if len(seen) == len(window.days):
            break
    return seen
