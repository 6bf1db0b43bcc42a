"""What the gateway's answer means to a till: a payment, a refusal, or nothing at all.

An answer counts only if it is the gateway's own and whole. At an airport the network itself
answers too (a sign-in page with status 200, a proxy's 502), so whatever is not the JSON of
our API is *no answer*: the till goes on asking, and in the end reverses.

    Payment      the payment resource, approved, declined or undone
    Reversal     the reversal was done
    Refused      judged, and nothing happened
    Unanswered   not known; `happened` is NO only if the gateway, or the road, proves it
"""

from enum import StrEnum
from typing import Literal, Protocol, TypeVar

import msgspec

from ledger.errors import Happened
from ledger.money import Money

_DONE = frozenset({200, 201})
_DECLINED = 402
_ACCEPTED = 202  # under way; the end is not known yet
# Of requests that may be sent again as they are (RFC 9110, 8470, 6585).
_AGAIN = frozenset({408, 425, 429})
# The key of this till does not open the door; nothing was judged about the payment.
_KEY_REFUSED = frozenset({401, 403})


class Answer(msgspec.Struct, frozen=True):
    """What came over the wire, whole. replayed: the header Idempotent-Replayed."""

    status: int
    body: bytes
    replayed: bool = False


class NoAnswer(Exception):
    """Nothing came back in time. happened: NO if the request cannot have left."""

    def __init__(self, happened: Happened) -> None:
        super().__init__(f"no answer; done: {happened}")
        self.happened = happened


class Gateway(Protocol):
    """The HTTP door, as tills need it."""

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        """key: the Idempotency-Key. Raises NoAnswer."""
        ...

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        """Raises NoAnswer."""
        ...


class Amount(msgspec.Struct, frozen=True):
    amount_minor: int
    currency: str


class Decline(msgspec.Struct, frozen=True):
    reason: str
    response_code: str
    retriable: bool
    text: str


class Standing(StrEnum):
    """How a payment stands, for the people at the counter."""

    PAID = "paid"
    DECLINED = "declined"
    UNDONE = "undone"  # the merchant has nothing of it
    OPEN = "open"  # held; a till takes at once, so this is not an answer to it


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """The payment resource, with what a receipt shows of it."""

    id: str
    status: Literal[
        "authorised",
        "partially_captured",
        "captured",
        "voided",
        "expired",
        "reversed",
        "declined",
    ]
    amount: Amount
    captured_minor: int
    refunded_minor: int
    merchant: str
    merchant_name: str | None
    order: str | None
    place: str
    terminal: str
    at: str
    decline: Decline | None

    @property
    def standing(self) -> Standing:
        match self.status:
            case "captured" if self.refunded_minor < self.captured_minor:
                return Standing.PAID
            case "declined":
                return Standing.DECLINED
            case "authorised" | "partially_captured":
                return Standing.OPEN
            case "captured" | "voided" | "expired" | "reversed":
                return Standing.UNDONE

    def is_of(self, amount: Money, order: str) -> bool:
        """An approval of anything else is no approval. Old orders may have lost their text."""
        of = Money(self.amount.amount_minor, self.amount.currency)
        return of == amount and self.order in {None, order}


class Reversal(msgspec.Struct, frozen=True):
    outcome: Literal["reversed", "nothing_to_reverse", "tombstoned"]
    payment: Payment | None


class Refused(msgspec.Struct, frozen=True):
    """detail: the gateway's sentence. reason: why the account declined, empty if it was not
    asked. problem: the last part of the problem's type.
    """

    status: int
    detail: str
    reason: str = ""
    problem: str = ""

    @property
    def key_refused(self) -> bool:
        return self.status in _KEY_REFUSED


class Unanswered(msgspec.Struct, frozen=True):
    """refusal: what the last try was told, which says nothing about the tries before it.
    in_progress: the gateway has the request, and will know.
    """

    happened: Happened = Happened.UNKNOWN
    refusal: Refused | None = None
    in_progress: bool = False


class Me(msgspec.Struct, frozen=True):
    """Whose key the till has."""

    principal: str
    kind: str
    merchant_name: str | None
    scopes: frozenset[str]


class _Problem(msgspec.Struct, frozen=True, rename={"kind": "type"}):
    """Of RFC 9457 and of the 202, what a till reads."""

    detail: str
    happened: Happened
    reason: str = ""
    kind: str = ""


T = TypeVar("T")


def read_payment(answer: Answer) -> Payment | Refused | Unanswered:
    if answer.status not in _DONE | {_DECLINED}:
        return read_refusal(answer)
    payment = _decoded(answer.body, Payment)
    if payment is None:
        return read_refusal(answer)
    if answer.status == _DECLINED and payment.standing is not Standing.DECLINED:
        return Unanswered()
    return payment


def read_reversal(answer: Answer) -> Reversal | Refused | Unanswered:
    reversal = _decoded(answer.body, Reversal) if answer.status in _DONE else None
    return reversal or read_refusal(answer)


def read_as(answer: Answer, kind: type[T]) -> T | Refused | Unanswered:
    """Anything else that the gateway answers."""
    found = _decoded(answer.body, kind) if answer.status in _DONE else None
    return found or read_refusal(answer)


def read_refusal(answer: Answer) -> Refused | Unanswered:
    tells = answer.status >= 400 or answer.status == _ACCEPTED
    problem = _decoded(answer.body, _Problem) if tells else None
    if problem is None:
        return Unanswered()
    name = problem.kind.rpartition("/")[2]
    judged = 400 <= answer.status < 500 and answer.status not in _AGAIN
    if judged and problem.happened is Happened.NO:
        return Refused(answer.status, problem.detail, problem.reason, name)
    return Unanswered(problem.happened, in_progress=name == "in-progress")


def _decoded(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
