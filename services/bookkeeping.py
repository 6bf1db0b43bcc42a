"""The bookkeeper: tells the journal again as tables that merchants can look through.

It reads each journal in order, a page at a time in short reads, and writes what the pages say in
one transaction with its places in the journals. So whatever kills it, each entry is told once; and
while the store is away, it waits. There is one bookkeeper in an installation
(gateway/back_office.py).

The cost, per payment: one row of `payments`, one of `merchant_lines`, a share of one of
`day_totals`. A read of the journal would need no rows, but must walk through everybody's entries
to find one merchant's.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing

import msgspec
from sqlalchemy import Connection, select

from actors.tail import Tail
from ledger.entry import Entry
from ledger.journal import Store as Journals
from ledger.posting import Book, commodity_of
from ledger.time_text import day_text
from services.leisure import at_leisure
from services.merchant_tables import BOOKKEEPING, DAY_TOTALS, MERCHANT_LINES, PAYMENTS
from services.payment_state import (
    Attempt,
    FollowUp,
    PaymentRow,
    follow,
    opened_row,
    payment_of,
)
from services.payouts import add_payouts
from services.rows import add_to, as_struct, insert_rows, replace_rows
from services.store import Store
from services.terminal_lines import add_lines
from services.terminal_totals import add_totals

# Entries told in one transaction, of all journals: some 50 ms of a thread, of which its commit is a
# small part. But of each as many as make a page worth its while: of 64 journals one may be busy.
TOLD_AT_ONCE = 1_024
TOLD_OF_EACH = 128
# Parameters of one statement: SQLite took 999 at most for long, and a page has fewer payments.
IDS_PER_QUERY = 500


class Happening(msgspec.Struct, frozen=True):
    """One entry about a payment: the payment as it stood after it."""

    partition: int
    entry: Entry
    payment: PaymentRow


class Line(msgspec.Struct, frozen=True):
    """What one entry did to one pot of a merchant's stripe."""

    partition: int
    seq: int
    pot: str
    merchant: str
    payment: str
    kind: str
    channel: str
    amount_minor: int
    at_ms: int


# Day in UTC, merchant, channel, currency.
_Day = tuple[str, str, str, str]
_DAY_FIGURES = ("approved", "declined", "captured_minor", "refunded_minor")

# What else is told in the same transaction.
Tell = Callable[[Connection, Sequence["Happening"]], None]


