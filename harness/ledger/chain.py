"""Chain: an append-only table whose rows chain by hash.

The database's transactions give the locking: concurrent jobs append one after another,
and a killed process leaves a whole entry or none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from harness.errors import LedgerError
from harness.ledger.tables import Row, open_tables

_ORIGIN = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger.

    Attributes:
        seq: Number, from 1.
        at: When it was written, UTC.
        kind: reserve, open, verdict or unseal.
        content: What it says.
        previous: Hash of the entry before.
        hash: SHA-256 over all of the above.
    """

    seq: int
    at: str
    kind: str
    content: dict[str, Any]
    previous: str
    hash: str


class Chain:
    """A ledger, made when it is first written to.

    Args:
        place: The SQLite file, or the URL of a PostgreSQL database.

    Raises:
        LedgerError: If it cannot be opened, is no ledger, or is from a newer version.
    """

    def __init__(self, place: str | Path) -> None:
        self.place = str(place)
        self._tables = open_tables(self.place)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the ledger: what is read inside is still true when something is appended.

        Raises:
            LedgerError: If another process keeps it for longer than a minute.
        """
        with self._tables.transaction():
            yield

    def append(self, kind: str, content: dict[str, Any]) -> Entry:
        """Add an entry; to be called inside a transaction."""
        last = self._tables.last()
        seq, previous = (last[0] + 1, last[1]) if last else (1, _ORIGIN)
        at = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        digest = _digest(seq, at, kind, text, previous)
        row = Row(seq=seq, at=at, kind=kind, content=text, previous=previous, hash=digest)
        self._tables.add(row)
        return _entry(row)

    def entries(self) -> list[Entry]:
        """All entries, oldest first.

        Raises:
            LedgerError: If the ledger is damaged, or its server is away.
        """
        return [_entry(row) for row in self._tables.rows()]

    def verify(self) -> int:
        """Follow the chain from its origin and return its length.

        Raises:
            LedgerError: Naming the first entry that was changed, dropped or cut off.
        """
        previous, count = _ORIGIN, 0
        for entry in self.entries():
            count += 1
            text = json.dumps(entry.content, sort_keys=True, separators=(",", ":"))
            expected = _digest(entry.seq, entry.at, entry.kind, text, previous)
            if (entry.seq, entry.previous, entry.hash) != (count, previous, expected):
                raise LedgerError(
                    f"{self.place}: entry {entry.seq} was changed, or one before it dropped"
                )
            previous = entry.hash
        head = self._tables.head()
        if head is not None and head != (count, previous):
            raise LedgerError(f"{self.place}: cut short after entry {count} of {head[0]}")
        return count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, or the connection."""
        self._tables.close()


def _digest(seq: int, at: str, kind: str, text: str, previous: str) -> str:
    return hashlib.sha256("\n".join((str(seq), at, kind, text, previous)).encode()).hexdigest()


def _entry(row: Row) -> Entry:
    content = json.loads(row.content)
    return Entry(
        seq=row.seq, at=row.at, kind=row.kind, content=content, previous=row.previous, hash=row.hash
    )
