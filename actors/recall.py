"""Was this asked before? Looked up before anything else is judged.

A retry gets its first answer even when the code has expired since, or the account is frozen.
"""

from actors.draft import Draft
from ledger.account import BARRED, Account
from ledger.answer import answer
from ledger.clock import DAY_MS
from ledger.commands import Authorise, Envelope, Reverse
from ledger.decline import DeclineReason
from ledger.entry import Cause, Entry
from ledger.events import AnswerRepeated, PaymentDeclined
from ledger.replies import DeclinedReply, Refusal, RefusalKind, Reply

# How long the answer to an idempotency key is kept. A key older than that is refused, never
# run again: the account remembers every key it has seen.
KEY_RETENTION_MS = 30 * DAY_MS


def recall(draft: Draft, account: Account, envelope: Envelope, at_ms: int) -> Reply | None:
    """The answer that this key, or this code for this order, got before; None if it is new."""
    command = envelope.command
    use = account.keys.get(envelope.key)
    if use is None:
        if isinstance(command, Authorise) and command.code:
            return _recall_code(draft, account, envelope, at_ms)
        return None
    if use.ordinal == BARRED:
        return _bar(draft, account, envelope, at_ms)
    entry = draft.entry(use.seq)
    if entry.request != envelope.request:
        return Refusal(RefusalKind.KEY_REUSED)
    if at_ms - entry.at_ms > KEY_RETENTION_MS:
        return Refusal(RefusalKind.KEY_EXPIRED)
    return _repeat(draft, account, entry, reverse=isinstance(command, Reverse))


def cause_of(envelope: Envelope) -> Cause:
    return Cause(envelope.key, envelope.request, envelope.caller)


def _repeat(draft: Draft, account: Account, entry: Entry, *, reverse: bool) -> Reply:
    if isinstance(entry.event, AnswerRepeated):
        entry = draft.entry(entry.event.seq)
    return answer(account, entry, reverse=reverse, replayed=True)


def _recall_code(
    draft: Draft, account: Account, envelope: Envelope, at_ms: int
) -> Reply | None:
    """First scan binds a code to merchant, order and amount: the same again is the same payment.

    The new key is written down with it: asked again after the code is forgotten, it must still
    get this answer.
    """
    command = envelope.command
    assert isinstance(command, Authorise)
    assert command.code is not None
    bound = account.codes.get(command.code.code_id)
    if bound is None:
        return None
    legs = {command.amount.commodity: command.amount.amount_minor}
    wanted = (command.sale.merchant, command.sale.order, legs)
    if (bound.merchant, bound.order, bound.legs) != wanted:
        return None  # decide() declines it as used
    entry = draft.entry(bound.seq)
    event = AnswerRepeated(getattr(entry.event, "ordinal", 0), bound.seq)
    draft.write(account.id, event, at_ms, cause_of(envelope))
    return answer(account, entry, reverse=False, replayed=True)


def _bar(draft: Draft, account: Account, envelope: Envelope, at_ms: int) -> Reply:
    """The reversal of this key came before the request itself: it must not pay any more."""
    command = envelope.command
    if not isinstance(command, Authorise):
        return DeclinedReply(DeclineReason.REVERSED_BEFORE_ARRIVAL)
    legs = {command.amount.commodity: command.amount.amount_minor}
    reason = DeclineReason.REVERSED_BEFORE_ARRIVAL
    event = PaymentDeclined(account.next_ordinal, reason, legs, command.sale)
    entry = draft.write(account.id, event, at_ms, cause_of(envelope))
    return answer(account, entry, reverse=False)


def find(account: Account, original: bytes, merchant: str) -> int | DeclineReason:
    """The payment that was asked for under this key, or why there is none to show."""
    use = account.keys.get(original)
    if use is None:
        return DeclineReason.PAYMENT_NOT_FOUND
    if use.ordinal == BARRED:
        return DeclineReason.REVERSED_BEFORE_ARRIVAL
    payment = account.payments.get(use.ordinal) if use.attempt else None
    if payment is None or merchant not in {"", payment.sale.merchant}:
        return DeclineReason.PAYMENT_NOT_FOUND
    return use.ordinal
