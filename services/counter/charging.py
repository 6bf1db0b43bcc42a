"""A charge, its payment and its EMD: all three, or no EMD and no money, whatever dies in between.

    hold the money ──> departure control takes the bags ──> issue the EMD ──> take the money
          │                    │ refused: give it back            (one transaction of the store)
          │                    │ silent: unknown, it is asked again
          └ unknown, and nobody is left who holds the payer's code: look it up, else reverse it

Each step is asked under a key that derives from the charge, whose row was written before the first
of them; the ledger and departure control both give the first answer to a key for ever. So a step
may be taken any number of times, by whoever: the request that began it, its retry, or `resume` in
any gateway after a crash.

A charge may also be paid elsewhere: by the passenger's phone, which scans the counter's code, or at
a till with a card reader, under the charge's order reference. Then money was taken already, and the
evidence is the order that is paid, or the payment that the ledger told for this reference. What is
paid a second time, or too late, buys nothing: a phone's payment is given back at once
(channels/api/orders.py), a till's is a difference in the shift's totals until it is refunded.

Money moves in services/payments.py alone; pyproject.toml has the contract.
"""

import asyncio

from ledger.clock import Clock
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import Ref, parse_account, parse_payment, payment_text
from ledger.keys import key_digest
from ledger.payment import OPEN_STATES, PaymentState
from ledger.replies import DeclinedReply, PaymentReply, Reply
from services.asking import Unanswered
from services.counter.charges import (
    NOTHING_NEW,
    Charge,
    ChargeStatus,
    Known,
    NewCharge,
    UnknownCharge,
    Way,
    get_charge,
    move,
    open_charge,
    order_text_of,
    touch,
    unfinished,
)
from services.counter.departures import DepartureControl, DepartureRefused, DeparturesSilent
from services.counter.emds import issue, void_unpaid
from services.keyring import Keyring
from services.mint import mint
from services.orders import (
    NewOrder,
    OrderExists,
    OrderLine,
    OrderNotPayable,
    OrderStatus,
    cancel,
    create_order,
    get_order,
    mark_paid,
)
from services.own_cause import own_cause
from services.payment_list import payments_for
from services.payment_state import PaymentRow
from services.payments import NO_ANSWER, Payer, PaymentRequest, Payments
from services.store import Store, StoreUnavailable

CHANNEL = "counter"
# A charge that nobody has moved for this long is taken up again. Longer than any request waits, so
# that it is seldom asked for twice at once; that would be slow, not wrong.
RESUME_AFTER_MS = 10_000
# Taken up in one round: some 20 ms each, so a round is bounded too.
RESUME_MAX = 50
# Nobody waits longer at a counter than this for a phone, or a till, to pay.
AWAITED_MS = 30 * 60_000

# What failed on the way, and may work the next time; nothing is known to have happened.
ON_THE_WAY = (DeparturesSilent, StoreUnavailable, *NO_ANSWER)


class ChargeKeyReused(Exception):
    """The idempotency key came with another charge before."""


