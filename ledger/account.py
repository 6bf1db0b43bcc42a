"""An account: what one owner holds, and all that a payment of its money may change.

This is memory. The truth is the journal; an account is what apply.py makes of its entries.

Its history stands in chapters, in the order in which it came about. An image (ledger/images.py) is
drawn of the account's head and of the chapters that changed. So the cost of an image follows what
happened since the last one, not the age of the account.

gc=False: what an account is made of holds plain values and can form no cycle, and there may be
millions of them. Python's collector would walk through all, and nobody is answered meanwhile.
"""

from enum import StrEnum

import msgspec

from ledger.clock import SECOND_MS
from ledger.decline import DeclineReason
from ledger.events import AccountKind, Sale
from ledger.ids import AccountId
from ledger.legs import subtract
from ledger.payment import OPEN_STATES, PaymentState
from ledger.posting import Legs

# Open holds per account. A wallet has a few; the bound keeps the image of an account small
# and an attacker with a leaked till key from filling memory with holds of one unit.
OPEN_HOLDS_MAX = 1_000


# A payment code is shown on a phone and lives one minute, as the large QR wallets do
# (terminals.md B1): long enough to find the scanner, short enough that a photographed
# code is worth little.
CODE_LIFE_MS = 60 * SECOND_MS
# Clocks of one installation agree within this; more means that one of them is wrong.
CLOCK_SKEW_MS = 5 * SECOND_MS

# Payments, transfers and keys in one chapter. A refund of an old payment draws its chapter anew,
# some 5 kB; a young account's only chapter is in its head. Another number here is another
# IMAGE_VERSION, for it says which images a head needs.
CHAPTER_ITEMS = 64

# The ordinal of a key under which nothing may happen: its reversal came first.
BARRED = -1


