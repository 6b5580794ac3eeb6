"""Cache: work done once for all runs, jobs and machines that need it; safe to delete."""

from __future__ import annotations

from harness.cache.code import code_fingerprint
from harness.cache.store import Store, Stored, cache_folder, key_of, open_store

__all__ = ["Store", "Stored", "cache_folder", "code_fingerprint", "key_of", "open_store"]
