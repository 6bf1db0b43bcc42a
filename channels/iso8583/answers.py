"""From the ledger's reply to the elements of an answer.

Everything is computed from the reply, and the reply from the entry: so the same message again
gets the same answer, to the letter.
"""

import hashlib

from channels.iso8583.reading import (
    APPROVED,
    DUPLICATE,
    MALFUNCTION,
    UNAVAILABLE,
    MessageRefused,
    ResponseCode,
)
from ledger.decline import DeclineReason
from ledger.ids import Ref, payment_text
from ledger.payment import PaymentState
from ledger.replies import (
    DeclinedReply,
    PaymentReply,
    RefusalKind,
    Reply,
    ReverseOutcome,
    ReverseReply,
)
from services.mint import base32
from services.terminal_totals import Totals
from terminals.iso8583 import profile
from terminals.iso8583.message import Message

Elements = dict[str, str]

# What the till finds its own message by, as it sent it.
_ECHOED = (
    profile.PROCESSING_CODE,
    profile.AMOUNT,
    profile.SENT_AT,
    profile.STAN,
    profile.LOCAL_TIME,
    profile.LOCAL_DATE,
    profile.TERMINAL,
    profile.MERCHANT,
    profile.CURRENCY,
    profile.SETTLEMENT_CURRENCY,
    profile.NETWORK_CODE,
)
_OF_THE_KEY = frozenset({RefusalKind.KEY_REUSED, RefusalKind.KEY_EXPIRED})


def answer_to(message: Message, elements: Elements) -> Message:
    """0200 and 0201 are answered by 0210, 0220 and 0221 by 0230."""
    function = int(message.mti[2]) + 1
    echoed = {name: message.elements[name] for name in _ECHOED if name in message.elements}
    return Message(f"{message.mti[:2]}{function}0", echoed | elements)


def of_refusal(refused: MessageRefused) -> Elements:
    return {profile.RESPONSE: refused.code, profile.REASON: refused.reason}


def of_reply(reply: Reply) -> Elements:
    match reply:
        case PaymentReply() if reply.state is PaymentState.DECLINED:
            assert reply.decline is not None, "a declined payment says why"
            return _of_payment(reply.ref) | _declined(reply.decline)
        case PaymentReply():
            return _of_payment(reply.ref) | {profile.RESPONSE: APPROVED}
        case ReverseReply(payment=payment):
            known = _of_payment(payment.ref) if payment else {}
            return known | {
                profile.RESPONSE: APPROVED,
                profile.REASON: _outcome(reply).value,
            }
        case DeclinedReply():
            return _declined(reply.reason)
        case _:
            raise AssertionError(f"{type(reply).__name__} does not answer a message")


def of_machine(kind: RefusalKind) -> MessageRefused:
    """The machine refused before anything was judged; nothing happened."""
    if kind in _OF_THE_KEY:
        return MessageRefused(DUPLICATE, kind.value)
    if kind is RefusalKind.QUARANTINED:
        return MessageRefused(MALFUNCTION, kind.value)
    return MessageRefused(UNAVAILABLE, kind.value)


def of_totals(totals: Totals, code: ResponseCode) -> Elements:
    """Elements 74 to 77, 86 to 89 and 97: credits are what goes back to wallets."""
    side = "C" if totals.net_minor >= 0 else "D"
    return {
        profile.RESPONSE: code,
        profile.SETTLEMENT_CODE: "1" if code == APPROVED else "2",
        "74": f"{totals.refunds:010d}",
        "75": f"{0:010d}",
        "76": f"{totals.sales:010d}",
        "77": f"{totals.reversals:010d}",
        "86": f"{totals.refunds_minor:016d}",
        "87": f"{0:016d}",
        "88": f"{totals.sales_minor:016d}",
        "89": f"{totals.reversals_minor:016d}",
        "97": f"{side}{abs(totals.net_minor):016d}",
    }


def totals_of(message: Message) -> Totals:
    """What the till claims. What it leaves out is zero."""

    def figure(element: str) -> int:
        return int(message.get(element) or "0")

    return Totals(
        figure("76"), figure("88"), figure("74"), figure("86"), figure("77"), figure("89")
    )


def _of_payment(ref: Ref) -> Elements:
    """Element 63 is the payment; 37 and 38 are what short papers show of it."""
    text = payment_text(ref)
    digest = hashlib.sha256(text.encode()).digest()
    return {
        profile.REFERENCE: base32(digest[:10]).upper()[:12],
        profile.APPROVAL: base32(digest[10:15]).upper()[:6],
        profile.PAYMENT: text,
    }


def _outcome(reply: ReverseReply) -> ReverseOutcome:
    """A reversal whose answer was lost comes again, under another number too: the payment is
    reversed, and that is what the till must know, or its totals are not ours.
    """
    if reply.payment and reply.payment.state is PaymentState.REVERSED:
        return ReverseOutcome.REVERSED
    return reply.outcome


def _declined(reason: DeclineReason) -> Elements:
    return {profile.RESPONSE: reason.response_code, profile.REASON: reason.value}
