"""What happened to an account. Past tense; one struct each; this is what the journal keeps.

Events are arrays with an integer tag. A field may be appended with a default (old entries then
read as the default); none is ever removed, reordered or renumbered. `group` is here from the
first version, for payments with several payers.
"""

from enum import StrEnum

import msgspec

from ledger.decline import DeclineReason
from ledger.ids import AccountId, Ref
from ledger.payment import PaymentState
from ledger.posting import Book


class AccountKind(StrEnum):
    WALLET = "wallet"
    MERCHANT = "merchant"
    AGENT = "agent"
    COMPANY = "company"
    FUNDING = "funding"  # one piece of evidence for money that came in
    GIFT_CARD = "gift_card"  # whoever holds the card holds the money
    STRIPE = "stripe"  # cuts and sweeps what a merchant took in one partition


class Sale(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a payment pays for. References are opaque: no name, no PNR, no free text.

    order is a keyed digest of the merchant's order reference (services/keyring.py).
    """

    merchant: str
    order: bytes
    channel: str
    place: str = ""
    terminal: str = ""
    group: bytes = b""


class CardUse(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The card that a payment was asked for with. counter: 0 for a stripe, which cannot."""

    card: bytes
    counter: int


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """The journal entry that caused this one in another partition, or in the same."""

    partition: int
    seq: int


class Amounts(msgspec.Struct, frozen=True, array_like=True):
    """A payment's state and amounts by pot after an event: a repeated answer is read from it."""

    state: PaymentState
    authorised: dict[str, int]
    captured: dict[str, int]
    refunded: dict[str, int]


class PartitionOpened(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The first act of an incarnation. From here on every older one fails to append.

    token tells two incarnations apart that race for the same number.
    """

    partition: int
    token: bytes
    format_version: int
    number: int


class AccountOpened(msgspec.Struct, frozen=True, array_like=True, tag=2):
    kind: AccountKind
    pots: tuple[str, ...]


class AccountFrozen(msgspec.Struct, frozen=True, array_like=True, tag=3):
    pass


class AccountUnfrozen(msgspec.Struct, frozen=True, array_like=True, tag=4):
    pass


class AccountClosing(msgspec.Struct, frozen=True, array_like=True, tag=5):
    pass


class AccountClosed(msgspec.Struct, frozen=True, array_like=True, tag=6):
    pass


class Authorised(msgspec.Struct, frozen=True, array_like=True, tag=7):
    ordinal: int
    legs: dict[str, int]
    sale: Sale
    expires_at_ms: int
    code_id: bytes = b""
    card: CardUse | None = None


class Purchased(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """Authorised and captured in one entry."""

    ordinal: int
    legs: dict[str, int]
    sale: Sale
    code_id: bytes = b""
    card: CardUse | None = None


class PaymentDeclined(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """An authorisation was refused; the attempt is a payment of its own, with an id."""

    ordinal: int
    reason: DeclineReason
    legs: dict[str, int]
    sale: Sale
    code_id: bytes = b""
    card: CardUse | None = None


class Increased(msgspec.Struct, frozen=True, array_like=True, tag=10):
    ordinal: int
    legs: dict[str, int]
    merchant: str
    after: Amounts


class Captured(msgspec.Struct, frozen=True, array_like=True, tag=11):
    ordinal: int
    legs: dict[str, int]
    released: dict[str, int]
    merchant: str
    after: Amounts


class Voided(msgspec.Struct, frozen=True, array_like=True, tag=12):
    ordinal: int
    released: dict[str, int]
    merchant: str
    after: Amounts


class Expired(msgspec.Struct, frozen=True, array_like=True, tag=13):
    ordinal: int
    released: dict[str, int]
    merchant: str
    after: Amounts


class Refunded(msgspec.Struct, frozen=True, array_like=True, tag=14):
    """credited: AVAILABLE, or UNCLAIMED when the account had closed."""

    ordinal: int
    legs: dict[str, int]
    merchant: str
    credited: Book
    after: Amounts


class Reversed(msgspec.Struct, frozen=True, array_like=True, tag=15):
    """The attempt under key `original` was undone: the hold released, what was taken given back."""

    ordinal: int
    released: dict[str, int]
    refunded: dict[str, int]
    merchant: str
    credited: Book
    original: bytes
    after: Amounts


class Tombstoned(msgspec.Struct, frozen=True, array_like=True, tag=16):
    """A reversal found nothing: whatever arrives under key `original` from now on is declined."""

    original: bytes


class Declined(msgspec.Struct, frozen=True, array_like=True, tag=17):
    """Anything but an authorisation was refused."""

    reason: DeclineReason
    ordinal: int = 0


class TransferSent(msgspec.Struct, frozen=True, array_like=True, tag=18):
    """debited: AVAILABLE, or the book that evidence of incoming money debits."""

    ordinal: int
    target: AccountId
    pot: str
    amount_minor: int
    debited: Book


class TransferReceived(msgspec.Struct, frozen=True, array_like=True, tag=19):
    source: Ref
    pot: str
    amount_minor: int
    origin: Origin


class TransferRefused(msgspec.Struct, frozen=True, array_like=True, tag=20):
    """The target could not take it; the money is still in transit, on its way back."""

    source: Ref
    target: AccountId
    reason: DeclineReason
    origin: Origin


class TransferDelivered(msgspec.Struct, frozen=True, array_like=True, tag=21):
    ordinal: int
    origin: Origin


class TransferReturned(msgspec.Struct, frozen=True, array_like=True, tag=22):
    ordinal: int
    pot: str
    amount_minor: int
    credited: Book
    origin: Origin


class AnswerRepeated(msgspec.Struct, frozen=True, array_like=True, tag=23):
    """The same code came again for the same order, under another key: entry `seq` answers it."""

    ordinal: int
    seq: int


class StripeCut(msgspec.Struct, frozen=True, array_like=True, tag=24):
    """The entry is the cut: what a merchant took in this partition before it, and no more, is for
    the next sweep. previous: the cut before, 0 for the first.
    """

    merchant: str
    previous: int


class StripeSwept(msgspec.Struct, frozen=True, array_like=True, tag=25):
    """What the stripe took up to entry `cut`, since its pot was swept before. May be below zero."""

    ordinal: int
    target: AccountId
    pot: str
    amount_minor: int
    merchant: str
    cut: int


class SweepReceived(msgspec.Struct, frozen=True, array_like=True, tag=26):
    source: Ref
    pot: str
    amount_minor: int
    origin: Origin


class Settled(msgspec.Struct, frozen=True, array_like=True, tag=27):
    """By pot. gross: what had arrived since the settlement before. carried: what stays owed by the
    merchant (below zero), for the next one: fees and refunds came to more than was taken.
    """

    gross: dict[str, int]
    fees: dict[str, int]
    credited: dict[str, int]
    carried: dict[str, int]


class PayoutHeld(msgspec.Struct, frozen=True, array_like=True, tag=28):
    """Set aside, until somebody else than `by` approves it."""

    ordinal: int
    pot: str
    amount_minor: int
    by: str


class PayoutApproved(msgspec.Struct, frozen=True, array_like=True, tag=29):
    ordinal: int
    by: str


class PayoutCancelled(msgspec.Struct, frozen=True, array_like=True, tag=30):
    ordinal: int
    pot: str
    amount_minor: int
    by: str


class PayoutPaid(msgspec.Struct, frozen=True, array_like=True, tag=31):
    """credited: the book of what backed it, as in TransferSent.debited."""

    ordinal: int
    pot: str
    amount_minor: int
    evidence: bytes
    credited: Book


class CreditGranted(msgspec.Struct, frozen=True, array_like=True, tag=32):
    """How much may be owed in this pot from now on. until_ms: 0 for no end. What is drawn stays."""

    pot: str
    limit_minor: int
    until_ms: int


class CreditDrawn(msgspec.Struct, frozen=True, array_like=True, tag=33):
    """In front of the payment that lacked it."""

    pot: str
    amount_minor: int


class CreditRepaid(msgspec.Struct, frozen=True, array_like=True, tag=34):
    """Behind the entry that brought it in, or back."""

    pot: str
    amount_minor: int


Event = (
    PartitionOpened
    | AccountOpened
    | AccountFrozen
    | AccountUnfrozen
    | AccountClosing
    | AccountClosed
    | Authorised
    | Purchased
    | PaymentDeclined
    | Increased
    | Captured
    | Voided
    | Expired
    | Refunded
    | Reversed
    | Tombstoned
    | Declined
    | TransferSent
    | TransferReceived
    | TransferRefused
    | TransferDelivered
    | TransferReturned
    | AnswerRepeated
    | StripeCut
    | StripeSwept
    | SweepReceived
    | Settled
    | PayoutHeld
    | PayoutApproved
    | PayoutCancelled
    | PayoutPaid
    | CreditGranted
    | CreditDrawn
    | CreditRepaid
)
