"""Ledger: which test windows were opened, by which candidates, and what that leaves to claim."""

from __future__ import annotations

from harness.ledger.chain import Chain, Entry
from harness.ledger.experiment import LogLook, look_at_log
from harness.ledger.looks import (
    TRIAL,
    Look,
    record_verdict,
    reserve,
    take_look,
    trial_look,
    unseal,
)
from harness.ledger.place import ledger_place
from harness.ledger.window import LabelledWindow, labelled_window

__all__ = [
    "TRIAL",
    "Chain",
    "Entry",
    "LabelledWindow",
    "LogLook",
    "Look",
    "labelled_window",
    "ledger_place",
    "look_at_log",
    "record_verdict",
    "reserve",
    "take_look",
    "trial_look",
    "unseal",
]
