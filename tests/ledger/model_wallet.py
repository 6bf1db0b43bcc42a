"""The auditor's wallets: what one account has, and what its payments come to.

Plain integers, one pot for each payment, no table of states.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.account import AccountStatus, TransferStatus
from ledger.commands import (
    Authorise,
    Increase,
    LookUp,
    Read,
    ReadAccount,
    ReadPayment,
    ReadTransfer,
)
from ledger.decline import DeclineReason as R
from ledger.events import AccountKind, Sale
from ledger.ids import AccountId, Ref
from ledger.money import Money
from ledger.payment import PaymentState as S
from ledger.replies import (
    AccountReply,
    DeclinedReply,
    PaymentReply,
    PotBalance,
    Reply,
    ReverseOutcome,
    ReverseReply,
    TransferReply,
)

MOST = 2**53 - 1
OPEN = (S.AUTHORISED, S.PARTIALLY_CAPTURED)
ENDED = {
    S.DECLINED: R.PAYMENT_DECLINED,
    S.CAPTURED: R.HOLD_CAPTURED,
    S.VOIDED: R.HOLD_VOIDED,
    S.EXPIRED: R.HOLD_EXPIRED,
    S.REVERSED: R.PAYMENT_REVERSED,
}
UNUSABLE = {
    AccountStatus.FROZEN: R.ACCOUNT_FROZEN,
    AccountStatus.CLOSING: R.ACCOUNT_CLOSING,
    AccountStatus.CLOSED: R.ACCOUNT_CLOSED,
}


@dataclass
class Asked:
    """What is known of a key: how to answer it again (the flag says that it is again).

    attempt: the payment that it asked for. barred: by a reversal that came first.
    """

    answer: Callable[[bool], Reply]
    attempt: int | None = None
    barred: bool = False
    request: bytes = b""
    at_ms: int = 0
    sent: int = 0  # the ordinal of what it sent on its way


@dataclass
class Purse:
    """What a wallet has in one pot."""

    free: int = 0
    held: int = 0
    limit: int = 0
    until_ms: int = 0
    drawn: int = 0


@dataclass
class Attempt:
    """A payment."""

    state: S
    sale: Sale
    pot: str
    at_ms: int
    authorised: int
    captured: int = 0
    refunded: int = 0
    expires_at_ms: int = 0
    decline: R | None = None
    by_card: bool = False

    @property
    def remaining(self) -> int:
        return self.authorised - self.captured if self.state in OPEN else 0

    @property
    def refundable(self) -> int:
        return self.captured - self.refunded


@dataclass
class Wire:
    """A transfer. sweep: of a merchant's takings; a stripe may also hold money, and send that."""

    target: AccountId
    pot: str
    minor: int
    at_ms: int
    sweep: bool = False
    status: TransferStatus = TransferStatus.SENT
    by: str = ""
    approved_by: str = ""
    evidence: bytes = b""

    @property
    def away(self) -> bool:
        """Neither here nor gone."""
        on_its_way = {TransferStatus.SENT, TransferStatus.HELD, TransferStatus.APPROVED}
        return self.status in on_its_way


@dataclass
class Stripe:
    """at_cut, sent: by pot, of all that was ever taken."""

    merchant: str
    cut: int = 0
    at_cut: dict[str, int] = field(default_factory=dict)
    swept_to: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


@dataclass
class Bound:
    """A code after its first scan."""

    asked: Asked
    first: Authorise
    until_ms: int

    def same(self, command: Authorise) -> bool:
        first = (self.first.sale.merchant, self.first.sale.order, self.first.amount)
        return first == (command.sale.merchant, command.sale.order, command.amount)


