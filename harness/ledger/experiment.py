"""Experiment: looks at an A/B log, known again by the units in it.

A log grows while a test runs, so its identity is made of the units it holds, whatever
file they lie in: an earlier look was at the same test when most of its units are here.
At a fixed plan the first look that could ship is the only one that may; at a sequential
plan every look may, because the bounds hold at all of them together. Criteria that were
changed after a look confirm nothing. A log whose assignment was broken showed no figure, so
roles and planned shares may be corrected after it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.ledger.chain import Chain, Entry
from harness.ledger.looks import CONFIRMATORY, EXPLORATORY, Look

# Smallest hashes kept of a look's units: enough to tell 0 % from 100 % in common.
_KEPT = 256
_SAME_TEST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLook:
    """What is looked at.

    Attributes:
        units: Hashes of the units' names, shape (n_units,).
        protocol: Fingerprint of criteria and roles.
        criteria: Fingerprint of the criteria alone.
        rows: Fingerprint of the log's content.
        candidate: Fingerprint of the treatment judged.
        is_sequential: Whether bounds hold at every look together.
        is_valid: Whether the variants may be compared; no figure is shown where they may not.
        could_ship: Whether the minimums are met.
        days: First and last day of assignment; empty when not known.
        n_days: Days they span.
    """

    units: NDArray[np.uint64]
    protocol: str
    criteria: str
    rows: str
    candidate: str
    is_sequential: bool
    is_valid: bool
    could_ship: bool
    days: tuple[str, ...]
    n_days: int


def look_at_log(chain: Chain, log: LogLook) -> Look:
    """Write a look at an A/B log down before anything is judged.

    Args:
        chain: The ledger.
        log: What is looked at.
    """
    units = np.unique(log.units)
    with chain.transaction():
        earlier = [e for e in chain.entries() if e.kind == "abtest" and _is_same(e, units)]
        asked = (log.protocol, log.rows, log.candidate)
        for entry in earlier:
            content = entry.content
            if asked == (content["protocol"], content["rows"], content["candidate"]):
                return _look(entry, len(_seen(earlier)), chain, is_repeat=True)
        status, sentence = _standing(earlier, log)
        content = {
            "window": _experiment(earlier, units),
            "days": dict.fromkeys(log.days, ""),
            "sketch": [int(h) for h in units[:_KEPT]],
            "n_units": len(units),
            "protocol": log.protocol,
            "rows": log.rows,
            "candidate": log.candidate,
            "status": status,
            "criteria": log.criteria,
            "is_valid": log.is_valid,
            "could_ship": log.could_ship,
            "n_days": log.n_days,
            "sentence": sentence,
        }
        entry = chain.append("abtest", content)
        return _look(entry, len(_seen([*earlier, entry])), chain, is_repeat=False)


def _is_same(entry: Entry, units: NDArray[np.uint64]) -> bool:
    sketch = np.array(entry.content["sketch"], dtype=np.uint64)
    return bool(np.isin(sketch, units).mean() >= _SAME_TEST)


def _seen(entries: list[Entry]) -> list[Entry]:
    """Looks that showed a figure; all of them did in entries without a word on it."""
    return [e for e in entries if e.content.get("is_valid", True)]


def _experiment(earlier: list[Entry], units: NDArray[np.uint64]) -> str:
    if earlier:
        return str(earlier[0].content["window"])
    return hashlib.sha256(units[:_KEPT].tobytes()).hexdigest()


def _standing(earlier: list[Entry], log: LogLook) -> tuple[str, str]:
    seen = _seen(earlier)
    criteria = {e.content["criteria"] for e in earlier if "criteria" in e.content}
    if any(e.content["protocol"] != log.protocol for e in seen) or criteria - {log.criteria}:
        return EXPLORATORY, (
            "The criteria, or the meaning of a column, were changed after this test had been looked "
            "at, so this look is exploratory and cannot end in SHIP; a new test can confirm it."
        )
    if not log.is_valid:
        return CONFIRMATORY, (
            "The variants cannot be compared, so no figure was shown and the look is not spent: "
            "abtest.share and the roles of columns may be corrected, the criteria may not."
        )
    if log.is_sequential:
        n = len(seen) + 1
        return CONFIRMATORY, f"Look {n} of any number: the bounds hold at all looks together."
    if any(e.content["could_ship"] for e in seen):
        return EXPLORATORY, (
            "This test had its one look already, so this one is exploratory and cannot end in SHIP; "
            "plan abtest.looks=sequential to look often."
        )
    if not log.could_ship:
        return CONFIRMATORY, (
            "An early look, before the minimums are met: it may prove harm, and leaves the one look "
            "that can end in SHIP unspent."
        )
    return CONFIRMATORY, "The one planned look at this test."


def _look(entry: Entry, used: int, chain: Chain, *, is_repeat: bool) -> Look:
    content = entry.content
    return Look(
        status=content["status"],
        opening=entry.seq,
        alpha_divisor=1,
        looks_planned=max(used, 1),
        looks_used=used,
        disclosure="full",
        is_repeat=is_repeat,
        fresh_days=content["n_days"],
        sentence=content["sentence"],
        ledger=str(chain.place),
    )
