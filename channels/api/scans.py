"""Merchants' codes: a counter or a seat back shows one, a phone scans it and pays.

A dynamic code is bound to an order, and paying it is paying the order: the same one service, the
same one payment, however often and from wherever it is tapped. A static code is the same for
everyone: the customer types the amount, and confirms it by sending it.

What a wallet shows comes from here, not from the code: the merchant's name and the order's amount
are the gateway's own. A code that says otherwise was made by somebody else, and is refused.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable

from msgspec import UNSET

from channels.access import merchant_scope
from channels.api.scan_wire import (
    MerchantCodeBody,
    MerchantCodeView,
    ScanBody,
    ScanPayBody,
    ScanView,
)
from channels.api.ways_to_pay import Ways
from channels.outcome import approved
from channels.problem import Problem, bad_field, not_found
from channels.route import Answer, Call, Route, scopes
from channels.views import Views
from channels.wire import Amount, AmountView, PaymentView, UnknownView
from ledger.errors import Happened
from ledger.ids import parse_account
from ledger.money import Money, UnknownCommodity
from ledger.payment import PaymentState
from ledger.replies import PaymentReply
from services.asking import Unanswered
from services.merchants import Merchant, get_merchant
from services.mint import base32
from services.orders import Order, UnknownOrder, get_order
from services.payments import Payer, PaymentRequest, Payments
from services.principals import Principal
from services.store import Store
from terminals.merchant_code import (
    MerchantCode,
    MerchantCodeUnreadable,
    Shop,
    read_code,
    write_code,
)
from terminals.qr_image import draw_png, draw_svg

PayOrder = Callable[[Principal, str, str | None], Awaitable[Answer]]

# As a merchant sends it, whatever host stands before it (channels/views.py).
_ORDER_LINK = re.compile(r"(?:^|/pay#)(ord_[a-z2-7]{24})$")

# What a statement calls a purchase by static code: enough of the key to tell two apart.
REFERENCE_BYTES = 5


class ScansApi:
    """pay_order: pays an order from the caller's own account (channels/api/orders.py)."""

    def __init__(
        self,
        payments: Payments,
        store: Store,
        views: Views,
        ways: Ways,
        pay_order: PayOrder,
    ) -> None:
        self._ways = ways
        self._payments = payments
        self._store = store
        self._views = views
        self._pay_order = pay_order

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST", path="/v1/merchant-codes", handler=self.make,
                scopes=scopes("orders"), summary="A code for customers to scan",
                body=MerchantCodeBody, answers={201: MerchantCodeView}, problems=(404, 422),
            ),
            Route(
                method="POST", path="/v1/scans", handler=self.read, scopes=scopes("own"),
                summary="What a scanned merchant's code asks for", body=ScanBody,
                answers={200: ScanView}, problems=(404, 422),
            ),
            Route(
                method="POST", path="/v1/scans/pay", handler=self.pay, scopes=scopes("own"),
                summary="Pay what was scanned from the caller's own account",
                body=ScanPayBody, keyed=True, problems=(404, 409),
                answers={201: PaymentView, 202: UnknownView, 402: PaymentView},
            ),
        ]  # fmt: skip

    async def make(self, call: Call) -> Answer:
        body: MerchantCodeBody = call.body
        if (body.order is UNSET) == (body.currency is UNSET):
            raise bad_field("$", "Give exactly one of `order` and `currency`.")
        own = merchant_scope(call.caller)
        order = await self._order(body.order, "$.order") if body.order else None
        if order and order.merchant != own:
            raise not_found("order", order.id, "$.order")
        merchant = await asyncio.to_thread(get_merchant, self._store, own)
        view = await asyncio.to_thread(drawn_code, merchant, body, order)
        return Answer(201, view)

    async def read(self, call: Call) -> Answer:
        code, order = await self._understood(call.body.code)
        amount = order.amount if order else code.amount
        return Answer(
            200,
            ScanView(
                kind="dynamic" if order else "static",
                merchant=code.merchant,
                merchant_name=self._views.merchant_name(code.merchant),
                amount=_view(amount) if amount else None,
                currency=code.currency,
                place=code.place,
                order=await self._views.order(order) if order else None,
            ),
        )

    async def pay(self, call: Call) -> Answer:
        body: ScanPayBody = call.body
        code, order = await self._understood(body.code)
        asked = order.amount if order else code.amount
        amount = _confirmed(body.amount or None, asked, code.currency)
        if order:
            return await self._pay_order(call.caller, order.id, body.way or None)
        return await self._pay_static(call, code, amount)

    async def _pay_static(self, call: Call, code: MerchantCode, amount: Money) -> Answer:
        account = call.caller.account
        assert account is not None, "a customer has an account"
        payer, way = parse_account(account), call.body.way or None
        try:
            await self._ways.require(account, amount.commodity, way)
        except Problem:
            # A retry asks what became of the tap, whatever is the default by now.
            if not await self._payments.was_tried(payer, call.cause):
                raise
        request = PaymentRequest(
            payer=Payer(payer),
            amount=amount,
            merchant=code.merchant,
            order=f"scan-{base32(call.cause.key[:REFERENCE_BYTES])}",
            channel=call.caller.channel,
            place=code.place,
        )
        try:
            reply = await self._payments.authorise(request, call.cause)
        except Unanswered as error:
            if error.happened is not Happened.UNKNOWN:
                raise
            return Answer(202, _unknown(call.key))
        payment = approved(reply, PaymentReply)
        view = await self._views.payment(payment, order=request.order, show_account=True)
        status = 402 if payment.state is PaymentState.DECLINED else 201
        return Answer(status, view, payment.replayed)

    async def _understood(self, text: str) -> tuple[MerchantCode, Order | None]:
        """The code, and the order it is bound to: both known here, and in agreement."""
        link = _ORDER_LINK.search(text)
        if link:
            return await self._linked(link[1])
        try:
            code = read_code(text)
        except MerchantCodeUnreadable as error:
            raise _unreadable(f"{error}.") from None
        if not await self._views.knows_merchant(code.merchant):
            raise not_found("merchant", code.merchant, "$.code")
        if code.order is None:
            return code, None
        order = await self._order(code.order, "$.code")
        if order.merchant != code.merchant or order.amount != code.amount:
            raise _unreadable("this code does not say what its order says.")
        return code, order

    async def _linked(self, text: str) -> tuple[MerchantCode, Order]:
        """A link that was drawn as a code. Only the order's id is taken of it, so it does not
        matter whose page it leads to: what is shown and paid is the order as it stands here.
        """
        order = await self._order(text, "$.code")
        await self._views.knows_merchant(order.merchant)
        code = MerchantCode(
            merchant=order.merchant,
            currency=order.amount.commodity,
            order=order.id,
            amount=order.amount,
        )
        return code, order

    async def _order(self, text: str, field: str) -> Order:
        try:
            return await asyncio.to_thread(get_order, self._store, text)
        except UnknownOrder:
            raise not_found("order", text, field) from None


