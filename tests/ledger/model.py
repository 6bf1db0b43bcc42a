"""The auditor: a second, plain telling of what a partition must answer.

It predicts every reply in full, sequence numbers and times included, from what it was told and
nothing else. It shares the words of the ledger (commands in, replies out) and none of its
reasoning: no decide, no apply, no legs, no table of states. So a bug must be made twice, in two
manners, to pass.
"""

from collections import deque

from ledger.account import AccountStatus, TransferStatus
from ledger.commands import (
    ApprovePayout,
    Authorise,
    CancelPayout,
    Capture,
    CaptureMode,
    Change,
    CloseAccount,
    CutStripe,
    Envelope,
    FreezeAccount,
    Fund,
    GrantCredit,
    Increase,
    OpenAccount,
    PayOut,
    Read,
    Refund,
    Relayed,
    RequestPayout,
    Reverse,
    SendTransfer,
    Settle,
    SweepStripe,
    UnfreezeAccount,
    Void,
)
from ledger.decline import DeclineReason as R
from ledger.events import AccountKind
from ledger.ids import AccountId
from ledger.payment import PaymentState as S
from ledger.replies import DeclinedReply, Refusal, RefusalKind, Reply
from tests.ledger.model_credit import draw, grant, owing, pay_back
from tests.ledger.model_settlement import (
    add_to,
    cut,
    follow_payout,
    request_payout,
    settle,
    sweep,
)
from tests.ledger.model_wallet import (
    MOST,
    Asked,
    Attempt,
    Bound,
    Purse,
    Stripe,
    Wallet,
    Wire,
    about_account,
    about_transfer,
    above_ceiling,
    capture,
    declined,
    increase,
    nothing_to_reverse,
    read,
    refund,
    reversed_,
    tombstoned,
    void,
)

# What is sent from these does not come back to them.
ONE_WAY = {AccountKind.FUNDING, AccountKind.STRIPE}
CODE_MS, SKEW_MS, MEMORY_MS = 60_000, 5_000, 30 * 86_400_000
HOLDS = 1_000


