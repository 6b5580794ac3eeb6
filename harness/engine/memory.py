"""Memory: what parts took is given back to the system, not kept for the next."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Return memory that is free but still held: Arrow's pool, and the C library's heap.

    Parts of a large table come and go, and both allocators keep the room of the largest; without
    this a streamed run of 10,000,000 rows ends a sixth higher.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
        if trim is not None:
            trim(0)
