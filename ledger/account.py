"""An account: what one owner holds, and all that a payment of its money may change.

This is memory. The truth is the journal; an account is what apply.py makes of its entries,
and an image (ledger/images.py) is this struct, encoded.

gc=False: what an account is made of holds plain values and can form no cycle, and there may be
millions of them. Python's collector would walk through all, and nobody is answered meanwhile.
"""

from enum import StrEnum

import msgspec

from ledger.decline import DeclineReason
from ledger.events import AccountKind, Sale
from ledger.ids import AccountId
from ledger.legs import subtract
from ledger.payment import OPEN_STATES, PaymentState
from ledger.posting import Legs

# Open holds per account. A wallet has a few; the bound keeps the image of an account small
# and an attacker with a leaked till key from filling memory with holds of one unit.
OPEN_HOLDS_MAX = 1_000


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


class Pot(msgspec.Struct, array_like=True, gc=False):
    """One balance. posted = available + held."""

    available_minor: int = 0
    held_minor: int = 0


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


class Account(msgspec.Struct, array_like=True):
    id: AccountId
    kind: AccountKind
    status: AccountStatus
    opened_at_ms: int
    pots: dict[str, Pot]
    payments: dict[int, Payment] = {}
    transfers: dict[int, Transfer] = {}
    keys: dict[bytes, KeyUse] = {}
    codes: dict[bytes, BoundCode] = {}
    next_ordinal: int = 1
    last_seq: int = 0
    open_holds: dict[int, int] = {}  # ordinal: when it expires
    undelivered: int = 0

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
        """Nothing is held, on its way or left: a closing account may close."""
        empty = all(not p.available_minor and not p.held_minor for p in self.pots.values())
        return empty and not self.open_holds and not self.undelivered