class Model:
    """One partition that owns every account and relays to itself."""

    def __init__(self) -> None:
        self.wallets: dict[AccountId, Wallet] = {}
        self._seq = 1  # the incarnation that opened
        self._at_ms = 0
        self._outbox: deque[tuple[str, Wallet, int]] = deque()

    def restart(self) -> None:
        self._seq += 1

    def answer(self, envelope: Envelope, at_ms: int) -> Reply:
        self._at_ms = at_ms
        command = envelope.command
        wallet = self.wallets.get(command.account)
        assert not isinstance(command, Relayed), "deliver() is for these"
        if wallet is None:
            return self._first(envelope)
        if isinstance(command, Read):
            self._expire(wallet)
            return read(wallet, command)
        asked = self._known(wallet, envelope)
        if asked is None:
            self._expire(wallet)
            self._draw(wallet, command)
            seq = self._written(wallet)
            asked = self._decide(wallet, command, seq)
            self._note(wallet, envelope, asked)
            self._close_if_finished(wallet)
            return asked.answer(False)
        if isinstance(asked, Asked):
            return asked.answer(True)
        return asked

    def deliver(self, at_ms: int) -> None:
        """All that is under way arrives, and its receipts with it."""
        self._at_ms = at_ms
        while self._outbox:
            what, source, ordinal = self._outbox.popleft()
            wire = source.wires[ordinal]
            if what == "delivery":
                self._arrive(source, ordinal, wire)
                continue
            wire.status = TransferStatus(what)
            back = wire.status is TransferStatus.RETURNED
            if back and source.kind not in ONE_WAY and source.takes(wire):
                source.purses[wire.pot].free += wire.minor
            self._written(source)
            self._close_if_finished(source)

    def due(self, at_ms: int) -> list[Wallet]:
        """Wallets with a hold whose time is up."""
        return [wallet for wallet in self.wallets.values() if wallet.due(at_ms)]

    def holders(self) -> list[Wallet]:
        return [wallet for wallet in self.wallets.values() if wallet.holds()]

    def tick(self, at_ms: int) -> None:
        self._at_ms = at_ms
        for wallet in self.due(at_ms):
            self._expire(wallet)

    def _written(self, wallet: Wallet | None) -> int:
        self._seq += 1
        if wallet:
            wallet.last_seq = self._seq
        return self._seq

    def _note(self, wallet: Wallet, envelope: Envelope, asked: Asked) -> None:
        asked.request, asked.at_ms = envelope.request, self._at_ms
        wallet.keys[envelope.key] = asked

    def _first(self, envelope: Envelope) -> Reply:
        """The account is not open."""
        command = envelope.command
        if isinstance(command, OpenAccount):
            purses = {pot: Purse() for pot in command.pots}
            wallet = Wallet(command.account, command.kind, self._at_ms, purses)
        elif isinstance(command, Fund):
            wallet = Wallet(command.account, AccountKind.FUNDING, self._at_ms, {})
        elif isinstance(command, CutStripe):
            wallet = Wallet(command.account, AccountKind.STRIPE, self._at_ms, {})
            wallet.stripe = Stripe(command.merchant)
        else:
            return DeclinedReply(R.ACCOUNT_NOT_FOUND)
        self.wallets[wallet.id] = wallet
        seq = self._written(wallet)
        asked = about_account(wallet)
        if isinstance(command, Fund | CutStripe):
            asked = self._decide(wallet, command, self._written(wallet))
        self._note(wallet, envelope, asked)
        assert seq, "an account opens with an entry"
        return asked.answer(False)

    def _known(self, wallet: Wallet, envelope: Envelope) -> Asked | Reply | None:
        """Was it asked before, under this key or with this code?"""
        command = envelope.command
        asked = wallet.keys.get(envelope.key)
        if asked is not None and asked.barred:
            return self._bar(wallet, envelope)
        if asked is not None:
            if asked.request != envelope.request:
                return Refusal(RefusalKind.KEY_REUSED)
            late = self._at_ms - asked.at_ms > MEMORY_MS
            return Refusal(RefusalKind.KEY_EXPIRED) if late else asked
        if isinstance(command, Authorise) and command.code:
            bound = wallet.codes.get(command.code.code_id)
            if bound and bound.same(command):
                self._written(wallet)
                repeated = Asked(bound.asked.answer, attempt=bound.asked.attempt)
                self._note(wallet, envelope, repeated)
                return repeated
        return None

    def _bar(self, wallet: Wallet, envelope: Envelope) -> Reply:
        command = envelope.command
        if not isinstance(command, Authorise):
            return DeclinedReply(R.REVERSED_BEFORE_ARRIVAL)
        seq = self._written(wallet)
        asked = self._refuse(wallet, command, R.REVERSED_BEFORE_ARRIVAL, seq)
        self._note(wallet, envelope, asked)
        return asked.answer(False)

    def _expire(self, wallet: Wallet) -> None:
        for ordinal in wallet.due(self._at_ms):
            attempt = wallet.attempts[ordinal]
            wallet.release(attempt)
            attempt.state = S.CAPTURED if attempt.captured else S.EXPIRED
            self._written(wallet)
            self._pay_back(wallet)

    def _pay_back(self, wallet: Wallet) -> None:
        for purse in owing(wallet):
            pay_back(purse)
            self._written(wallet)

    def _draw(self, wallet: Wallet, command: Change) -> None:
        """An entry of its own, in front of the payment's."""
        match command:
            case Authorise():
                reason = self._why_not(wallet, command)
            case Increase():
                reason = self._why_not_more(wallet, command)
            case _:
                return
        short = reason is R.INSUFFICIENT_FUNDS
        if short and draw(wallet, command.amount, self._at_ms):
            self._written(wallet)

    def _why_not_more(self, wallet: Wallet, command: Increase) -> R | None:
        """As increase() judges it, and without doing it."""
        attempt = wallet.attempts.get(command.ordinal)
        if attempt is None or command.merchant not in {"", attempt.sale.merchant}:
            return R.PAYMENT_NOT_FOUND
        if attempt.state not in {S.AUTHORISED, S.PARTIALLY_CAPTURED} or wallet.unusable:
            return R.HOLD_CAPTURED
        if attempt.by_card:
            return R.CARD_REPLAYED
        if command.amount.commodity != attempt.pot:
            return R.WRONG_CURRENCY
        if above_ceiling(attempt, command):
            return R.EXCEEDS_CHANNEL_LIMIT
        return wallet.cannot_spend(command.amount)

    def _close_if_finished(self, wallet: Wallet) -> None:
        self._pay_back(wallet)
        if wallet.status is AccountStatus.CLOSING and wallet.finished:
            wallet.status = AccountStatus.CLOSED
            self._written(wallet)

    def _arrive(self, source: Wallet, ordinal: int, wire: Wire) -> None:
        target = self.wallets.get(wire.target)
        if wire.sweep and target and target.status is not AccountStatus.CLOSED:
            add_to(target.arrived, wire.pot, wire.minor)
            self._written(target)
            self._outbox.append(("delivered", source, ordinal))
        elif not wire.sweep and target is not None and target.takes(wire):
            target.purses[wire.pot].free += wire.minor
            self._written(target)
            self._outbox.append(("delivered", source, ordinal))
        else:
            self._written(None)
            self._outbox.append(("returned", source, ordinal))
        if target is not None:
            self._close_if_finished(target)

    def _decide(self, wallet: Wallet, command: Change, seq: int) -> Asked:
        """What the entry `seq` says and does."""
        match command:
            case OpenAccount():
                return declined(R.ACCOUNT_EXISTS)
            case Authorise():
                return self._authorise(wallet, command, seq)
            case Reverse():
                return self._reverse(wallet, command, seq)
            case Fund() | SendTransfer():
                return self._send(wallet, command)
            case Capture() | Void() | Refund() | Increase():
                return self._follow_up(wallet, command, seq)
            case FreezeAccount() | UnfreezeAccount() | CloseAccount():
                return self._turn(wallet, command)
            case CutStripe():
                taken = self.taken_by(command.merchant, wallet)
                return cut(wallet, command, taken, seq)
            case SweepStripe():
                asked = sweep(wallet, command, self._at_ms)
                if asked.sent:
                    self._outbox.append(("delivery", wallet, asked.sent))
                return asked
            case GrantCredit():
                return grant(wallet, command)
            case Settle():
                return settle(wallet, command)
            case RequestPayout():
                return request_payout(wallet, command, self._at_ms)
            case ApprovePayout() | CancelPayout() | PayOut():
                return follow_payout(wallet, command)

    def taken_by(self, merchant: str, stripe: Wallet) -> dict[str, int]:
        """Ever, and in the partition of this stripe, by pot."""
        taken: dict[str, int] = {}
        for wallet in self.wallets.values():
            for attempt in wallet.attempts.values() if self._beside(wallet, stripe) else ():
                if attempt.sale.merchant == merchant:
                    add_to(taken, attempt.pot, attempt.captured - attempt.refunded)
        return taken

    def _beside(self, _wallet: Wallet, _stripe: Wallet) -> bool:
        """Do they live in one partition?"""
        return True

    def _turn(
        self, wallet: Wallet, command: FreezeAccount | UnfreezeAccount | CloseAccount
    ) -> Asked:
        reason = wallet.unusable
        frozen = wallet.status is AccountStatus.FROZEN
        if isinstance(command, UnfreezeAccount):
            reason = None if frozen else (reason or R.ACCOUNT_NOT_FROZEN)
        if isinstance(command, CloseAccount) and frozen:
            reason = None
        if reason:
            return declined(reason)
        match command:
            case FreezeAccount():
                wallet.status = AccountStatus.FROZEN
            case UnfreezeAccount():
                wallet.status = AccountStatus.OPEN
            case CloseAccount():
                ended = wallet.finished
                wallet.status = AccountStatus.CLOSED if ended else AccountStatus.CLOSING
        return about_account(wallet)

    def _authorise(self, wallet: Wallet, command: Authorise, seq: int) -> Asked:
        reason = self._why_not(wallet, command)
        if reason:
            asked = self._refuse(wallet, command, reason, seq)
        else:
            asked = self._accept(wallet, command, seq)
        code = command.code
        never = reason in {R.CODE_USED, R.CODE_EXPIRED, R.CODE_NOT_YET_VALID}
        never |= reason is not None and reason.value.startswith("card_")
        never |= reason is not None and reason is command.refusal
        if code and not never and code.code_id not in wallet.codes:
            at_ms, codes = self._at_ms, wallet.codes
            wallet.codes = {c: b for c, b in codes.items() if b.until_ms >= at_ms}
            until_ms = at_ms + CODE_MS + SKEW_MS
            wallet.codes[code.code_id] = Bound(asked, command, until_ms)
            if command.card and command.card.use.counter:
                use = command.card.use
                wallet.cards[use.card] = max(use.counter, wallet.cards.get(use.card, 0))
        return asked

    def _why_not(self, wallet: Wallet, command: Authorise) -> R | None:
        card = command.card
        if command.refusal:
            return command.refusal
        if card and card.refusal:
            return card.refusal
        if wallet.unusable:
            return wallet.unusable
        if card and command.code:
            age_ms = self._at_ms - command.code.issued_at_ms
            if command.code.code_id in wallet.codes:
                return R.CARD_REPLAYED
            if card.use.counter and wallet.cards.get(card.use.card, 0) >= card.use.counter:
                return R.CARD_COUNTER_OLD
            if not -SKEW_MS <= age_ms < CODE_MS:
                return R.CARD_TAP_EXPIRED
        elif command.code:
            age_ms = self._at_ms - command.code.issued_at_ms
            if command.code.code_id in wallet.codes:
                return R.CODE_USED
            if age_ms >= CODE_MS:
                return R.CODE_EXPIRED
            if age_ms < -SKEW_MS:
                return R.CODE_NOT_YET_VALID
        if command.capture is CaptureMode.MANUAL and len(wallet.holds()) >= HOLDS:
            return R.TOO_MANY_HOLDS
        return wallet.cannot_spend(command.amount)

    def _refuse(self, wallet: Wallet, command: Authorise, why: R, seq: int) -> Asked:
        minor, pot = command.amount.amount_minor, command.amount.commodity
        attempt = Attempt(S.DECLINED, command.sale, pot, self._at_ms, minor, decline=why)
        return wallet.attempted(attempt, seq)

    def _accept(self, wallet: Wallet, command: Authorise, seq: int) -> Asked:
        minor, pot = command.amount.amount_minor, command.amount.commodity
        attempt = Attempt(S.CAPTURED, command.sale, pot, self._at_ms, minor)
        attempt.by_card = command.card is not None
        wallet.purses[pot].free -= minor
        if command.capture is CaptureMode.AUTOMATIC:
            attempt.captured = minor
        else:
            attempt.state = S.AUTHORISED
            attempt.expires_at_ms = self._at_ms + command.hold_ms
            wallet.purses[pot].held += minor
        return wallet.attempted(attempt, seq)

    def _send(self, wallet: Wallet, command: Fund | SendTransfer) -> Asked:
        minor, pot = command.amount.amount_minor, command.amount.commodity
        if isinstance(command, Fund):
            reason = R.EVIDENCE_USED if wallet.wires else None
            reason = reason or (R.INVALID_AMOUNT if minor <= 0 else None)
            reason = reason or (R.EXCEEDS_BALANCE_LIMIT if minor > MOST else None)
        else:
            closing = wallet.status is AccountStatus.CLOSING
            reason = None if closing else wallet.unusable
            if not reason and command.target == wallet.id:
                reason = R.SAME_ACCOUNT
            reason = reason or wallet.cannot_spend(command.amount)
        if reason:
            return declined(reason)
        ordinal = wallet.next_ordinal
        wallet.wires[ordinal] = Wire(command.target, pot, minor, self._at_ms)
        if isinstance(command, SendTransfer):
            wallet.purses[pot].free -= minor
        self._outbox.append(("delivery", wallet, ordinal))
        return about_transfer(wallet, ordinal)

    def _follow_up(
        self, wallet: Wallet, command: Capture | Void | Refund | Increase, seq: int
    ) -> Asked:
        attempt = wallet.attempts.get(command.ordinal)
        if attempt is None or command.merchant not in {"", attempt.sale.merchant}:
            return declined(R.PAYMENT_NOT_FOUND)
        match command:
            case Increase():
                reason = increase(wallet, attempt, command)
            case Capture():
                reason = capture(wallet, attempt, command.amount, final=command.final)
            case Refund():
                reason = refund(wallet, attempt, command.amount)
            case Void():
                reason = void(wallet, attempt)
        return declined(reason) if reason else wallet.told(command.ordinal, seq)

    def _reverse(self, wallet: Wallet, command: Reverse, seq: int) -> Asked:
        asked = wallet.keys.get(command.original)
        if asked is None or asked.barred:
            wallet.keys[command.original] = Asked(
                declined(R.REVERSED_BEFORE_ARRIVAL).answer, barred=True
            )
            return tombstoned()
        ordinal = asked.attempt
        attempt = wallet.attempts.get(ordinal or 0)
        if attempt is None or command.merchant not in {"", attempt.sale.merchant}:
            return declined(R.PAYMENT_NOT_FOUND)
        if attempt.state in {S.DECLINED, S.VOIDED, S.EXPIRED, S.REVERSED}:
            return nothing_to_reverse(wallet.told(ordinal or 0, seq))
        if not wallet.has_room(attempt.pot, attempt.refundable):
            return declined(R.EXCEEDS_BALANCE_LIMIT)
        wallet.release(attempt)
        wallet.give_back(attempt, attempt.refundable)
        attempt.state = S.REVERSED
        return reversed_(wallet.told(ordinal or 0, seq))
