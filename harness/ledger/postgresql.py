"""PostgreSQL: one ledger for a team, whose machines share its windows and its alpha."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.errors import LedgerError
from harness.ledger.tables import FORMAT_VERSION, WAIT_SECONDS, Row, check_format

_CONNECT_SECONDS = 10
# Two machines may be the first at once; any constant number does, as long as it is theirs alone.
_MAKING = 7_203_514
_TABLES = """
CREATE TABLE harness_ledger_format (version INTEGER NOT NULL);
CREATE TABLE harness_ledger_entries (
  seq BIGINT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE
);
CREATE TABLE harness_ledger_head (
  one INTEGER PRIMARY KEY CHECK (one = 1), seq BIGINT NOT NULL, hash TEXT NOT NULL
);
CREATE FUNCTION harness_ledger_stays() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER entries_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON harness_ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION harness_ledger_stays();
"""


class PostgresqlTables:
    """Tables in a database that several machines reach.

    Args:
        url: postgresql://USER@HOST/DATABASE; the password is libpq's affair.

    Raises:
        LedgerError: If psycopg is missing, the server is away, or the tables are not ours.
    """

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise LedgerError(
                "running.ledger: PostgreSQL needs psycopg; pip install 'harness[postgresql]'"
            ) from error
        self._place, self._error = url, psycopg.Error
        with self._wrapped("cannot be opened", "see that the server runs and the user may write"):
            self._db = psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)
            try:
                self._make()
            except BaseException:
                self._db.close()
                raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """As `Tables.transaction`.

        Raises:
            LedgerError: If another process keeps it for longer than a minute, or the server goes.
        """
        with self._wrapped("cannot be written", "try again"), self._db.transaction():
            self._db.execute(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
            self._db.execute("LOCK TABLE harness_ledger_entries IN EXCLUSIVE MODE")
            yield

    def add(self, row: Row) -> None:
        """As `Tables.add`."""
        self._execute("INSERT INTO harness_ledger_entries VALUES (%s, %s, %s, %s, %s, %s)", *row)
        self._execute(
            "INSERT INTO harness_ledger_head VALUES (1, %s, %s) "
            "ON CONFLICT (one) DO UPDATE SET seq = EXCLUDED.seq, hash = EXCLUDED.hash",
            row.seq,
            row.hash,
        )

    def last(self) -> tuple[int, str] | None:
        """As `Tables.last`."""
        found = self._one("SELECT seq, hash FROM harness_ledger_entries ORDER BY seq DESC LIMIT 1")
        return None if found is None else (found[0], found[1])

    def head(self) -> tuple[int, str] | None:
        """As `Tables.head`."""
        found = self._one("SELECT seq, hash FROM harness_ledger_head")
        return None if found is None else (found[0], found[1])

    def rows(self) -> list[Row]:
        """As `Tables.rows`."""
        with self._wrapped("cannot be read", "try again"):
            found = self._execute("SELECT * FROM harness_ledger_entries ORDER BY seq").fetchall()
        return [Row(*row) for row in found]

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _make(self) -> None:
        with self._db.transaction():
            self._execute("SELECT pg_advisory_xact_lock(%s)", _MAKING)
            if self._one("SELECT to_regclass('harness_ledger_entries')") == (None,):
                self._db.execute(_TABLES)
                self._execute("INSERT INTO harness_ledger_format VALUES (%s)", FORMAT_VERSION)
        check_format(self._place, self._one("SELECT version FROM harness_ledger_format")[0])

    def _execute(self, words: str, *values: object) -> Any:
        return self._db.execute(words, values)

    def _one(self, words: str) -> Any:
        return self._execute(words).fetchone()

    @contextlib.contextmanager
    def _wrapped(self, what: str, remedy: str) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            first = " ".join(str(error).split())[:200]
            raise LedgerError(f"{self._place}: the ledger {what} ({first}); {remedy}") from error
