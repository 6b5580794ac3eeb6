"""Chain: an append-only table whose rows chain by hash.

SQLite's transactions give the locking: concurrent jobs append one after another, and a
killed process leaves a whole entry or none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from harness.errors import LedgerError

FORMAT_VERSION = 1
_ORIGIN = "0" * 64
_WAIT_SECONDS = 60.0
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER, hash TEXT);
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE DELETE ON entries
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_keep BEFORE UPDATE ON entries
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


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


def ledger_path(configured: str | None) -> Path:
    """The ledger file: as configured, else HARNESS_LEDGER, else the user's data folder."""
    if configured:
        return Path(configured).expanduser()
    if named := os.environ.get("HARNESS_LEDGER"):
        return Path(named).expanduser()
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "harness" / "ledger.sqlite"


class Chain:
    """A ledger file, made when it is first written to.

    Args:
        path: The SQLite file.

    Raises:
        LedgerError: If it cannot be opened, is no ledger, or is from a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > FORMAT_VERSION:
                raise LedgerError(
                    f"{path}: ledger format {version}, this harness reads up to {FORMAT_VERSION}; "
                    "install a newer harness"
                )
            self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
            self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"{path}: the ledger cannot be opened ({error}); nothing can be judged without it, so "
                "mend it, or name another with running.ledger=..."
            ) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the ledger: what is read inside is still true when something is appended.

        Raises:
            LedgerError: If another process keeps it for longer than a minute.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerError(
                f"{self.path}: the ledger cannot be written ({error}); try again"
            ) from error

    def append(self, kind: str, content: dict[str, Any]) -> Entry:
        """Add an entry; to be called inside a transaction."""
        row = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        seq, previous = (row[0] + 1, row[1]) if row else (1, _ORIGIN)
        at = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        digest = _digest(seq, at, kind, text, previous)
        self._db.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", (seq, at, kind, text, previous, digest)
        )
        self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (seq, digest))
        return Entry(seq=seq, at=at, kind=kind, content=content, previous=previous, hash=digest)

    def entries(self) -> list[Entry]:
        """All entries, oldest first.

        Raises:
            LedgerError: If the file is damaged.
        """
        try:
            rows = self._db.execute("SELECT * FROM entries ORDER BY seq").fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: the ledger cannot be read ({error})") from error
        names = ("seq", "at", "kind", "content", "previous", "hash")
        parts = [dict(zip(names, row, strict=True)) for row in rows]
        return [Entry(**{**part, "content": json.loads(part["content"])}) for part in parts]

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
                    f"{self.path}: entry {entry.seq} was changed, or one before it dropped"
                )
            previous = entry.hash
        head = self._db.execute("SELECT seq, hash FROM head").fetchone()
        if head is not None and tuple(head) != (count, previous):
            raise LedgerError(f"{self.path}: cut short after entry {count} of {head[0]}")
        return count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _digest(seq: int, at: str, kind: str, text: str, previous: str) -> str:
    return hashlib.sha256("\n".join((str(seq), at, kind, text, previous)).encode()).hexdigest()
