"""The calls of a till: an attempt in, a verdict out. What is asked stands here, not when.

Every call of one attempt carries the attempt's key or names it, so asking again is safe.
"""

from ledger.errors import Happened
from ledger.money import Money
from terminals.attempt import Attempt, FollowUp, Outcome, Sale
from terminals.emv_cpm import PAYLOAD_PREFIX
from terminals.gateway_answer import (
    Answer,
    Gateway,
    NoAnswer,
    Payment,
    Refused,
    Reversal,
    Standing,
    Unanswered,
    read_payment,
    read_reversal,
)

PaymentVerdict = Payment | Refused | Unanswered
ReversalVerdict = Reversal | Refused | Unanswered


class Calls:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def ask(self, attempt: Attempt, timeout_ms: int) -> PaymentVerdict:
        """What the attempt is for."""
        match attempt.request:
            case Sale() as sale:
                return await self._pay(attempt.key, sale, timeout_ms)
            case FollowUp() as request:
                path = f"/v1/payments/{request.payment}/{request.move}"
                body = {} if request.amount is None else {"amount": _json(request.amount)}
                answer = await self._post(path, body, attempt.key, timeout_ms)
                return answer if isinstance(answer, Unanswered) else read_payment(answer)

    async def _pay(self, key: str, sale: Sale, timeout_ms: int) -> PaymentVerdict:
        body = {
            "amount": _json(sale.amount),
            "payer": _payer(sale.code),
            "order": sale.order,
            "capture": "automatic",
            "place": sale.place,
            "terminal": sale.terminal,
        }
        answer = await self._post("/v1/payments", body, key, timeout_ms)
        if isinstance(answer, Unanswered):
            return answer
        verdict = _answer_to(sale, read_payment(answer))
        if answer.replayed and isinstance(verdict, Payment):
            # It was approved once; whether that still stands, a look-up must say.
            stale = verdict.standing is Standing.PAID
            return Unanswered(Happened.YES) if stale else verdict
        return verdict

    async def find(self, attempt: Attempt, timeout_ms: int) -> PaymentVerdict:
        """The payment of this attempt as it stands now: by its id where it is known."""
        known = attempt.result.payment if attempt.result else None
        match attempt.request:
            case FollowUp(payment=payment):
                return await self.read(payment, timeout_ms)
            case Sale() as sale if known is None and sale.code:
                return await self.look_up(attempt, sale, timeout_ms)
            case Sale() if attempt.result and attempt.result.outcome is Outcome.UNKNOWN:
                return Refused(409, attempt.result.text)  # a person's to settle
            case Sale() if known is None:
                return Refused(404, "This attempt has ended without a payment.")
            case Sale():
                return await self.read(known.id, timeout_ms)

    async def read(self, payment: str, timeout_ms: int) -> PaymentVerdict:
        """As it stands now."""
        try:
            answer = await self._gateway.get(
                f"/v1/payments/{payment}", timeout_ms=timeout_ms
            )
        except NoAnswer as error:
            return Unanswered(error.happened)
        return read_payment(answer)

    async def look_up(
        self, attempt: Attempt, sale: Sale, timeout_ms: int
    ) -> PaymentVerdict:
        """The payment as it stands now. *Not found* is a Refused, and never proof."""
        body = {"key": attempt.key, "payer": _payer(sale.code)}
        answer = await self._post("/v1/payments/lookup", body, "", timeout_ms)
        if isinstance(answer, Unanswered):
            return answer
        return _answer_to(sale, read_payment(answer))

    async def reverse(
        self, attempt: Attempt, sale: Sale, timeout_ms: int
    ) -> ReversalVerdict:
        body = {"key": attempt.key, "payer": _payer(sale.code)}
        key = f"{attempt.key}.reverse"
        answer = await self._post("/v1/payments/reverse", body, key, timeout_ms)
        return answer if isinstance(answer, Unanswered) else read_reversal(answer)

    async def _post(
        self, path: str, body: object, key: str, timeout_ms: int
    ) -> Answer | Unanswered:
        try:
            return await self._gateway.post(path, body, key=key, timeout_ms=timeout_ms)
        except NoAnswer as error:
            return Unanswered(error.happened)


def _answer_to(sale: Sale, verdict: PaymentVerdict) -> PaymentVerdict:
    """An approval of another amount or order, or a mere hold, is no answer to this sale."""
    if not isinstance(verdict, Payment):
        return verdict
    fits = verdict.is_of(sale.amount, sale.order) and verdict.standing is not Standing.OPEN
    return verdict if fits else Unanswered()


def _payer(shown: str) -> dict[str, str]:
    """A payment code; or a tap of a card, or a gift card's number."""
    return {"code" if shown.startswith(PAYLOAD_PREFIX) else "card": shown}


def _json(amount: Money) -> dict[str, object]:
    return {"amount_minor": amount.amount_minor, "currency": amount.commodity}