class AccountStatus(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"


class TransferStatus(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    RETURNED = "returned"
    # Of a payout, which leaves the house by its bank.
    HELD = "held"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    PAID = "paid"


class Pot(msgspec.Struct, array_like=True, gc=False):
    """One balance. posted = available + held."""

    available_minor: int = 0
    held_minor: int = 0


class Credit(msgspec.Struct, array_like=True, gc=False):
    """What may be owed in a pot, until when (0: no end), and what is (ledger/credit.py)."""

    limit_minor: int
    until_ms: int
    drawn_minor: int = 0


class Payment(msgspec.Struct, array_like=True, gc=False):
    state: PaymentState
    at_ms: int
    expires_at_ms: int  # 0: there is no hold
    sale: Sale
    key: bytes  # digest of the key that asked for it
    authorised: dict[str, int]
    captured: dict[str, int]
    refunded: dict[str, int]
    decline: DeclineReason | None = None
    chapter: int = 0
    by_card: bool = False  # a card agreed to what is authorised, and to no more

    @property
    def remaining(self) -> dict[str, int]:
        """What is still set aside."""
        if self.state not in OPEN_STATES:
            return {}
        return subtract(self.authorised, self.captured)

    @property
    def refundable(self) -> dict[str, int]:
        return subtract(self.captured, self.refunded)


class Transfer(msgspec.Struct, array_like=True, gc=False):
    status: TransferStatus
    at_ms: int
    target: AccountId
    pot: str
    amount_minor: int
    chapter: int = 0
    by: str = ""  # who asked for a payout
    approved_by: str = ""
    evidence: bytes = b""  # that it was paid


class Stripe(msgspec.Struct, array_like=True, gc=False):
    """What a stripe's account knows. cut: the entry of its latest cut. swept: by pot, the cut up to
    which it was swept.
    """

    merchant: str
    cut: int
    swept: dict[str, int]


class Earnings(msgspec.Struct, array_like=True, gc=False):
    """What was swept to a merchant's account and is not settled, by pot. carried: what the
    settlement before left. Either may be below zero.
    """

    arrived: dict[str, int]
    carried: dict[str, int]


class BoundCode(msgspec.Struct, array_like=True, gc=False):
    """A scanned code belongs to this merchant, order and amount; seq has the answer it got."""

    seq: int
    merchant: str
    order: bytes
    legs: dict[str, int]
    forget_at_ms: int


class KeyUse(msgspec.Struct, array_like=True, gc=False):
    """The entry that answered this key, and the payment or transfer it is about (or BARRED).

    attempt: it asked for that payment, so it can be looked up and reversed by this key.
    """

    seq: int
    ordinal: int
    attempt: bool
    chapter: int = 0


class Chapter(msgspec.Struct, gc=False):
    """ordinals: of payments and transfers. seq: the entry that changed one of its items last."""

    ordinals: list[int] = []
    keys: list[bytes] = []
    seq: int = 0


class Account(msgspec.Struct):
    id: AccountId
    kind: AccountKind
    status: AccountStatus
    opened_at_ms: int
    pots: dict[str, Pot]
    payments: dict[int, Payment] = {}
    transfers: dict[int, Transfer] = {}
    keys: dict[bytes, KeyUse] = {}
    codes: dict[bytes, BoundCode] = {}
    cards: dict[bytes, int] = {}  # the highest counter that each card has shown
    next_ordinal: int = 1
    last_seq: int = 0
    open_holds: dict[int, int] = {}  # ordinal: when it expires
    undelivered: int = 0
    items: int = 0  # of all chapters, ever
    stripe: Stripe | None = None
    earnings: Earnings | None = None
    credits: dict[str, Credit] = {}  # by pot
    chapters: dict[int, Chapter] = {}
    undrawn: set[int] = set()  # chapters that changed since they were drawn

    def add_payment(self, ordinal: int, payment: Payment, seq: int) -> None:
        payment.chapter = self._enter(seq)
        self.chapters[payment.chapter].ordinals.append(ordinal)
        self.payments[ordinal] = payment

    def add_transfer(self, ordinal: int, transfer: Transfer, seq: int) -> None:
        transfer.chapter = self._enter(seq)
        self.chapters[transfer.chapter].ordinals.append(ordinal)
        self.transfers[ordinal] = transfer

    def remember(self, key: bytes, use: KeyUse) -> None:
        """A key is used once; one that was barred is used up by the request that came too late."""
        barred = self.keys.get(key)
        if barred is not None:
            use.chapter = barred.chapter
            self.changed(use.chapter, use.seq)
        else:
            use.chapter = self._enter(use.seq)
            self.chapters[use.chapter].keys.append(key)
        self.keys[key] = use

    @property
    def latest(self) -> int:
        """The chapter that is being written; those before it are closed."""
        return self.items // CHAPTER_ITEMS

    def _enter(self, seq: int) -> int:
        """One more item: the chapter that it stands in for ever."""
        number = self.latest
        self.items += 1
        if number not in self.chapters:
            self.chapters[number] = Chapter()
        self.changed(number, seq)
        return number

    def changed(self, chapter: int, seq: int) -> None:
        """Something that stands in this chapter was changed by this entry."""
        self.chapters[chapter].seq = seq
        self.undrawn.add(chapter)

    def due_holds(self, at_ms: int) -> list[int]:
        """Open holds whose time is up, oldest first."""
        due = [
            (when, ordinal) for ordinal, when in self.open_holds.items() if when <= at_ms
        ]
        return [ordinal for _, ordinal in sorted(due)]

    def next_due_ms(self) -> int:
        """When the first hold expires; 0 when none is open."""
        return min(self.open_holds.values(), default=0)

    def covers(self, legs: Legs) -> bool:
        return all(self.pots[pot].available_minor >= minor for pot, minor in legs.items())

    @property
    def ended(self) -> bool:
        """Nothing is held, on its way, owed or left: a closing account may close."""
        empty = all(not p.available_minor and not p.held_minor for p in self.pots.values())
        earned = self.earnings is not None and (
            self.earnings.arrived or self.earnings.carried
        )
        owing = any(credit.drawn_minor for credit in self.credits.values())
        left = earned or owing
        return empty and not self.open_holds and not self.undelivered and not left
