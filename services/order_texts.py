"""The order reference that a payment was for, as its merchant wrote it.

The journal keeps only a keyed digest of it (services/keyring.py), because the text may name
a booking. Here the digest finds the text again, for the statement of the account that paid: sealed
under its data key, so each of two payers of one order has the text of their own. What the first
release wrote was nobody's; the upgrade sealed it for the merchant. A payment never waits for
this: texts gather in memory, and a flush every now and then writes them. What is lost on
the way is a word of a statement, not money, so a full buffer drops, counts, and goes on.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from threading import Lock
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, delete, select, tuple_

from ledger.clock import Clock
from ledger.ids import AccountId, account_text
from services.rows import chunks, insert_missing
from services.sealing import open_sealed
from services.store import Store
from services.tables import ORDER_TEXTS

# Five seconds of 2,000 payments each: outlasts a locked store, and is a few megabytes.
BUFFERED_MAX = 10_000

# Texts that were seen lately, kept to be found without a look at the store: a capture follows its
# hold within minutes. Some 4 MB.
RECENT_MAX = 20_000

# Longer than any reference of a till; the gateway refuses earlier what it does not admit.
TEXT_CHARS_MAX = 200


class OrderTextStatistics(msgspec.Struct, frozen=True):
    buffered: int
    dropped: int


class _Seen(msgspec.Struct, frozen=True):
    order_text: str
    first_seen_ms: int


class SaleOf(NamedTuple):
    """Who paid whom for what, by its digest."""

    account: AccountId
    merchant: str
    digest: bytes


class _Row(NamedTuple):
    """As it stands in the table."""

    holder: str
    digest: bytes
    sealed_text: bytes
    first_seen_ms: int


# Who paid, and the digest of what for.
_Sale = tuple[AccountId, bytes]


class OrderTexts:
    def __init__(
        self, store: Store, clock: Clock, *, buffered_max: int = BUFFERED_MAX
    ) -> None:
        self._store = store
        self._clock = clock
        self._buffered_max = buffered_max
        self._buffer: dict[_Sale, _Seen] = {}
        self._recent = OrderedDict[_Sale, str]()  # oldest first
        self._dropped = 0
        self._lock = Lock()

    def remember(self, account: AccountId, digest: bytes, text: str) -> None:
        """Buffer it and return at once; touches no disk."""
        sale = (account, digest)
        with self._lock:
            if sale in self._recent:
                return  # written, or in the buffer
            if len(self._buffer) >= self._buffered_max or not _is_storable(text):
                self._dropped += 1
                return
            self._buffer[sale] = _Seen(text, self._clock.now_ms())
            if len(self._recent) >= RECENT_MAX:
                self._recent.popitem(last=False)
            self._recent[sale] = text

    def recent(self, account: AccountId, digest: bytes) -> str | None:
        """The text, if it was seen lately; touches no disk."""
        return self._recent.get((account, digest))

    def drop(self, accounts: Collection[AccountId]) -> None:
        """From memory: their holders were forgotten."""
        with self._lock:
            for sales in (self._buffer, self._recent):
                for sale in [sale for sale in sales if sale[0] in accounts]:
                    del sales[sale]

    def flush(self) -> int:
        """Write what is buffered, in one transaction; returns how many texts that were.

        Raises StoreUnavailable, and then still has them. They leave the buffer only when
        they are written, so `find` sees each text at every moment.
        """
        with self._lock:
            batch = dict(self._buffer)
        if not batch:
            return 0
        holders = {account: account_text(account) for account, _ in batch}
        keys, drops = self._store.keys, self._store.keys.drops
        with self._store.write() as connection:
            found = keys.make(connection, list(holders.values()))
            insert_missing(connection, ORDER_TEXTS, self._sealed(batch, holders, found))
        # Who pays again costs no look-up then, which was half of the work here. For the seconds
        # until we hear that another process destroyed a key, it may seal what nobody can open.
        keys.committed(found, drops)
        with self._lock:
            for sale in batch:
                self._buffer.pop(sale, None)
        return len(batch)

    def _sealed(
        self,
        batch: Mapping[_Sale, _Seen],
        holders: Mapping[AccountId, str],
        keys: Mapping[str, bytes],
    ) -> Iterator[_Row]:
        """Who was forgotten has no key, and leaves no text."""
        kept = [
            (holders[account], digest, seen)
            for (account, digest), seen in batch.items()
            if holders[account] in keys
        ]
        texts = [
            (keys[holder], text_place(holder, digest), seen.order_text.encode())
            for holder, digest, seen in kept
        ]
        sealed = self._store.keys.seal_all(texts)
        for (holder, digest, seen), text in zip(kept, sealed, strict=True):
            yield _Row(holder, digest, text, seen.first_seen_ms)

    def find(self, sales: Collection[SaleOf]) -> dict[SaleOf, str]:
        """Return the texts that are known: for a page of a statement."""
        with self._lock:
            known = {
                sale: self._buffer[sale.account, sale.digest].order_text
                for sale in sales
                if (sale.account, sale.digest) in self._buffer
            }
        written = self._read(
            {(holder, sale.digest) for sale in sales for holder in _holders(sale)}
        )
        for sale in sales:
            for holder in _holders(sale):
                if (holder, sale.digest) in written:
                    known[sale] = written[holder, sale.digest]
                    break
        return known

    def _read(self, rows: Collection[tuple[str, bytes]]) -> dict[tuple[str, bytes], str]:
        columns = ORDER_TEXTS.c
        found: list[Row[Any, Any, Any]] = []
        with self._store.read() as connection:
            for some in chunks(rows):
                query = select(columns.holder, columns.digest, columns.sealed_text)
                place = tuple_(columns.holder, columns.digest)
                found += connection.execute(query.where(place.in_(some))).all()
            keys = self._store.keys.find(connection, {row.holder for row in found})
        return {
            (row.holder, row.digest): _opened(
                keys[row.holder], row.holder, row.digest, row.sealed_text
            )
            for row in found
            if row.holder in keys
        }

    def statistics(self) -> OrderTextStatistics:
        with self._lock:
            return OrderTextStatistics(buffered=len(self._buffer), dropped=self._dropped)


def forget_texts(
    connection: Connection, holder: str, orders: Collection[tuple[str, bytes]]
) -> int:
    """Delete what the holder paid for, and of these (merchant, digest) what the first release left
    with the merchant; how many.
    """
    columns = ORDER_TEXTS.c
    own = connection.execute(delete(ORDER_TEXTS).where(columns.holder == holder))
    deleted = own.rowcount
    for some in chunks(orders):
        left = delete(ORDER_TEXTS).where(tuple_(columns.holder, columns.digest).in_(some))
        deleted += connection.execute(left).rowcount
    return deleted


def _holders(sale: SaleOf) -> tuple[str, str]:
    """Under whose keys its text may be: the payer's, or, of the first release, the merchant's."""
    return account_text(sale.account), sale.merchant


def text_place(holder: str, digest: bytes) -> str:
    return f"order_texts.sealed_text {holder} {digest.hex()}"


def _opened(key: bytes, holder: str, digest: bytes, sealed: bytes) -> str:
    return open_sealed(key, text_place(holder, digest), sealed).decode()


def _is_storable(text: str) -> bool:
    """Whether both databases take it: one bad text would fail its whole batch, for ever."""
    if len(text) > TEXT_CHARS_MAX or "\x00" in text:
        return False
    return text.isascii() or not any(
        "\ud800" <= character <= "\udfff" for character in text
    )
