"""What a partition answers. One struct per kind of answer; refusals of the machine apart.

A Refusal is an operating answer, never remembered: nothing was judged about money.
"""

from enum import StrEnum

import msgspec

from ledger.account import AccountStatus, TransferStatus
from ledger.decline import DeclineReason
from ledger.errors import Happened
from ledger.events import AccountKind, Sale
from ledger.ids import AccountId, Ref
from ledger.payment import PaymentState


class PaymentReply(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """A payment as it stood after the entry that is answered."""

    ref: Ref
    state: PaymentState
    authorised: dict[str, int]
    captured: dict[str, int]
    refunded: dict[str, int]
    sale: Sale
    at_ms: int
    expires_at_ms: int
    decline: DeclineReason | None = None
    seq: int = 0
    replayed: bool = False


class PotBalance(msgspec.Struct, frozen=True, array_like=True):
    """credit_minor: what may be owed; drawn_minor: what is; until_ms: until when, 0 for no end."""

    available_minor: int
    held_minor: int
    credit_minor: int = 0
    drawn_minor: int = 0
    until_ms: int = 0


class AccountReply(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """An account as it stands after entry `seq`: a statement walks back from there."""

    account: AccountId
    kind: AccountKind
    status: AccountStatus
    opened_at_ms: int
    pots: dict[str, PotBalance]
    replayed: bool = False
    seq: int = 0


class TransferReply(msgspec.Struct, frozen=True, array_like=True, tag=3):
    ref: Ref
    status: TransferStatus
    target: AccountId
    pot: str
    amount_minor: int
    at_ms: int
    funding: bool  # money from outside, not from an account
    replayed: bool = False
    by: str = ""  # who asked for a payout
    approved_by: str = ""


class DeclinedReply(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """Refused, and nothing changed. An authorisation's refusal is a PaymentReply instead."""

    reason: DeclineReason
    replayed: bool = False


class ReverseOutcome(StrEnum):
    REVERSED = "reversed"
    NOTHING_TO_REVERSE = "nothing_to_reverse"
    TOMBSTONED = "tombstoned"


class ReverseReply(msgspec.Struct, frozen=True, array_like=True, tag=5):
    outcome: ReverseOutcome
    payment: PaymentReply | None
    replayed: bool = False


class EntriesReply(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Bodies of journal entries, newest first; next is the `before` of the next page, 0: none."""

    bodies: tuple[bytes, ...]
    next: int


class CutReply(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """A stripe was cut at entry `cut` of its partition; the cut before was at `previous`."""

    account: AccountId
    cut: int
    previous: int
    replayed: bool = False


class SettledReply(msgspec.Struct, frozen=True, array_like=True, tag=10):
    """What became of what had arrived, by pot. carried: below zero, owed by the merchant."""

    account: AccountId
    gross: dict[str, int]
    fees: dict[str, int]
    credited: dict[str, int]
    carried: dict[str, int]
    replayed: bool = False


class Noted(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """The relay's command is done, or was done before."""


class RefusalKind(StrEnum):
    NOT_OWNED = "not_owned"  # another partition has this slot
    KEY_REUSED = "key_reused"  # the key came with another request before
    KEY_EXPIRED = "key_expired"  # older than the stated retention: not run again
    DEADLINE_PASSED = "deadline_passed"  # nobody waits any more; not started
    QUARANTINED = "quarantined"  # a promise was broken in this account
    STOPPED = "stopped"  # the partition's journal is damaged


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag=8):
    kind: RefusalKind
    happened: Happened = Happened.NO


Reply = (
    PaymentReply
    | AccountReply
    | TransferReply
    | DeclinedReply
    | ReverseReply
    | EntriesReply
    | Noted
    | Refusal
    | CutReply
    | SettledReply
)
