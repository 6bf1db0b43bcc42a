"""What may be asked of an account. Imperatives; one struct each.

A command names the account whose actor decides it. Tags are the wire between gateway and
partition, which are always of one release; they are not in the journal.
"""

from enum import StrEnum

import msgspec

from ledger.decline import DeclineReason
from ledger.events import AccountKind, CardUse, Origin, Sale
from ledger.ids import AccountId, Ref
from ledger.money import Money


class CaptureMode(StrEnum):
    AUTOMATIC = "automatic"  # a purchase: authorised and captured in one entry
    MANUAL = "manual"  # a hold


class ScannedCode(msgspec.Struct, frozen=True, array_like=True):
    """A payment code whose seal was opened; its age and use are the account's to judge."""

    code_id: bytes
    issued_at_ms: int


class PresentedCard(msgspec.Struct, frozen=True, array_like=True):
    """A card whose cryptogram was checked; whether its counter is new is the account's to judge.

    refusal: what the cryptogram, or what is known of the card, says against it. The account writes
    that down as a decline like any other, and the card's counter stays where it was.
    """

    use: CardUse
    refusal: DeclineReason | None = None


class Command(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    account: AccountId


class OpenAccount(Command, frozen=True, kw_only=True, tag=1):
    kind: AccountKind
    pots: tuple[str, ...]


class CloseAccount(Command, frozen=True, kw_only=True, tag=2):
    pass


class FreezeAccount(Command, frozen=True, kw_only=True, tag=3):
    pass


class UnfreezeAccount(Command, frozen=True, kw_only=True, tag=4):
    pass


class Fund(Command, frozen=True, kw_only=True, tag=5):
    """Bring money in. The account is named by the evidence, so evidence counts once."""

    target: AccountId
    amount: Money


class SendTransfer(Command, frozen=True, kw_only=True, tag=6):
    target: AccountId
    amount: Money


class Authorise(Command, frozen=True, kw_only=True, tag=7):
    """refusal: what the rules of the channel say against it. As with a card's, the account writes
    that down, so that a retry hears the same whatever the rules have become; a code stays unused.
    """

    amount: Money
    sale: Sale
    capture: CaptureMode
    hold_ms: int
    code: ScannedCode | None = None
    card: PresentedCard | None = None  # code is then its tap
    refusal: DeclineReason | None = None


class PaymentCommand(Command, frozen=True, kw_only=True):
    """About one payment. `merchant` is the caller's own, or empty for one who may reach all:
    a payment of another merchant is *not found*, so ids cannot be probed.
    """

    ordinal: int
    merchant: str = ""


class Increase(PaymentCommand, frozen=True, kw_only=True, tag=8):
    """ceiling_minor: of the whole payment, by the rules of the channel; None for no ceiling."""

    amount: Money
    ceiling_minor: int | None = None


class Capture(PaymentCommand, frozen=True, kw_only=True, tag=9):
    amount: Money | None = None  # None: all that remains
    final: bool = True


class Void(PaymentCommand, frozen=True, kw_only=True, tag=10):
    pass


class Refund(PaymentCommand, frozen=True, kw_only=True, tag=11):
    amount: Money | None = None  # None: all that is left to refund


class Reverse(Command, frozen=True, kw_only=True, tag=12):
    """Undo whatever the attempt under this key did, or bar it from ever doing anything."""

    original: bytes
    merchant: str = ""


class LookUp(Command, frozen=True, kw_only=True, tag=13):
    original: bytes
    merchant: str = ""


class ReadAccount(Command, frozen=True, kw_only=True, tag=14):
    pass


class ReadPayment(PaymentCommand, frozen=True, kw_only=True, tag=15):
    pass


class ReadTransfer(Command, frozen=True, kw_only=True, tag=16):
    ordinal: int


class ReadEntries(Command, frozen=True, kw_only=True, tag=17):
    """Newest first. before: a journal sequence of this account's, 0 for the newest."""

    before: int
    limit: int


class Deliver(Command, frozen=True, kw_only=True, tag=18):
    """The relay brings a transfer to its target."""

    source: Ref
    pot: str
    amount_minor: int
    origin: Origin


class RecordDelivered(Command, frozen=True, kw_only=True, tag=19):
    """The relay tells the source that its transfer arrived."""

    ordinal: int
    origin: Origin


class ReturnTransfer(Command, frozen=True, kw_only=True, tag=20):
    """The relay brings back a transfer that the target could not take."""

    ordinal: int
    origin: Origin


class CutStripe(Command, frozen=True, kw_only=True, tag=21):
    """Record, as an entry, up to where a merchant's stripe in this partition counts. The account
    is the stripe's own (actors/directory.py), and opens when it is first cut.
    """

    merchant: str


class SweepStripe(Command, frozen=True, kw_only=True, tag=22):
    """Send what the stripe took between its sweep before and this cut to the merchant's account.

    amount_minor: not zero; below it when more was refunded than taken. Whoever asks has added up
    the journal; `airside ledger verify` adds it up again.
    """

    cut: int
    target: AccountId
    pot: str
    amount_minor: int


class DeliverSweep(Command, frozen=True, kw_only=True, tag=23):
    """The relay brings what a stripe took to its merchant's account."""

    source: Ref
    pot: str
    amount_minor: int
    origin: Origin


class Settle(Command, frozen=True, kw_only=True, tag=24):
    """What was swept becomes the merchant's to spend, less fees. gross: what must have arrived
    since the settlement before, a sum for each pot; may be below zero.
    """

    gross: tuple[Money, ...]
    fees: tuple[Money, ...] = ()


class RequestPayout(Command, frozen=True, kw_only=True, tag=25):
    """by: the principal who asks; another one must approve."""

    amount: Money
    by: str


class PayoutCommand(Command, frozen=True, kw_only=True):
    ordinal: int


class ApprovePayout(PayoutCommand, frozen=True, kw_only=True, tag=26):
    by: str


class CancelPayout(PayoutCommand, frozen=True, kw_only=True, tag=27):
    by: str


class PayOut(PayoutCommand, frozen=True, kw_only=True, tag=28):
    """The bank has paid. evidence: a digest of its reference, which proves one payout only."""

    evidence: bytes


class GrantCredit(Command, frozen=True, kw_only=True, tag=29):
    """Up to this much may be owed in this pot; nothing ends it. until_ms: 0 for no end."""

    limit: Money
    until_ms: int = 0


Read = ReadAccount | ReadPayment | ReadTransfer | ReadEntries | LookUp
Relayed = Deliver | DeliverSweep | RecordDelivered | ReturnTransfer
Change = (
    OpenAccount
    | CloseAccount
    | FreezeAccount
    | UnfreezeAccount
    | Fund
    | SendTransfer
    | Authorise
    | Increase
    | Capture
    | Void
    | Refund
    | Reverse
    | CutStripe
    | SweepStripe
    | Settle
    | RequestPayout
    | ApprovePayout
    | CancelPayout
    | PayOut
    | GrantCredit
)
AnyCommand = Change | Relayed | Read


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """A command on its way: who asks, under which key, and until when an answer is of use.

    key and request are 16-byte digests (ledger/keys.py), empty for reads and the relay.
    """

    command: AnyCommand
    caller: str = ""
    key: bytes = b""
    request: bytes = b""
    deadline_ms: int = 0  # 0: none
