"""Tables: where the entries of a ledger are kept, a file of one's own or a team's database."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from harness.errors import LedgerError

FORMAT_VERSION = 1
WAIT_SECONDS = 60


class Row(NamedTuple):
    """An entry as it is kept."""

    seq: int
    at: str
    kind: str
    content: str
    previous: str
    hash: str


class Tables(Protocol):
    """Entries that are only ever added, and the head: number and hash of the last."""

    def transaction(self) -> AbstractContextManager[None]:
        """Keep all others from adding, and add all or nothing."""

    def add(self, row: Row) -> None:
        """Add an entry and make it the head; inside a transaction."""

    def last(self) -> tuple[int, str] | None:
        """Number and hash of the last entry."""

    def head(self) -> tuple[int, str] | None:
        """Number and hash that were said to be the last."""

    def rows(self) -> list[Row]:
        """All entries, oldest first."""

    def close(self) -> None:
        """Let go of it."""


def open_tables(place: str) -> Tables:
    """A ledger's tables, made where there are none.

    Args:
        place: SQLite file, or postgresql://USER@HOST/DATABASE.

    Raises:
        LedgerError: If they cannot be opened, or are from a newer version.
    """
    if place.startswith(("postgresql://", "postgres://")):
        from harness.ledger.postgresql import PostgresqlTables

        return PostgresqlTables(place)
    if "://" in place:
        raise LedgerError(
            f"running.ledger: {place} is no kind of ledger; name a file, or "
            "postgresql://USER@HOST/DATABASE"
        )
    return SqliteTables(Path(place))


def check_format(place: str, version: int) -> None:
    """Refuse a ledger that a newer version wrote.

    Raises:
        LedgerError: If it is.
    """
    if version > FORMAT_VERSION:
        raise LedgerError(
            f"{place}: ledger format {version}, this harness reads up to {FORMAT_VERSION}; "
            "install a newer harness"
        )


class SqliteTables:
    """A file of one machine.

    Args:
        path: The file; its folder is made.
    """

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

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
            try:
                self._make()
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"{path}: the ledger cannot be opened ({error}); nothing can be judged without it, so "
                "mend it, or name another with running.ledger=..."
            ) from error

    def _make(self) -> None:
        check_format(str(self._path), self._db.execute("PRAGMA user_version").fetchone()[0])
        self._db.executescript(f"BEGIN IMMEDIATE; {self._TABLES} COMMIT;")
        self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """As `Tables.transaction`.

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
                f"{self._path}: the ledger cannot be written ({error}); try again"
            ) from error

    def add(self, row: Row) -> None:
        """As `Tables.add`."""
        self._db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
        self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (row.seq, row.hash))

    def last(self) -> tuple[int, str] | None:
        """As `Tables.last`."""
        found = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1")
        row = found.fetchone()
        return None if row is None else (row[0], row[1])

    def head(self) -> tuple[int, str] | None:
        """As `Tables.head`."""
        row = self._db.execute("SELECT seq, hash FROM head").fetchone()
        return None if row is None else (row[0], row[1])

    def rows(self) -> list[Row]:
        """As `Tables.rows`.

        Raises:
            LedgerError: If the file is damaged.
        """
        try:
            return [Row(*row) for row in self._db.execute("SELECT * FROM entries ORDER BY seq")]
        except sqlite3.Error as error:
            raise LedgerError(f"{self._path}: the ledger cannot be read ({error})") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()
