"""Payments: authorise, and all that may follow an authorisation."""

from collections import Counter

import msgspec
from msgspec import UNSET, UnsetType

from channels.access import (
    account_id,
    is_operator,
    merchant_of,
    merchant_scope,
)
from channels.outcome import approved
from channels.payers import Payers
from channels.problem import Problem, bad_field, forbidden, not_found
from channels.route import Answer, Call, Document, NoBody, Route, scopes
from channels.views import Views
from channels.wire import (
    Amount,
    AttemptBody,
    CaptureBody,
    IncreaseBody,
    PayerBody,
    PaymentBody,
    PaymentView,
    RefundBody,
    ReverseView,
    UnknownView,
)
from ledger.clock import SECOND_MS
from ledger.commands import (
    Capture,
    CaptureMode,
    Increase,
    LookUp,
    ReadPayment,
    Refund,
    Reverse,
    Void,
)
from ledger.errors import Happened
from ledger.ids import MalformedId, Ref, account_text, parse_payment, payment_text
from ledger.keys import key_digest
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import PaymentReply, Reply, ReverseReply
from services.asking import Accounts, Unanswered
from services.limits import Limit
from services.payments import Payer, PaymentRequest, Payments
from services.principals import Principal, PrincipalKind
from terminals.receipt import receipt_text

AUTHORISED = {201: PaymentView, 202: UnknownView, 402: PaymentView}
FOLLOWED = {200: PaymentView}