def drawn_code(
    merchant: Merchant, body: MerchantCodeBody, order: Order | None
) -> MerchantCodeView:
    """In a thread: drawing takes milliseconds of processor time. Raises Problem 422."""
    currency = order.amount.commodity if order else str(body.currency)
    shop = Shop(
        merchant=merchant.id,
        name=merchant.name,
        mcc=merchant.mcc,
        city=merchant.city,
        country=merchant.country,
        language=body.language,
    )
    try:
        payload = write_code(
            shop,
            currency=currency,
            place=body.place,
            order=order.id if order else "",
            amount=order.amount if order else None,
        )
    except UnknownCommodity:
        field = "$.order" if order else "$.currency"
        detail = f"{currency} has no ISO 4217 number, so no code can ask for it."
        raise Problem(422, "no-such-code", detail, field=field) from None
    png = base64.b64encode(draw_png(payload)).decode()
    return MerchantCodeView(
        kind="dynamic" if order else "static",
        payload=payload,
        merchant=merchant.id,
        merchant_name=merchant.name,
        amount=_view(order.amount) if order else None,
        currency=currency,
        order=order.id if order else None,
        place=body.place,
        png=f"data:image/png;base64,{png}",
        svg=draw_svg(payload),
    )


def _confirmed(given: Amount | None, asked: Money | None, currency: str) -> Money:
    """What the customer agreed to pay. Raises Problem 400 unless the code agrees."""
    if given is None:
        if asked is None:
            detail = "This code has no amount: send the one that its owner confirmed."
            raise bad_field("$.amount", detail)
        return asked
    amount = Money(given.amount_minor, given.currency)
    if given.currency != currency:
        raise bad_field("$.amount.currency", f"This code is paid in {currency}.")
    if asked is not None and amount != asked:
        raise bad_field("$.amount", f"This code asks for {asked}, not {amount}.")
    return amount


def _view(amount: Money) -> AmountView:
    return AmountView(amount.amount_minor, amount.commodity)


def _unreadable(detail: str) -> Problem:
    detail = detail[0].upper() + detail[1:]
    return Problem(422, "code-unreadable", detail, field="$.code")


def _unknown(key: str) -> UnknownView:
    return UnknownView(
        status="unknown",
        happened="unknown",
        key=key,
        status_url="/v1/scans/pay",
        detail="It is not known whether this was paid. Ask again with the same key.",
    )
