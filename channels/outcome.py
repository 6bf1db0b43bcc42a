"""From a reply of the ledger to an HTTP answer: which status says what.

approved                       201 (200 for what follows)
declined authorisation         402 with the payment itself
any other decline              402 for funds, 404 for what is not there, else 409
not known                      202, or a 503 problem where nothing has an id yet
"""

from typing import TypeVar

from channels.problem import Problem
from ledger.decline import DeclineReason
from ledger.errors import Happened
from ledger.replies import DeclinedReply, RefusalKind, Reply
from services.asking import Refused, Unanswered

_NOT_FOUND = frozenset(
    {
        DeclineReason.ACCOUNT_NOT_FOUND,
        DeclineReason.PAYMENT_NOT_FOUND,
        DeclineReason.TRANSFER_NOT_FOUND,
    }
)
_FUNDS = frozenset({DeclineReason.INSUFFICIENT_FUNDS})
_UNPROCESSABLE = frozenset({DeclineReason.WRONG_CURRENCY, DeclineReason.SAME_ACCOUNT})


def declined(reply: DeclinedReply, field: str | None = None) -> Problem:
    """The problem that tells this decline."""
    reason = reply.reason
    return Problem(
        _status(reason),
        "declined",
        reason.text,
        field=field,
        extra={
            "reason": reason.value,
            "response_code": reason.response_code,
            "retriable": reason.retriable,
        },
    )


def _status(reason: DeclineReason) -> int:
    if reason in _NOT_FOUND:
        return 404
    if reason in _FUNDS:
        return 402
    if reason in _UNPROCESSABLE:
        return 422
    return 409


T = TypeVar("T")


def approved(reply: Reply, kind: type[T], field: str | None = None) -> T:
    """The reply, if it is of this kind. Raises the Problem of a decline."""
    if isinstance(reply, DeclinedReply):
        raise declined(reply, field)
    assert isinstance(reply, kind), f"{type(reply).__name__} does not answer this"
    return reply


def refused(error: Refused) -> Problem:
    """The machine said no before anything was judged."""
    match error.kind:
        case RefusalKind.KEY_REUSED:
            return Problem(
                422,
                "idempotency-key-reused",
                "This Idempotency-Key came with another request before. Use a new key.",
                field="Idempotency-Key",
            )
        case RefusalKind.KEY_EXPIRED:
            return Problem(
                422,
                "idempotency-key-expired",
                "This Idempotency-Key is older than 30 days; its answer is no longer kept.",
                field="Idempotency-Key",
            )
        case RefusalKind.QUARANTINED:
            return unavailable("The account is held for inspection.", Happened.NO)
        case RefusalKind.NOT_OWNED | RefusalKind.DEADLINE_PASSED | RefusalKind.STOPPED:
            return unavailable("The account cannot be reached just now.", Happened.NO)


def unanswered(error: Unanswered) -> Problem:
    return unavailable("The account did not answer in time.", error.happened)


def unavailable(detail: str, happened: Happened) -> Problem:
    """503: worth another try, with the same key."""
    return Problem(
        503, "unavailable", f"{detail} Try again with the same key.", happened=happened
    )
