"""One session with a PostgreSQL server, and the only file that speaks to its driver.

What is seen to here: an answered commit is durable; the isolation level is the one that the fence
of postgres_store.py is argued for, whatever the server's default; and no error shows a password.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import Diagnostic

from ledger.errors import (
    BadStoreAddress,
    StoreNotDurable,
    StoreUnreachable,
    StoreUnreadable,
)
from ledger.store_address import StoreAddress

# How long a connection may take to be made; libpq knows no shorter time.
CONNECT_S = 2
# A server that vanished without a word (a dead machine, a cut cable) is given up after some 5 s;
# by default Linux would wait for a quarter of an hour, and the partition with it.
_WAITS: Mapping[str, int] = {
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
# How long the rows of a query may take. A gateway reads from the loop that serves, and is killed
# when that stands still for 4 s; a server whose machine lives, but which gets no time, keeps its
# connections alive. A commit is not limited: it may wait for a replica.
READ_MS = 3_000
# `remote_apply` promises more than `on`, and stays.
_SETTINGS = """
SET default_transaction_isolation = 'read committed';
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
"""
_UNIQUE_VIOLATION = "23505"

Values = Sequence[object] | Mapping[str, object]


class CommitRefused(Exception):
    """The server answered that it rolled back: nothing happened."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(_first_line(error))
        self.row_exists = error.sqlstate == _UNIQUE_VIOLATION


class CommitUnanswered(Exception):
    """Nobody knows whether it happened, nor whether it is still to happen."""


class _Connection(psycopg.Connection[tuple[Any, ...]]):
    """wait_s: how long an answer may take, in seconds; None for any time."""

    wait_s: Any = None

    def wait(self, gen: PQGen[RV], interval: Any = 1 / 10, timeout: Any = None) -> RV:
        return super().wait(gen, interval, timeout or self.wait_s)


class Session:
    """Raises StoreUnreachable, BadStoreAddress. It never connects again: a session that broke is
    over, for what it had under way is not known. So is one whose rows did not come in time.
    """

    def __init__(self, address: StoreAddress, name: str, read_ms: int = READ_MS) -> None:
        self.where = str(address)
        self._read_ms = read_ms
        settings = {
            **_WAITS,
            **_read(address),
            "application_name": f"airside {name}",
        }
        try:
            self._connection = _Connection.connect(autocommit=True, **settings)
        except psycopg.Error as error:
            raise StoreUnreachable(self.where, _first_line(error)) from None
        self._warnings: list[str] = []
        self._connection.add_notice_handler(self._note)
        try:
            self.run(_SETTINGS)
        except BaseException:
            self.close()
            raise

    def rows(self, query: LiteralString, values: Values = ()) -> list[tuple[Any, ...]]:
        """Of one statement. Raises StoreUnreachable, StoreUnreadable."""
        with self._translated(), self._hurried():
            return self._connection.execute(query, values, binary=True).fetchall()

    def run(self, statements: LiteralString, values: Values | None = None) -> None:
        """Raises StoreUnreachable, StoreUnreadable."""
        with self._translated():
            self._connection.execute(statements, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Raises StoreUnreachable, StoreUnreadable."""
        with self._translated(), self._connection.transaction():
            yield

    @contextmanager
    def limited(self, limit_ms: int) -> Iterator[None]:
        """What is under way within is cancelled after so long. The server's own time limits end
        where the commit begins, and would not cover the wait for a replica.
        """
        timer = threading.Timer(limit_ms / 1_000, self._cancel)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def commit(self, statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
        """One statement, as a transaction of its own, in one round trip.

        Raises CommitRefused, CommitUnanswered. A warning is no answer: where someone cancels the
        wait for a replica, the server says *committed*, and warns that only it has the commit.
        """
        self._warnings.clear()
        try:
            rows = self._connection.execute(statement, values, binary=True).fetchall()
        except psycopg.Error as error:
            if error.diag.severity_nonlocalized == "ERROR" and not self._connection.closed:
                raise CommitRefused(error) from error
            raise CommitUnanswered(_first_line(error)) from error
        if self._warnings:
            raise CommitUnanswered(self._warnings[0])
        return rows

    def require_durable(self) -> None:
        """Raises StoreNotDurable where a power cut takes answered commits with it."""
        [[fsync]] = self.rows("SELECT current_setting('fsync')")
        if fsync != "on":
            raise StoreNotDurable(self.where, f"fsync={fsync}")

    def close(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()

    def _cancel(self) -> None:
        with suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=CONNECT_S)

    def _note(self, notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.message_primary or "a warning")

    @contextmanager
    def _hurried(self) -> Iterator[None]:
        self._connection.wait_s = self._read_ms / 1_000
        try:
            yield
        finally:
            self._connection.wait_s = None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            lost = self._connection.closed or error.diag.severity_nonlocalized != "ERROR"
            if lost:
                self.close()  # an answer that is late must not be taken for the next one's
            kind = StoreUnreachable if lost else StoreUnreadable
            raise kind(self.where, _first_line(error)) from error


def _read(address: StoreAddress) -> dict[str, Any]:
    """What libpq cannot read it quotes, with the password that may be in it: say less."""
    try:
        return dict(conninfo_to_dict(address.text))
    except psycopg.Error:
        raise BadStoreAddress from None


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0]
