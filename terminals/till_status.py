"""What the gateway knows of an attempt: processed, in progress and not found are told apart.

PROCESSED     it has an end, and here is the payment
IN_PROGRESS   the gateway has it and cannot say yet
NOT_FOUND     the gateway does not know it; never proof that it will not arrive
BARRED        it was reversed before it arrived, so it never will be
NO_ANSWER     nobody said anything
NEVER_ASKED   this till has no such number
"""

from enum import StrEnum

import msgspec

from terminals.gateway_answer import Payment, Refused, Unanswered
from terminals.till_calls import PaymentVerdict


class Found(StrEnum):
    PROCESSED = "processed"
    IN_PROGRESS = "in progress"
    NOT_FOUND = "not found"
    BARRED = "barred"
    REFUSED = "refused"
    NO_ANSWER = "no answer"
    NEVER_ASKED = "never asked"


class Status(msgspec.Struct, frozen=True):
    """text: the gateway's sentence, if it said one."""

    found: Found
    payment: Payment | None = None
    text: str = ""


def status_of(verdict: PaymentVerdict) -> Status:
    match verdict:
        case Payment() as payment:
            return Status(Found.PROCESSED, payment)
        case Refused(status=404) as refusal:
            return Status(Found.NOT_FOUND, text=refusal.detail)
        case Refused(reason="reversed_before_arrival") as refusal:
            return Status(Found.BARRED, text=refusal.detail)
        case Refused() as refusal:
            return Status(Found.REFUSED, text=refusal.detail)
        case Unanswered(in_progress=True):
            return Status(Found.IN_PROGRESS)
        case Unanswered():
            return Status(Found.NO_ANSWER)
