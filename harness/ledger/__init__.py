"""Ledger: which test windows were opened, by which candidates, and what that leaves to claim."""

from __future__ import annotations

from harness.ledger.chain import Chain, Entry, ledger_path
from harness.ledger.experiment import LogLook, look_at_log
from harness.ledger.looks import Look, record_verdict, reserve, take_look, unseal
from harness.ledger.window import LabelledWindow, labelled_window

__all__ = [
    "Chain",
    "Entry",
    "LabelledWindow",
    "LogLook",
    "Look",
    "labelled_window",
    "ledger_path",
    "look_at_log",
    "record_verdict",
    "reserve",
    "take_look",
    "unseal",
]
