"""Reading a journal on PostgreSQL: each call is one statement, so one short read transaction.

All readers of one store share one session: a gateway tails every partition, and a session costs
the server a process of some 10 MB.
"""

import threading
import time
from contextlib import suppress
from typing import Any, LiteralString, Protocol

import msgspec

from ledger.entry import Sealed
from ledger.errors import StoreUnreachable, StoreUnreadable
from ledger.journal import Image, Mark, Tip
from ledger.postgres_schema import require_current
from ledger.postgres_session import READ_MS, Session
from ledger.store_address import StoreAddress

_TIP: LiteralString = (
    "SELECT seq, hash FROM airside.entries WHERE partition = %s ORDER BY seq DESC LIMIT 1"
)
_OPENED: LiteralString = "SELECT 1 FROM airside.tips WHERE partition = %s"
_READ: LiteralString = (
    "SELECT seq, body, hash FROM airside.entries WHERE partition = %s AND seq > %s"
    " ORDER BY seq LIMIT %s"
)
_IMAGES: LiteralString = (
    "SELECT account, seq, due_ms, body, hash FROM airside.images"
    " WHERE partition = %s AND account > %s ORDER BY account LIMIT %s"
)
_MARK: LiteralString = "SELECT body FROM airside.mark WHERE partition = %s"


# An attempt that failed after so long kept somebody waiting; then for some time nobody tries again.
# A server that restarts refuses at once, and is asked at once again.
SLOW_MS = 500
REST_MS = 5_000


class Source(Protocol):
    """What answers queries: a writer's own session, or the one that readers share."""

    where: str

    def rows(
        self, query: LiteralString, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        """Raises StoreUnreachable, StoreUnreadable."""
        ...

    def close(self) -> None: ...


class SharedSession:
    """Made when first needed, made anew after it broke (a read may be repeated), and closed when
    the last one that uses it closes. A server that does not answer is left alone for a while: a
    gateway reads many journals in turn, from the loop that serves.
    """

    def __init__(self, address: StoreAddress, read_ms: int = READ_MS) -> None:
        self.where = str(address)
        self._address = address
        self._read_ms = read_ms
        self._rest_until_ms = 0
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._users = 0

    def join(self) -> "SharedSession":
        with self._lock:
            self._users += 1
        return self

    def rows(
        self, query: LiteralString, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        """A session that broke while nobody used it is no news: then it is asked in a new one."""
        started_ms = _now_ms()
        try:
            held = self._session
            if held is not None:
                with suppress(StoreUnreachable):
                    return self._asked(held, query, values)
                self._rest_after(started_ms)
            return self._asked(self._opened(), query, values)
        except StoreUnreachable:
            self._rest_after(started_ms)
            raise

    def close(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users or self._session is None:
                return
            session, self._session = self._session, None
        session.close()

    def _asked(
        self, session: Session, query: LiteralString, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        try:
            return session.rows(query, values)
        except StoreUnreachable:
            self._drop(session)
            raise

    def _opened(self) -> Session:
        with self._lock:
            if self._session is None:
                if _now_ms() < self._rest_until_ms:
                    raise StoreUnreachable(self.where, "it did not answer a moment ago")
                session = Session(self._address, "reader", self._read_ms)
                try:
                    require_current(session)
                except BaseException:
                    session.close()
                    raise
                self._session = session
            return self._session

    def _rest_after(self, started_ms: int) -> None:
        if _now_ms() - started_ms >= SLOW_MS:
            self._rest_until_ms = _now_ms() + REST_MS

    def _drop(self, broken: Session) -> None:
        with self._lock:
            if self._session is broken:
                self._session = None
        broken.close()


class PostgresReader:
    def __init__(self, partition: int, source: Source) -> None:
        self._partition = partition
        self._source = source
        self._closed = False

    def opened(self) -> bool:
        """Has the partition ever been opened for writing?"""
        return bool(self._rows(_OPENED))

    def tip(self) -> Tip:
        rows = self._rows(_TIP)
        return Tip(*rows[0]) if rows else Tip()

    def read(self, after: int, limit: int) -> list[Sealed]:
        return [Sealed(*row) for row in self._rows(_READ, after, limit)]

    def images(self, limit: int, after: bytes = b"") -> list[Image]:
        return [Image(*row) for row in self._rows(_IMAGES, after, limit)]

    def mark(self) -> Mark:
        rows = self._rows(_MARK)
        try:
            return msgspec.msgpack.decode(rows[0][0], type=Mark) if rows else Mark()
        except msgspec.DecodeError as error:
            where = f"{self._source.where}, partition {self._partition}"
            raise StoreUnreadable(where, f"the mark: {error}") from error

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._source.close()

    def _rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """The query's first value is the partition."""
        return self._source.rows(query, (self._partition, *values))


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
