"""What each request of a terminal moved, found again by the key that the terminal sent it under.

A till numbers its keys (terminals/till_journal.py), so it can be told for each number what the
journal holds: the totals of a day tie number by number, and a difference has a name. Told from the
journal like all else that people look through (services/bookkeeping.py), for terminals only.

The request of an attempt and its reversal have one number: their lines are added up.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, select

from ledger.entry import Entry
from ledger.ids import Ref, payment_text
from ledger.keys import key_digest
from ledger.posting import Book, commodity_of
from services.principals import PrincipalKind
from services.rows import as_struct, insert_rows
from services.store import Store
from services.tables import PRINCIPALS
from services.terminal_tables import TERMINAL_LINES

# Numbers of one question. A busy till makes a thousand attempts in a day.
RANGE_MAX = 10_000
# Lines of one answer, by far more than that many attempts make.
LINES_MAX = 40_000
# Entries are timed by their partition, and a clock that is set moves one of the two.
CLOCKS_APART_MS = 120_000


class TooManyLines(Exception):
    def __init__(self) -> None:
        super().__init__(f"more than {LINES_MAX} movements: ask for fewer numbers")


class Line(msgspec.Struct, frozen=True):
    """amount_minor: > 0 was taken, < 0 was given back."""

    partition: int
    seq: int
    pot: str
    principal: str
    key: bytes
    payment: str
    amount_minor: int
    at_ms: int


class Moved(msgspec.Struct, frozen=True):
    """sequence: 0 for what stands under no key of the range."""

    sequence: int
    payment: str
    currency: str
    amount_minor: int


def add_lines(connection: Connection, partition: int, page: Sequence[Entry]) -> None:
    """Tell these entries."""
    callers = sorted({entry.caller for entry in page if entry.caller})
    query = select(PRINCIPALS.c.id).where(
        PRINCIPALS.c.id.in_(callers), PRINCIPALS.c.kind == PrincipalKind.TERMINAL.value
    )
    terminals = {row.id for row in connection.execute(query)}
    told = [entry for entry in page if entry.caller in terminals]
    lines = [line for entry in told for line in _lines(partition, entry)]
    insert_rows(connection, TERMINAL_LINES, lines)


def moved_by(
    store: Store,
    principal: str,
    *,
    key_of: Callable[[int], str],
    first: int,
    last: int,
    since_ms: int,
) -> list[Moved]:
    """What these numbers moved, by number and payment, and what else this terminal did since.

    since_ms: when the first of them was asked, by our clock. Numbers before the first are
    known too, so that the end of the day before is not called a stranger. Raises TooManyLines.
    """
    numbers = {}
    for sequence in range(max(1, first - RANGE_MAX), last + 1):
        key = key_of(sequence)
        for text in (key, f"{key}.reverse"):
            numbers[key_digest(principal, text)] = sequence
    sums: dict[tuple[int, str, str], int] = {}
    for line in _since(store, principal, since_ms - CLOCKS_APART_MS):
        sequence = numbers.get(line.key, 0)
        if sequence and sequence < first:
            continue
        found = sequence, line.payment, commodity_of(line.pot)
        sums[found] = sums.get(found, 0) + line.amount_minor
    return [Moved(*found, minor) for found, minor in sorted(sums.items())]


def _since(store: Store, principal: str, since_ms: int) -> list[Line]:
    columns = TERMINAL_LINES.c
    query = (
        select(TERMINAL_LINES)
        .where(columns.principal == principal, columns.at_ms >= since_ms)
        .limit(LINES_MAX + 1)
    )
    with store.read() as connection:
        found = [as_struct(row, Line) for row in connection.execute(query).mappings()]
    if len(found) > LINES_MAX:
        raise TooManyLines
    return found


def _lines(partition: int, entry: Entry) -> Iterable[Line]:
    """From the postings themselves, so that they add up to the ledger."""
    ordinal = getattr(entry.event, "ordinal", 0)
    sums: dict[str, int] = {}
    for posting in entry.postings:
        if posting.book is Book.MERCHANT:
            sums[posting.pot] = sums.get(posting.pot, 0) - posting.amount_minor
    for pot, amount_minor in sums.items():
        yield Line(
            partition,
            entry.seq,
            pot,
            entry.caller,
            entry.key,
            payment_text(Ref(entry.account, ordinal)),
            amount_minor,
            entry.at_ms,
        )
