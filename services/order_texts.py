"""The order reference that a payment was for, as its merchant wrote it.

The journal keeps only a keyed digest of it (services/keyring.py), because the text may name
a booking. Here the digest finds the text again, for a statement. A payment never waits for
this: texts gather in memory, and a flush every now and then writes them. What is lost on
the way is a word of a statement, not money, so a full buffer drops, counts, and goes on.
"""

from collections.abc import Collection, Sequence
from itertools import chain
from threading import Lock

import msgspec
from sqlalchemy import Connection, select

from ledger.clock import Clock
from services.store import Store
from services.tables import ORDER_TEXTS

# Five seconds of 2,000 payments each: outlasts a locked store, and is a few megabytes.
BUFFERED_MAX = 10_000

# Texts that were seen lately, kept to be found without a look at the store: a capture follows its
# hold within minutes. Some 4 MB.
RECENT_MAX = 20_000

# A flush runs in a thread beside the event loop, and the driver lets go of the interpreter once in
# each statement, to win it back from there. Row by row that cost the loop 18 µs a row; so, 1 µs.
ROWS_PER_STATEMENT = 125

# Longer than any reference of a till; the gateway refuses earlier what it does not admit.
TEXT_CHARS_MAX = 200


class OrderTextStatistics(msgspec.Struct, frozen=True):
    buffered: int
    dropped: int


class _Seen(msgspec.Struct, frozen=True):
    merchant: str
    order_text: str
    first_seen_ms: int


class OrderTexts:
    def __init__(
        self, store: Store, clock: Clock, *, buffered_max: int = BUFFERED_MAX
    ) -> None:
        self._store = store
        self._clock = clock
        self._buffered_max = buffered_max
        self._buffer: dict[bytes, _Seen] = {}
        self._recent: dict[bytes, str] = {}  # oldest first
        self._dropped = 0
        self._lock = Lock()

    def remember(self, digest: bytes, merchant: str, text: str) -> None:
        """Buffer it and return at once; touches no disk."""
        with self._lock:
            if digest in self._recent:
                return  # written, or in the buffer
            if len(self._buffer) >= self._buffered_max or not _is_storable(text):
                self._dropped += 1
                return
            self._buffer[digest] = _Seen(merchant, text, self._clock.now_ms())
            self._keep(digest, text)

    def _keep(self, digest: bytes, text: str) -> None:
        if len(self._recent) >= RECENT_MAX:
            self._recent.pop(next(iter(self._recent)))
        self._recent[digest] = text

    def recent(self, digest: bytes) -> str | None:
        """The text, if it was seen lately; touches no disk."""
        return self._recent.get(digest)

    def flush(self) -> int:
        """Write what is buffered, in one transaction; returns how many texts that were.

        Raises StoreUnavailable, and then still has them. They leave the buffer only when
        they are written, so `find` sees each text at every moment.
        """
        with self._lock:
            batch = dict(self._buffer)
        if not batch:
            return 0
        rows = [(digest, *msgspec.structs.astuple(seen)) for digest, seen in batch.items()]
        with self._store.write() as connection:
            for start in range(0, len(rows), ROWS_PER_STATEMENT):
                _insert(connection, rows[start : start + ROWS_PER_STATEMENT])
        with self._lock:
            for digest in batch:
                self._buffer.pop(digest, None)
        return len(batch)

    def find(self, digests: Collection[bytes]) -> dict[bytes, str]:
        """Return the texts that are known, by digest: for a page of a statement."""
        with self._lock:
            buffered = {d: self._buffer[d].order_text for d in digests if d in self._buffer}
        columns = ORDER_TEXTS.c
        query = select(columns.digest, columns.order_text).where(
            columns.digest.in_(digests)
        )
        with self._store.read() as connection:
            written = {row.digest: row.order_text for row in connection.execute(query)}
        return buffered | written

    def statistics(self) -> OrderTextStatistics:
        with self._lock:
            return OrderTextStatistics(buffered=len(self._buffer), dropped=self._dropped)


def _insert(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """In one statement of the driver's own; rows that are there already stay."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = [column.name for column in ORDER_TEXTS.columns]
    row = f"({', '.join([mark] * len(names))})"
    statement = (
        f"INSERT INTO {ORDER_TEXTS.name} ({', '.join(names)})"  # noqa: S608 — names of ours only
        f" VALUES {', '.join([row] * len(rows))} ON CONFLICT DO NOTHING"
    )
    connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows)))


def _is_storable(text: str) -> bool:
    """Whether both databases take it: one bad text would fail its whole batch, for ever."""
    if len(text) > TEXT_CHARS_MAX or "\x00" in text:
        return False
    return text.isascii() or not any(
        "\ud800" <= character <= "\udfff" for character in text
    )