@dataclass
class Wallet:
    id: AccountId
    kind: AccountKind
    opened_at_ms: int
    purses: dict[str, Purse]
    status: AccountStatus = AccountStatus.OPEN
    attempts: dict[int, Attempt] = field(default_factory=dict)
    wires: dict[int, Wire] = field(default_factory=dict)
    keys: dict[bytes, Asked] = field(default_factory=dict)
    codes: dict[bytes, Bound] = field(default_factory=dict)
    cards: dict[bytes, int] = field(default_factory=dict)
    last_seq: int = 0
    stripe: Stripe | None = None
    arrived: dict[str, int] = field(default_factory=dict)
    carried: dict[str, int] = field(default_factory=dict)
    fees: dict[str, int] = field(default_factory=dict)

    @property
    def next_ordinal(self) -> int:
        return len(self.attempts) + len(self.wires) + 1

    @property
    def unusable(self) -> R | None:
        return UNUSABLE.get(self.status)

    @property
    def finished(self) -> bool:
        away = any(wire.away for wire in self.wires.values())
        left = any(p.free or p.held or p.drawn for p in self.purses.values())
        earned = any(self.arrived.values()) or any(self.carried.values())
        return not away and not left and not earned and not self.holds()

    def holds(self) -> list[tuple[int, int]]:
        """(when it expires, ordinal), soonest first."""
        open_ = [(a.expires_at_ms, n) for n, a in self.attempts.items() if a.state in OPEN]
        return sorted(open_)

    def due(self, at_ms: int) -> list[int]:
        return [
            ordinal for expires_at_ms, ordinal in self.holds() if expires_at_ms <= at_ms
        ]

    def has_room(self, pot: str, minor: int) -> bool:
        if self.status is AccountStatus.CLOSED or not minor:
            return True  # it would go to unclaimed, which is nobody's pot
        return self.purses[pot].free + self.purses[pot].held + minor <= MOST

    def takes(self, wire: Wire) -> bool:
        """Can this money come in?"""
        shut = self.status is AccountStatus.CLOSED
        return not shut and wire.pot in self.purses and self.has_room(wire.pot, wire.minor)

    def cannot_spend(self, amount: Money) -> R | None:
        if amount.amount_minor <= 0:
            return R.INVALID_AMOUNT
        if amount.commodity not in self.purses:
            return R.WRONG_CURRENCY
        enough = self.purses[amount.commodity].free >= amount.amount_minor
        return None if enough else R.INSUFFICIENT_FUNDS

    def release(self, attempt: Attempt) -> None:
        if attempt.remaining:
            self.purses[attempt.pot].held -= attempt.remaining
            self.purses[attempt.pot].free += attempt.remaining

    def give_back(self, attempt: Attempt, minor: int) -> None:
        attempt.refunded += minor
        if self.status is not AccountStatus.CLOSED and minor:
            self.purses[attempt.pot].free += minor

    def attempted(self, attempt: Attempt, seq: int) -> Asked:
        ordinal = self.next_ordinal
        self.attempts[ordinal] = attempt
        asked = self.told(ordinal, seq)
        asked.attempt = ordinal
        return asked

    def told(self, ordinal: int, seq: int) -> Asked:
        """The payment as it stands now, and for ever in answer to this entry."""
        attempt = self.attempts[ordinal]
        now = (attempt.state, attempt.authorised, attempt.captured, attempt.refunded)
        return Asked(lambda again: about_payment(self, ordinal, now, seq, again=again))


Standing = tuple[S, int, int, int]


def about_payment(
    wallet: Wallet, ordinal: int, now: Standing, seq: int, *, again: bool = False
) -> PaymentReply:
    attempt = wallet.attempts[ordinal]
    state, authorised, captured, refunded = now
    return PaymentReply(
        ref=Ref(wallet.id, ordinal),
        state=state,
        authorised={attempt.pot: authorised},
        captured={attempt.pot: captured} if captured else {},
        refunded={attempt.pot: refunded} if refunded else {},
        sale=attempt.sale,
        at_ms=attempt.at_ms,
        expires_at_ms=attempt.expires_at_ms,
        decline=attempt.decline,
        seq=seq,
        replayed=again,
    )


def about_account(wallet: Wallet) -> Asked:
    def answer(again: bool) -> Reply:  # noqa: FBT001 — one flag, and it has a name
        pots = {
            pot: PotBalance(p.free, p.held, p.limit, p.drawn, p.until_ms)
            for pot, p in wallet.purses.items()
        }
        opened, seq = wallet.opened_at_ms, wallet.last_seq
        return AccountReply(wallet.id, wallet.kind, wallet.status, opened, pots, again, seq)

    return Asked(answer)


def about_transfer(wallet: Wallet, ordinal: int) -> Asked:
    def answer(again: bool) -> Reply:  # noqa: FBT001 — as above
        wire = wallet.wires[ordinal]
        return TransferReply(
            ref=Ref(wallet.id, ordinal),
            status=wire.status,
            target=wire.target,
            pot=wire.pot,
            amount_minor=wire.minor,
            at_ms=wire.at_ms,
            funding=wallet.kind is AccountKind.FUNDING,
            replayed=again,
            by=wire.by,
            approved_by=wire.approved_by,
        )

    return Asked(answer)


def declined(reason: R) -> Asked:
    return Asked(lambda again: DeclinedReply(reason, again))


def tombstoned() -> Asked:
    return Asked(lambda again: ReverseReply(ReverseOutcome.TOMBSTONED, None, again))


def reversed_(payment: Asked) -> Asked:
    def answer(again: bool) -> Reply:  # noqa: FBT001 — as above
        told = payment.answer(again)
        assert isinstance(told, PaymentReply)
        return ReverseReply(ReverseOutcome.REVERSED, told, again)

    return Asked(answer)


def nothing_to_reverse(payment: Asked) -> Asked:
    def answer(again: bool) -> Reply:  # noqa: FBT001 — as above
        told = payment.answer(False)
        assert isinstance(told, PaymentReply)
        return ReverseReply(ReverseOutcome.NOTHING_TO_REVERSE, told, again)

    return Asked(answer)


