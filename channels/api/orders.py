"""Orders by link: a merchant makes one, a passenger pays it in one tap.

The order's id is the idempotency key of its payment, so a tap, a double tap and a tap after a
broken connection are one payment. The claim in the store keeps a second wallet out meanwhile.
"""

import asyncio
import hashlib

import msgspec

from channels.access import is_operator, merchant_scope
from channels.api.ways_to_pay import Ways
from channels.outcome import approved
from channels.problem import Problem, bad_field, key_reused, not_found
from channels.route import Answer, Call, Route, scopes
from channels.views import Views
from channels.wire import OrderBody, OrderView, PaymentView, PayOrderBody
from ledger.clock import Clock
from ledger.entry import Cause
from ledger.ids import Ref, account_text, parse_account, payment_text
from ledger.keys import key_digest, request_digest
from ledger.money import Money, UnknownCommodity, exponent
from ledger.payment import PaymentState
from ledger.replies import PaymentReply
from services.orders import (
    NewOrder,
    Order,
    OrderExists,
    OrderLine,
    OrderNotPayable,
    OrderStatus,
    UnknownOrder,
    claim,
    create_order,
    get_order,
    mark_paid,
    release,
)
from services.payments import Payer, PaymentRequest, Payments
from services.principals import Principal, PrincipalKind
from services.store import Store


class OrdersApi:
    def __init__(
        self, payments: Payments, store: Store, views: Views, ways: Ways, clock: Clock
    ) -> None:
        self._ways = ways
        self._payments = payments
        self._store = store
        self._views = views
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST", path="/v1/orders", handler=self.create, scopes=scopes("orders"),
                summary="An order that can be paid by link", body=OrderBody, keyed=True,
                answers={201: OrderView},
            ),
            Route(
                method="GET", path="/v1/orders/{id}", handler=self.read,
                scopes=scopes("orders", "own", "admin"), summary="What is to be paid",
                answers={200: OrderView},
            ),
            Route(
                method="POST", path="/v1/orders/{id}/pay", handler=self.pay,
                scopes=scopes("own"), summary="Pay it from the caller's own account",
                body=PayOrderBody, answers={201: PaymentView, 402: PaymentView},
                problems=(409,),
            ),
        ]  # fmt: skip

    async def create(self, call: Call) -> Answer:
        body: OrderBody = call.body
        try:
            exponent(body.amount.currency)
        except UnknownCommodity as error:
            raise bad_field("$.amount.currency", f"{error}.") from None
        new = NewOrder(
            merchant=merchant_scope(call.caller),
            amount=Money(body.amount.amount_minor, body.amount.currency),
            order_text=body.order,
            lines=tuple(OrderLine(line.text, line.amount_minor) for line in body.lines),
        )
        order, replayed = await asyncio.to_thread(self._create, new, call.cause)
        return Answer(201, await self._views.order(order), replayed)

    def _create(self, new: NewOrder, cause: Cause) -> tuple[Order, bool]:
        """The id derives from caller and key, so a retry finds the order that it made."""
        seed = hashlib.sha256(b"order\x00" + cause.key).digest()
        try:
            order = create_order(
                self._store,
                new,
                random_bytes=lambda count: seed[:count],
                now_ms=self._clock.now_ms(),
            )
        except OrderExists as error:
            order = get_order(self._store, error.order)
            same = (order.merchant, order.amount, order.order_text, order.lines)
            if same != (new.merchant, new.amount, new.order_text, new.lines):
                raise key_reused("order") from None
            return order, True
        return order, False

    async def read(self, call: Call) -> Answer:
        order = await asyncio.to_thread(self._order, call.path["id"])
        if not _may_see(call.caller, order):
            raise not_found("order", call.path["id"])
        return Answer(200, await self._views.order(order))

    async def pay(self, call: Call) -> Answer:
        return await self.pay_order(call.caller, call.path["id"], call.body.way or None)

    async def pay_order(self, caller: Principal, text: str, way: str | None) -> Answer:
        """From the caller's own account, however it came to know the order. way: None for the
        default.
        """
        account = caller.account
        assert account is not None, "a customer has an account"
        asked = await asyncio.to_thread(self._order, text)
        # Once it is claimed, the tap was agreed to; what comes again asks for that answer.
        if asked.status is OrderStatus.OPEN:
            await self._ways.require(account, asked.amount.commodity, way)
        order = await asyncio.to_thread(self._claim, text, account)
        request = PaymentRequest(
            payer=Payer(parse_account(account)),
            amount=order.amount,
            merchant=order.merchant,
            order=order.order_text,
            channel=caller.channel,
        )
        reply = await self._payments.authorise(request, _cause(caller, order))
        payment = approved(reply, PaymentReply)
        if payment.state is PaymentState.DECLINED:
            await asyncio.to_thread(release, self._store, order.id, account=account)
        else:
            await self._mark_paid(caller, order, payment.ref)
        view = await self._views.payment(payment, order=order.order_text, show_account=True)
        status = 402 if payment.state is PaymentState.DECLINED else 201
        return Answer(status, view, payment.replayed)

    async def _mark_paid(self, caller: Principal, order: Order, payment: Ref) -> None:
        """Money that came second goes back at once."""
        text, account = payment_text(payment), account_text(payment.account)
        try:
            await asyncio.to_thread(
                mark_paid, self._store, order.id, payment=text, account=account
            )
        except OrderNotPayable:
            key = key_digest(caller.id, f"{order.id}.give-back.{text}")
            cause = Cause(key, request_digest(key), caller.id)
            approved(await self._payments.give_back(payment, cause), PaymentReply)
            detail = "Another payment paid this order first. Yours was given back."
            raise Problem(409, "order-not-payable", detail, field="id") from None

    def _order(self, text: str) -> Order:
        try:
            return get_order(self._store, text)
        except UnknownOrder:
            raise not_found("order", text[:48]) from None

    def _claim(self, text: str, account: str) -> Order:
        self._order(text)
        order = claim(self._store, text, account=account, now_ms=self._clock.now_ms())
        if order.is_claimed_by(account) or order.paying_account == account:
            return order
        detail = {
            OrderStatus.PAYING: "Another wallet is paying this order just now.",
            OrderStatus.PAID: "This order is paid already.",
            OrderStatus.CANCELLED: "This order was cancelled.",
            OrderStatus.OPEN: "This order cannot be paid just now.",
        }[order.status]
        raise Problem(409, "order-not-payable", detail, field="id")


def _may_see(principal: Principal, order: Order) -> bool:
    """A customer holds the link; a merchant sees its own orders."""
    if is_operator(principal) or principal.kind is PrincipalKind.CUSTOMER:
        return True
    return principal.merchant == order.merchant


def _cause(caller: Principal, order: Order) -> Cause:
    """Under the order's own key: after a decline, a new attempt counts as a new one."""
    attempt = f"{order.id}.{order.paying_since_ms}"
    request = request_digest(msgspec.msgpack.encode([order.id, order.amount]))
    return Cause(key_digest(caller.id, attempt), request, caller.id)
