"""What callers asked, what they were told, and what follows from that alone.

    history = History()
    history.note(ask, raw)              # an answer; the second of a key must equal the first
    history.check(book)                 # the journal holds what was answered, once, and no more

It never asks the system what is right. A finding is a sentence that names the key.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from gateway.world import operator_id
from ledger.entry import Entry
from ledger.events import (
    Authorised,
    Captured,
    Expired,
    Purchased,
    Refunded,
    Reversed,
    TransferReceived,
    TransferSent,
    Voided,
)
from ledger.ids import AccountId, Ref, account_text
from ledger.keys import key_digest
from ledger.payment import OPEN_STATES
from ledger.posting import Book as LedgerBook

# A run that is lost says so in some lines, not in thousands.
TOLD_MAX = 10


class Deed(StrEnum):
    PURCHASE = "purchase"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    TRANSFER = "transfer"


# An answer about an existing payment names its order by a label that is looked up, and may be
# lost or found in between (services/order_texts.py); one about a transfer shows where it is now.
_MOVES_ON = {
    Deed.CAPTURE: "order",
    Deed.VOID: "order",
    Deed.REFUND: "order",
    Deed.TRANSFER: "status",
}


class Ask(NamedTuple):
    """held_minor: of a capture or a void, what its hold had; target: of a transfer."""

    key: str
    deed: Deed
    account: AccountId
    amount_minor: int
    path: str
    body: dict[str, Any]
    held_minor: int = 0
    target: AccountId = AccountId(b"")

    @property
    def digest(self) -> bytes:
        return key_digest(operator_id(), self.key)


class Fact(NamedTuple):
    """One thing that was done to one account, under one key."""

    account: AccountId
    key: bytes
    deed: Deed
    amount_minor: int


class Purse(NamedTuple):
    available_minor: int
    held_minor: int


class JournalBook:
    """What the journals say, entry by entry as they grow."""

    def __init__(self) -> None:
        self.facts: Counter[Fact] = Counter()
        self.endings: Counter[Ref] = Counter()
        self.arrivals: Counter[Ref] = Counter()
        self.in_transit_minor: Counter[str] = Counter()

    def read(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.facts.update(_facts(entry))
            ended = _ended(entry)
            if ended is not None:
                self.endings[ended] += 1
            if isinstance(entry.event, TransferReceived):
                self.arrivals[entry.event.source] += 1
            for line in entry.postings:
                if line.book is LedgerBook.TRANSIT:
                    self.in_transit_minor[line.pot] += line.amount_minor

    @property
    def at_rest(self) -> bool:
        return not any(self.in_transit_minor.values())


class History:
    def __init__(self) -> None:
        self.asks: dict[str, Ask] = {}
        self.answers: dict[str, bytes] = {}
        self.findings: list[str] = []
        self.labels_lost = 0

    def note(self, ask: Ask, raw: bytes) -> None:
        first = self.answers.setdefault(ask.key, raw)
        self.asks.setdefault(ask.key, ask)
        if first == raw:
            return
        moving = _MOVES_ON.get(ask.deed)
        if moving and _without(moving, first) == _without(moving, raw):
            self.labels_lost += moving == "order"
            return
        self.findings.append(f"{ask.key}: first answered {first!r}, then {raw!r}")

    def purse(self, account: AccountId, funds_minor: int) -> Purse:
        """What the account must have, by what was answered."""
        available_minor, held_minor = funds_minor, 0
        for ask in (self.asks[key] for key in self.answers):
            if ask.account == account:
                free, held = _effect(ask)
                available_minor += free
                held_minor += held
            if ask.target == account:
                available_minor += ask.amount_minor
        return Purse(available_minor, held_minor)

    def check(self, journal: JournalBook, accounts: Iterable[AccountId]) -> list[str]:
        """Of these accounts, at rest: what is lost, doubled, or was never asked for."""
        ours = frozenset(accounts)
        told = Counter(_promised(self.asks[key]) for key in self.answers)
        found = Counter({f: n for f, n in journal.facts.items() if f.account in ours})
        keys = {ask.digest: ask.key for ask in self.asks.values()}
        lost = [f"lost: {_fact_text(fact, keys)}" for fact in told - found]
        more = [f"done too often: {_fact_text(fact, keys)}" for fact in found - told]
        ended = _often("ended", journal.endings)
        arrived = _often("arrived", journal.arrivals)
        stuck = [
            f"{minor} {pot} are in transit, at rest"
            for pot, minor in journal.in_transit_minor.items()
            if minor
        ]
        return [*self.findings, *lost, *more, *ended, *arrived, *stuck][:TOLD_MAX]


def _promised(ask: Ask) -> Fact:
    return Fact(ask.account, ask.digest, ask.deed, ask.amount_minor)


def _effect(ask: Ask) -> tuple[int, int]:
    """On the account's own money: what becomes free, what becomes held."""
    minor = ask.amount_minor
    match ask.deed:
        case Deed.PURCHASE | Deed.TRANSFER:
            return -minor, 0
        case Deed.HOLD:
            return -minor, minor
        case Deed.CAPTURE:
            return ask.held_minor - minor, -ask.held_minor
        case Deed.VOID:
            return minor, -minor
        case Deed.REFUND:
            return minor, 0


def _facts(entry: Entry) -> Iterator[Fact]:
    match entry.event:
        case Purchased(legs=legs):
            deed, minor = Deed.PURCHASE, sum(legs.values())
        case Authorised(legs=legs):
            deed, minor = Deed.HOLD, sum(legs.values())
        case Captured(legs=legs):
            deed, minor = Deed.CAPTURE, sum(legs.values())
        case Voided(released=legs):
            deed, minor = Deed.VOID, sum(legs.values())
        case Refunded(legs=legs):
            deed, minor = Deed.REFUND, sum(legs.values())
        case TransferSent(amount_minor=minor):
            deed = Deed.TRANSFER
        case _:
            return
    yield Fact(entry.account, entry.key, deed, minor)


def _ended(entry: Entry) -> Ref | None:
    """The payment whose hold this entry ends."""
    match entry.event:
        case Captured(ordinal=ordinal, after=after) if after.state not in OPEN_STATES:
            return Ref(entry.account, ordinal)
        case Voided(ordinal=ordinal) | Expired(ordinal=ordinal):
            return Ref(entry.account, ordinal)
        case Reversed(ordinal=ordinal, released=released) if any(released.values()):
            return Ref(entry.account, ordinal)
        case _:
            return None


def _often(what: str, counts: Counter[Ref]) -> list[str]:
    return [
        f"{account_text(ref.account)} {ref.ordinal}: {what} {times} times"
        for ref, times in counts.items()
        if times > 1
    ]


def _fact_text(fact: Fact, keys: dict[bytes, str]) -> str:
    key = keys.get(fact.key, "a key that nobody used")
    return f"{fact.deed} of {fact.amount_minor} under {key}"


def _without(name: str, raw: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.json.decode(raw)
    return {field: value for field, value in answer.items() if field != name}