class Bookkeeper:
    def __init__(
        self, store: Store, journals: Journals, partitions: int, also: Sequence[Tell] = ()
    ) -> None:
        self._store = store
        self._also = also
        self._page = max(TOLD_OF_EACH, TOLD_AT_ONCE // partitions)
        places = read_places(store)
        self._tails = [
            Tail(journals, partition, places.get(partition, 0), page=self._page)
            for partition in range(partitions)
        ]

    def step(self) -> bool:
        """Tell one page of each journal. True if there may be more: a page was full.

        Raises StoreUnavailable; what was not told is told next time, and none before it.
        """
        starts = [tail.after for tail in self._tails]
        try:
            pages = {tail.partition: page for tail in self._tails if (page := tail.next())}
            if pages:
                self._tell_all(pages)
        except BaseException:
            for tail, start in zip(self._tails, starts, strict=True):
                tail.after = start
            raise
        return any(len(page) == self._page for page in pages.values())

    def close(self) -> None:
        for tail in self._tails:
            tail.close()

    def _tell_all(self, pages: Mapping[int, Sequence[Entry]]) -> None:
        """By partition, in one commit: a disk takes as long for little as for much."""
        with self._store.write() as connection:
            for partition, page in pages.items():
                self._tell(connection, partition, page)
                self._write_place(connection, partition, page[-1].seq)

    def _tell(self, connection: Connection, partition: int, page: Sequence[Entry]) -> None:
        happenings = _happenings(connection, partition, page)
        lines = [line for happening in happenings for line in lines_of(happening)]
        _write_payments(connection, happenings)
        insert_rows(connection, MERCHANT_LINES, lines)
        _add_to_days(connection, happenings, lines)
        for tell in self._also:
            tell(connection, happenings)
        add_totals(connection, page)
        add_lines(connection, partition, page)
        add_payouts(connection, page)

    def _write_place(self, connection: Connection, partition: int, seq: int) -> None:
        place = self._store.insert_into(BOOKKEEPING).values(partition=partition, seq=seq)
        connection.execute(
            place.on_conflict_do_update(
                index_elements=["partition"], set_={"seq": place.excluded.seq}
            )
        )


def read_places(store: Store) -> dict[int, int]:
    """Up to which entry each journal has been told."""
    with store.read() as connection:
        rows = connection.execute(select(BOOKKEEPING.c.partition, BOOKKEEPING.c.seq))
        return {row.partition: row.seq for row in rows}


def ends_of(journals: Journals, partitions: int) -> dict[int, int]:
    """The last entry of each journal just now. Raises StoreUnreadable."""
    ends = {}
    for partition in range(partitions):
        with closing(journals.reader(partition)) as reader:
            ends[partition] = reader.tip().seq
    return ends


def has_told(store: Store, ends: Mapping[int, int]) -> bool:
    """Whether all journals were told up to there."""
    places = read_places(store)
    return all(places.get(partition, 0) >= seq for partition, seq in ends.items())


def lines_of(happening: Happening) -> Iterable[Line]:
    """From the postings themselves, so that a statement adds up to the ledger."""
    entry, payment = happening.entry, happening.payment
    sums: dict[str, int] = {}
    for posting in entry.postings:
        if posting.book is Book.MERCHANT:
            sums[posting.pot] = sums.get(posting.pot, 0) - posting.amount_minor
    for pot, amount_minor in sums.items():
        yield Line(
            happening.partition,
            entry.seq,
            pot,
            payment.merchant,
            payment.id,
            "payment" if amount_minor > 0 else "refund",
            payment.channel,
            amount_minor,
            entry.at_ms,
        )


def _happenings(
    connection: Connection, partition: int, page: Sequence[Entry]
) -> list[Happening]:
    """What a page says of payments, in its order."""
    rows = _known(connection, page)
    found = []
    for entry in at_leisure(page):
        event = entry.event
        if isinstance(event, Attempt):
            row = opened_row(entry, event)
            rows[row.id] = row
        elif isinstance(event, FollowUp):
            row = rows[payment_of(entry, event)]
            follow(row, entry, event.after)
        else:
            continue
        found.append(Happening(partition, entry, msgspec.structs.replace(row)))
    return found


def _known(connection: Connection, page: Sequence[Entry]) -> dict[str, PaymentRow]:
    """The payments that began before this page and go on in it."""
    ids = sorted(
        {
            payment_of(entry, entry.event)
            for entry in page
            if isinstance(entry.event, FollowUp)
        }
    )
    rows: dict[str, PaymentRow] = {}
    for start in range(0, len(ids), IDS_PER_QUERY):
        query = select(PAYMENTS).where(
            PAYMENTS.c.id.in_(ids[start : start + IDS_PER_QUERY])
        )
        for row in connection.execute(query).mappings():
            rows[row["id"]] = as_struct(row, PaymentRow)
    return rows


def _write_payments(connection: Connection, happenings: list[Happening]) -> None:
    """Each payment once, as the page leaves it."""
    last = {happening.payment.id: happening.payment for happening in happenings}
    begun = {h.payment.id for h in happenings if isinstance(h.entry.event, Attempt)}
    insert_rows(connection, PAYMENTS, [row for row in last.values() if row.id in begun])
    going_on = [row for row in last.values() if row.id not in begun]
    replace_rows(connection, PAYMENTS, going_on)


def _add_to_days(
    connection: Connection, happenings: Sequence[Happening], lines: Sequence[Line]
) -> None:
    """A page has a handful of merchants, channels and currencies, whatever its length."""
    sums: defaultdict[_Day, Counter[str]] = defaultdict(Counter)
    for happening in at_leisure(happenings):
        entry, payment = happening.entry, happening.payment
        if isinstance(entry.event, Attempt):
            day = day_text(entry.at_ms), payment.merchant, payment.channel, payment.currency
            outcome = "declined" if payment.decline else "approved"
            sums[day][outcome] += 1
    for line in lines:
        day = day_text(line.at_ms), line.merchant, line.channel, commodity_of(line.pot)
        movement = "captured_minor" if line.amount_minor > 0 else "refunded_minor"
        sums[day][movement] += abs(line.amount_minor)
    if sums:
        rows = [_day_row(day, total) for day, total in sums.items()]
        connection.execute(add_to(connection, DAY_TOTALS, _DAY_FIGURES), rows)


def _day_row(day: _Day, total: Counter[str]) -> dict[str, object]:
    keys = dict(zip(("day", "merchant", "channel", "currency"), day, strict=True))
    return keys | {name: total[name] for name in _DAY_FIGURES}