class PaymentsApi:
    def __init__(
        self, accounts: Accounts, payments: Payments, views: Views, *, failed_codes: Limit
    ) -> None:
        self._payers = Payers(payments, failed_codes)
        self._accounts = accounts
        self._payments = payments
        self._views = views
        # By this process, just now: how often each key is being worked at.
        self._under_way: Counter[bytes] = Counter()

    def routes(self) -> list[Route]:
        taker = scopes("payments")
        one = "/v1/payments/{id}"
        return [
            Route(
                method="POST", path="/v1/payments", handler=self.authorise, scopes=taker,
                summary="Authorise, or purchase when capture is automatic",
                body=PaymentBody, keyed=True, answers=AUTHORISED, problems=(404,),
            ),
            Route(
                method="POST", path="/v1/payments/lookup", handler=self.look_up, scopes=taker,
                summary="Find an attempt by its original key", body=AttemptBody,
                answers=FOLLOWED, problems=(404, 409, 422),
            ),
            Route(
                method="POST", path="/v1/payments/reverse", handler=self.reverse, scopes=taker,
                summary="Undo an attempt, or bar it from ever happening", body=AttemptBody,
                keyed=True, answers={200: ReverseView}, problems=(404,),
            ),
            Route(
                method="GET", path=one, handler=self.read, scopes=scopes("read", "own"),
                summary="A payment as it stands", answers=FOLLOWED, problems=(400,),
            ),
            Route(
                method="GET", path=f"{one}/receipt", handler=self.receipt,
                scopes=scopes("read", "own"), answers={200: Document}, gives="text/plain",
                summary="Its receipt, as a till prints it", problems=(400,),
            ),
            Route(
                method="POST", path=f"{one}/increase", handler=self.increase, scopes=taker,
                summary="Hold more", body=IncreaseBody, keyed=True, answers=FOLLOWED,
                problems=(402, 409),
            ),
            Route(
                method="POST", path=f"{one}/capture", handler=self.capture, scopes=taker,
                summary="Take all or a part of the hold", body=CaptureBody, keyed=True,
                answers=FOLLOWED, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/void", handler=self.void, scopes=taker,
                summary="Release what is not captured", body=NoBody, keyed=True,
                answers=FOLLOWED, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/refund", handler=self.refund,
                scopes=scopes("refunds"), summary="Give back all or a part of what was taken",
                body=RefundBody, keyed=True, answers=FOLLOWED, problems=(409,),
            ),
        ]  # fmt: skip

    async def authorise(self, call: Call) -> Answer:
        body: PaymentBody = call.body
        caller = call.caller
        if body.payer.account is UNSET:
            self._payers.require_left(caller)
        request = PaymentRequest(
            payer=await self._payer(caller, body.payer),
            amount=_money(body.amount),
            merchant=await self._merchant(caller, body.merchant or None),
            order=body.order,
            channel=caller.channel,
            place=body.place,
            terminal=body.terminal,
            capture=CaptureMode(body.capture),
            hold_ms=body.expires_in_s * SECOND_MS,
        )
        self._under_way[call.cause.key] += 1
        try:
            reply = await self._payments.authorise(request, call.cause)
        except Unanswered as error:
            if error.happened is not Happened.UNKNOWN:
                raise
            return Answer(202, _unknown(call.key))
        finally:
            self._under_way[call.cause.key] -= 1
            if not self._under_way[call.cause.key]:
                del self._under_way[call.cause.key]
        payment = approved(reply, PaymentReply, "$.payer")
        if not payment.replayed:
            self._payers.note(caller, payment.decline)
        view = await self._view(caller, payment, order=body.order)
        declined = payment.state is PaymentState.DECLINED
        return Answer(402 if declined else 201, view, payment.replayed)

    async def _merchant(self, caller: Principal, wanted: str | None) -> str:
        """Who is paid. A merchant's own exists; what an operator names may not."""
        merchant = merchant_of(caller, wanted)
        if is_operator(caller) and not await self._views.knows_merchant(merchant):
            raise not_found("merchant", merchant, "$.merchant")
        return merchant

    async def look_up(self, call: Call) -> Answer:
        body: AttemptBody = call.body
        payer = await self._payer(call.caller, body.payer)
        original = key_digest(call.caller.id, body.key)
        command = LookUp(
            account=payer.account,
            original=original,
            merchant=merchant_scope(call.caller),
        )
        if original in self._under_way:
            raise Problem(
                409,
                "in-progress",
                "This attempt is being worked at just now: look again in a moment.",
                field="$.key",
                happened=Happened.UNKNOWN,
            )
        reply = approved(
            await self._accounts.read(command, call.caller.id), PaymentReply, "$.key"
        )
        return Answer(200, await self._view(call.caller, reply))

    async def reverse(self, call: Call) -> Answer:
        body: AttemptBody = call.body
        payer = await self._payer(call.caller, body.payer)
        command = Reverse(
            account=payer.account,
            original=key_digest(call.caller.id, body.key),
            merchant=merchant_scope(call.caller),
        )
        reply = await self._accounts.change(command, call.cause)
        reversed_ = approved(reply, ReverseReply, "$.key")
        view = await self._views.reverse(reversed_, show_account=is_operator(call.caller))
        return Answer(200, view, reversed_.replayed)

    async def read(self, call: Call) -> Answer:
        ref = _payment(call)
        caller = call.caller
        command = ReadPayment(
            account=ref.account, ordinal=ref.ordinal, merchant=_readable(caller, ref)
        )
        reply = approved(
            await self._accounts.read(command, call.caller.id), PaymentReply, "id"
        )
        return Answer(200, await self._view(caller, reply))

    async def receipt(self, call: Call) -> Answer:
        """To print, or to keep. It proves nothing by itself (docs/evidence.md says what does)."""
        view = (await self.read(call)).body
        text = receipt_text(msgspec.to_builtins(view)) + "\n"
        return Answer(200, Document(text.encode(), "text/plain"))

    async def increase(self, call: Call) -> Answer:
        ref, merchant = _payment(call), merchant_scope(call.caller)
        amount = _money(call.body.amount)
        command = Increase(
            account=ref.account, ordinal=ref.ordinal, merchant=merchant, amount=amount
        )
        reply = await self._payments.increase(command, call.caller.channel, call.cause)
        return await self._followed(call, reply)

    async def capture(self, call: Call) -> Answer:
        ref, body = _payment(call), call.body
        return await self._follow(
            call,
            Capture(
                account=ref.account,
                ordinal=ref.ordinal,
                merchant=merchant_scope(call.caller),
                amount=_money_or_all(body.amount),
                final=body.final,
            ),
        )

    async def void(self, call: Call) -> Answer:
        ref, merchant = _payment(call), merchant_scope(call.caller)
        command = Void(account=ref.account, ordinal=ref.ordinal, merchant=merchant)
        return await self._follow(call, command)

    async def refund(self, call: Call) -> Answer:
        ref, merchant = _payment(call), merchant_scope(call.caller)
        return await self._follow(
            call,
            Refund(
                account=ref.account,
                ordinal=ref.ordinal,
                merchant=merchant,
                amount=_money_or_all(call.body.amount),
            ),
        )

    async def _follow(self, call: Call, command: Capture | Void | Refund) -> Answer:
        return await self._followed(call, await self._accounts.change(command, call.cause))

    async def _followed(self, call: Call, reply: Reply) -> Answer:
        payment = approved(reply, PaymentReply, "id")
        return Answer(200, await self._view(call.caller, payment), payment.replayed)

    async def _view(
        self, caller: Principal, reply: PaymentReply, order: str | None = None
    ) -> PaymentView:
        may_see = is_operator(caller) or caller.account == account_text(reply.ref.account)
        return await self._views.payment(reply, order=order, show_account=may_see)

    async def _payer(self, caller: Principal, payer: PayerBody) -> Payer:
        """Who pays, named in exactly one way. Naming an account needs more trust."""
        if [payer.code, payer.card, payer.account].count(UNSET) != 2:
            raise bad_field(
                "$.payer", "Name the payer by exactly one of `code`, `card` and `account`."
            )
        if payer.account is UNSET:
            return await self._payers.scanned(caller, payer.code, payer.card)
        assert isinstance(payer.account, str), "one of the three is set"
        if not is_operator(caller):
            raise forbidden(
                "Only operators name the payer's account; scan the payer's code.",
                "$.payer.account",
            )
        return Payer(account_id(payer.account, "$.payer.account"))


def _unknown(key: str) -> UnknownView:
    return UnknownView(
        status="unknown",
        happened="unknown",
        key=key,
        status_url="/v1/payments/lookup",
        detail=(
            "It is not known whether this was paid. Ask again with the same key,"
            " look it up by its key, or reverse it."
        ),
    )


def _payment(call: Call) -> Ref:
    try:
        return parse_payment(call.path["id"])
    except MalformedId as error:
        raise bad_field("id", f"{error}.") from None


def _readable(caller: Principal, ref: Ref) -> str:
    """The merchant that a reader is limited to; a customer reads its own payments."""
    if caller.kind is not PrincipalKind.CUSTOMER:
        return merchant_scope(caller)
    if caller.account != account_text(ref.account):
        raise not_found("payment", payment_text(ref))
    return ""


def _money(amount: Amount) -> Money:
    return Money(amount.amount_minor, amount.currency)


def _money_or_all(amount: Amount | UnsetType) -> Money | None:
    return None if amount is UNSET else _money(amount)