class CannotCancel(Exception):
    """It is being paid, or has ended; nothing was changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class Charging:
    def __init__(
        self,
        payments: Payments,
        store: Store,
        departures: DepartureControl,
        *,
        airline_code: str,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._store = store
        self._departures = departures
        self._airline_code = airline_code
        self._keyring = keyring
        self._clock = clock

    async def known(self, key: bytes) -> Charge | None:
        """Asked for under this key before? Then nothing is judged anew: it has its answer."""
        try:
            return await asyncio.to_thread(get_charge, self._store, charge_id(key))
        except UnknownCharge:
            return None

    async def open(
        self, new: NewCharge, payer: Payer | None, key: bytes
    ) -> tuple[Charge, bool]:
        """The charge as far as it got, and whether it was asked for before under this key.

        payer: who pays at once; None for one that is paid elsewhere. Raises ChargeKeyReused, and
        what asking an account raises.
        """
        name = charge_id(key)
        order = None
        if new.way is Way.AWAITED:
            order = await asyncio.to_thread(self._make_order, name, new)
        charge, replayed = await asyncio.to_thread(
            open_charge, self._store, name, new, order, now_ms=self._clock.now_ms()
        )
        if charge.request != new.request:
            raise ChargeKeyReused
        return await self.advance(charge, payer), replayed

    async def advance(self, charge: Charge, payer: Payer | None = None) -> Charge:
        """Go on from where it is, as far as it goes. payer: if its code is still known."""
        if charge.status is ChargeStatus.HOLDING and payer is not None:
            charge = await self._hold(charge, payer)
        if charge.status is ChargeStatus.AWAITING:
            charge = await self._look_for_payment(charge)
        if charge.status is ChargeStatus.ACCEPTING:
            charge = await self._accept(charge)
        if charge.status is ChargeStatus.CAPTURING:
            charge = await self._capture(charge)
        if charge.status is ChargeStatus.WITHDRAWING:
            charge = await self._withdraw(charge)
        if charge.status is ChargeStatus.ABANDONING:
            charge = await self._reverse(charge)
        return charge

    # Paid here

    async def _hold(self, charge: Charge, payer: Payer) -> Charge:
        request = PaymentRequest(
            payer=payer,
            amount=charge.amount,
            merchant=charge.merchant,
            order=charge.order_text,
            channel=CHANNEL,
            terminal=charge.shift,
        )
        try:
            reply = await self._payments.hold(request, self._cause(charge, "hold"))
        except Unanswered as error:
            if error.happened is not Happened.UNKNOWN:
                raise
            return charge  # not known: its caller asks again, or `resume` finds out
        return await self._held(charge, reply)

    async def _held(self, charge: Charge, reply: Reply) -> Charge:
        if isinstance(reply, DeclinedReply):
            known = Known(reason=reply.reason.value)
            return await self._move(charge, ChargeStatus.DECLINED, known)
        assert isinstance(reply, PaymentReply), "an authorisation ends approved or declined"
        payment = payment_text(reply.ref)
        if reply.state is PaymentState.DECLINED:
            assert reply.decline is not None, "a declined payment says why"
            known = Known(payment=payment, reason=reply.decline.value)
            return await self._move(charge, ChargeStatus.DECLINED, known)
        if reply.state not in OPEN_STATES:
            return await self._move(charge, ChargeStatus.ABANDONED, Known(payment=payment))
        return await self._move(charge, ChargeStatus.ACCEPTING, Known(payment=payment))

    async def _settle_hold(self, charge: Charge) -> Charge:
        """Whoever knew the code is gone. Found, it goes on; not found, it is barred for ever."""
        account = parse_account(charge.holder)
        original = self._cause(charge, "hold").key
        reply = await self._payments.look_up(account, original, charge.agent)
        if isinstance(reply, PaymentReply):
            return await self._held(charge, reply)
        return await self._move(charge, ChargeStatus.ABANDONING)

    async def _reverse(self, charge: Charge) -> Charge:
        """From here on nobody goes forward with it, so a hold that arrives late is given back."""
        account = parse_account(charge.holder)
        original = self._cause(charge, "hold").key
        await self._payments.reverse(account, original, self._cause(charge, "reverse"))
        return await self._move(charge, ChargeStatus.ABANDONED)

    # Paid elsewhere

    def _make_order(self, name: str, new: NewCharge) -> str:
        order = NewOrder(
            merchant=new.merchant,
            amount=new.amount,
            order_text=order_text_of(name),
            lines=tuple(
                OrderLine(f"{line.quantity} {line.text['en']}", line.amount_minor)
                for line in new.lines
            ),
        )
        seed = key_digest("counter order", name)
        try:
            made = create_order(
                self._store,
                order,
                random_bytes=lambda count: seed[:count],
                now_ms=self._clock.now_ms(),
            )
        except OrderExists as error:
            return error.order
        return made.id

    async def _look_for_payment(self, charge: Charge) -> Charge:
        """The order that is paid names its payment; a till's payment is told by the ledger."""
        assert charge.order is not None, "a charge that is awaited has an order"
        order = await asyncio.to_thread(get_order, self._store, charge.order)
        if order.status is OrderStatus.PAID and order.payment and order.paying_account:
            known = Known(
                payment=order.payment, account=order.paying_account, way=Way.PHONE
            )
            return await self._move(charge, ChargeStatus.ACCEPTING, known)
        for row in await self._told(charge):
            if await self._pays(charge, row):
                way = Way.PHONE if row.account == order.paying_account else Way.TILL
                known = Known(payment=row.id, account=row.account, way=way)
                return await self._move(charge, ChargeStatus.ACCEPTING, known)
        if charge.created_at_ms + AWAITED_MS <= self._clock.now_ms():
            return await self._cancel(charge, "nobody_paid")
        return charge

    async def _told(self, charge: Charge) -> list[PaymentRow]:
        """Payments in full for this charge that stand, oldest first."""
        digest = self._keyring.order_digest(charge.merchant, charge.order_text)
        rows = await asyncio.to_thread(
            payments_for,
            self._store,
            charge.merchant,
            digest,
            since_ms=charge.created_at_ms,
        )
        return [
            row
            for row in rows
            if row.status == PaymentState.CAPTURED
            and not row.refunded_minor
            and (row.captured_minor, row.currency)
            == (charge.amount.amount_minor, charge.amount.commodity)
        ]

    async def _pays(self, charge: Charge, row: PaymentRow) -> bool:
        """Whether this payment is the one of its order; it is, if it is the first."""
        assert charge.order is not None, "a charge that is awaited has an order"
        try:
            await asyncio.to_thread(
                mark_paid, self._store, charge.order, payment=row.id, account=row.account
            )
        except OrderNotPayable:
            return False
        return True

    async def cancel(self, charge: Charge) -> Charge:
        """Give up waiting. Raises CannotCancel."""
        charge = await self.advance(charge)
        if charge.status is ChargeStatus.CANCELLED:
            return charge
        if charge.status is not ChargeStatus.AWAITING:
            raise CannotCancel(f"The charge is {charge.status}, not awaiting its payment.")
        charge = await self._cancel(charge, None)
        if charge.status is ChargeStatus.AWAITING:
            raise CannotCancel("A wallet is paying this charge just now: look again.")
        return charge

    async def _cancel(self, charge: Charge, reason: str | None) -> Charge:
        """Unless a wallet is paying its order: then the end is not known."""
        assert charge.order is not None, "a charge that is awaited has an order"
        order = await asyncio.to_thread(cancel, self._store, charge.order)
        if order.status is not OrderStatus.CANCELLED:
            return charge
        return await self._move(charge, ChargeStatus.CANCELLED, Known(reason=reason))

    # What is paid

    async def _accept(self, charge: Charge) -> Charge:
        booking = charge.booking
        try:
            answer = await self._departures.check_in(
                charge.id, booking.ticket, booking.bags
            )
        except DeparturesSilent:
            return charge
        if isinstance(answer, DepartureRefused):
            await self._give_back(charge, "release")
            return await self._move(charge, ChargeStatus.REFUSED, Known(reason=answer.text))
        return await self._issue(charge)

    async def _issue(self, charge: Charge) -> Charge:
        return await asyncio.to_thread(
            issue, self._store, charge, self._airline_code, now_ms=self._clock.now_ms()
        )

    async def _capture(self, charge: Charge) -> Charge:
        if charge.way in {Way.PHONE, Way.TILL}:  # it was taken before
            return await self._move(charge, ChargeStatus.ISSUED)
        reply = await self._payments.capture(_ref(charge), self._cause(charge, "capture"))
        if isinstance(reply, DeclinedReply):
            return await asyncio.to_thread(
                void_unpaid,
                self._store,
                charge,
                reply.reason.value,
                now_ms=self._clock.now_ms(),
            )
        return await self._move(charge, ChargeStatus.ISSUED)

    async def _withdraw(self, charge: Charge) -> Charge:
        """Nobody paid for these bags. If departure control keeps them, that is its word."""
        try:
            await self._departures.take_back(charge.id)
        except DeparturesSilent:
            return charge
        return await self._move(charge, ChargeStatus.UNPAID, Known(reason=charge.reason))

    async def _give_back(self, charge: Charge, step: str) -> None:
        """The whole payment. A no means that somebody gave it back before, or that it ran out."""
        await self._payments.give_back(_ref(charge), self._cause(charge, step))

    # After a crash

    async def resume(self) -> int:
        """Take up what was left in the middle. How many were seen."""
        before_ms = self._clock.now_ms() - RESUME_AFTER_MS
        charges = await asyncio.to_thread(
            unfinished, self._store, before_ms=before_ms, limit=RESUME_MAX
        )
        for charge in charges:
            try:
                after = await self._take_up(charge)
                if after.status is charge.status:
                    await asyncio.to_thread(
                        touch, self._store, charge, now_ms=self._clock.now_ms()
                    )
            except ON_THE_WAY:
                continue  # as it is: the next round, or its own caller, asks again
        return len(charges)

    async def _take_up(self, charge: Charge) -> Charge:
        if charge.status is ChargeStatus.HOLDING:
            charge = await self._settle_hold(charge)
        return await self.advance(charge)

    # Small parts

    def _cause(self, charge: Charge, step: str) -> Cause:
        name = f"{charge.id}.{step}"
        return own_cause("counter", name, charge.agent, charge.id, step)

    async def _move(
        self, charge: Charge, status: ChargeStatus, known: Known = NOTHING_NEW
    ) -> Charge:
        return await asyncio.to_thread(
            move, self._store, charge, status, known, now_ms=self._clock.now_ms()
        )


def charge_id(key: bytes) -> str:
    """The id of the charge that is asked for under this key."""
    return mint("chg", lambda count: key_digest("charge", key.hex())[:count])


def _ref(charge: Charge) -> Ref:
    assert charge.payment is not None, "a charge that was paid has a payment"
    return parse_payment(charge.payment)
