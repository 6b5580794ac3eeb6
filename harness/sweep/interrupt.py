"""Interrupt: Ctrl-C waits until native libraries are loaded.

A KeyboardInterrupt inside the initialisation of a C++ extension can abort the process
with a core dump instead of a sentence.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def interrupt_later() -> Iterator[None]:
    """Hold back Ctrl-C inside the block and deliver it at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