def current(wallet: Wallet, ordinal: int) -> PaymentReply:
    attempt = wallet.attempts[ordinal]
    now = (attempt.state, attempt.authorised, attempt.captured, attempt.refunded)
    return about_payment(wallet, ordinal, now, wallet.last_seq)


def read(wallet: Wallet, command: Read) -> Reply:
    match command:
        case ReadAccount():
            return about_account(wallet).answer(False)
        case ReadTransfer():
            if command.ordinal not in wallet.wires:
                return DeclinedReply(R.TRANSFER_NOT_FOUND)
            return about_transfer(wallet, command.ordinal).answer(False)
        case ReadPayment():
            attempt = wallet.attempts.get(command.ordinal)
            if attempt is None or command.merchant not in {"", attempt.sale.merchant}:
                return DeclinedReply(R.PAYMENT_NOT_FOUND)
            return current(wallet, command.ordinal)
        case LookUp():
            return _looked_up(wallet, command)
        case _:
            raise AssertionError("statements are read in test_reads.py")


def _looked_up(wallet: Wallet, command: LookUp) -> Reply:
    asked = wallet.keys.get(command.original)
    if asked is not None and asked.barred:
        return DeclinedReply(R.REVERSED_BEFORE_ARRIVAL)
    ordinal = asked.attempt if asked is not None else None
    if ordinal is None:
        return DeclinedReply(R.PAYMENT_NOT_FOUND)
    if command.merchant not in {"", wallet.attempts[ordinal].sale.merchant}:
        return DeclinedReply(R.PAYMENT_NOT_FOUND)
    return current(wallet, ordinal)


def above_ceiling(attempt: Attempt, command: Increase) -> bool:
    ceiling = command.ceiling_minor
    return (
        ceiling is not None and attempt.authorised + command.amount.amount_minor > ceiling
    )


def increase(wallet: Wallet, attempt: Attempt, command: Increase) -> R | None:
    amount = command.amount
    if attempt.state not in OPEN:
        return ENDED[attempt.state]
    if wallet.unusable:
        return wallet.unusable
    if attempt.by_card:
        return R.CARD_REPLAYED
    if amount.commodity != attempt.pot:
        return R.WRONG_CURRENCY
    if above_ceiling(attempt, command):
        return R.EXCEEDS_CHANNEL_LIMIT
    reason = wallet.cannot_spend(amount)
    if not reason:
        attempt.authorised += amount.amount_minor
        wallet.purses[attempt.pot].free -= amount.amount_minor
        wallet.purses[attempt.pot].held += amount.amount_minor
    return reason


def capture(
    wallet: Wallet, attempt: Attempt, amount: Money | None, *, final: bool
) -> R | None:
    if attempt.state not in OPEN:
        return ENDED[attempt.state]
    reason = _bad_part(attempt, amount, attempt.remaining, R.EXCEEDS_HOLD)
    if reason:
        return reason
    minor = attempt.remaining if amount is None else amount.amount_minor
    wallet.purses[attempt.pot].held -= minor
    attempt.captured += minor
    if final or attempt.captured == attempt.authorised:
        wallet.release(attempt)
        attempt.state = S.CAPTURED
    else:
        attempt.state = S.PARTIALLY_CAPTURED
    return None


def refund(wallet: Wallet, attempt: Attempt, amount: Money | None) -> R | None:
    if attempt.state is S.AUTHORISED:
        return R.NOTHING_CAPTURED
    if attempt.state not in {S.PARTIALLY_CAPTURED, S.CAPTURED}:
        return ENDED[attempt.state]
    reason = _bad_part(attempt, amount, attempt.refundable, R.EXCEEDS_CAPTURED)
    if reason:
        return reason
    minor = attempt.refundable if amount is None else amount.amount_minor
    if not minor:
        if attempt.captured:
            return R.EXCEEDS_CAPTURED
        return R.NOTHING_CAPTURED
    if not wallet.has_room(attempt.pot, minor):
        return R.EXCEEDS_BALANCE_LIMIT
    wallet.give_back(attempt, minor)
    return None


def void(wallet: Wallet, attempt: Attempt) -> R | None:
    if attempt.state is S.CAPTURED:
        return refund(wallet, attempt, None)
    if attempt.state not in OPEN:
        return ENDED[attempt.state]
    wallet.release(attempt)
    attempt.state = S.CAPTURED if attempt.captured else S.VOIDED
    return None


def _bad_part(attempt: Attempt, amount: Money | None, left: int, over: R) -> R | None:
    if amount is None:
        return None
    if amount.amount_minor <= 0:
        return R.INVALID_AMOUNT
    if amount.commodity != attempt.pot:
        return R.WRONG_CURRENCY
    return over if amount.amount_minor > left else None
