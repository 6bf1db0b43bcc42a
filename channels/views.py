"""From the ledger's answers to the JSON of the API, with names for people beside the ids."""

import asyncio
from collections.abc import Collection

from channels.wire import (
    AccountView,
    AmountView,
    DeclineView,
    EntriesView,
    EntryView,
    OrderLineView,
    OrderView,
    PaymentView,
    PotView,
    ReverseView,
    TransferView,
)
from ledger.decline import DeclineReason
from ledger.entry import Entry
from ledger.events import (
    CardUse,
    Event,
    Expired,
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Reversed,
    Sale,
    Settled,
    StripeSwept,
    SweepReceived,
    TransferReceived,
    TransferReturned,
    TransferSent,
    Voided,
)
from ledger.ids import (
    AccountId,
    Ref,
    account_text,
    parse_account,
    payment_text,
    transfer_text,
)
from ledger.legs import add, total
from ledger.payment import OPEN_STATES, PaymentState
from ledger.posting import Book, Legs, commodity_of
from ledger.replies import AccountReply, PaymentReply, ReverseReply, TransferReply
from ledger.time_text import time_text
from services.cards import card_text
from services.merchants import find_merchants
from services.order_texts import OrderTexts, SaleOf
from services.orders import Order
from services.payment_list import find_payments
from services.payment_state import PaymentRow, kind_of
from services.principals import channels_of
from services.store import Store

# Names that are looked up once and kept: an airport has thousands of merchants, not millions.
NAMES_MAX = 10_000
# Events about a transfer begin with one of these words.
_OF_TRANSFERS = ("Transfer", "Stripe", "Sweep", "Payout")


class Names:
    """What ids mean to people: merchants' names and the texts of orders."""

    def __init__(self, store: Store, order_texts: OrderTexts) -> None:
        self._store = store
        self._order_texts = order_texts
        self._merchants: dict[str, str] = {}
        self._channels: dict[str, str] = {}

    def merchant(self, merchant: str) -> str | None:
        return self._merchants.get(merchant)

    async def learn_merchants(self, merchants: Collection[str]) -> None:
        """Look up those that are not known yet."""
        missing = {name for name in merchants if name and name not in self._merchants}
        if not missing:
            return
        found = await asyncio.to_thread(find_merchants, self._store, missing)
        if len(self._merchants) > NAMES_MAX:
            self._merchants.clear()
        self._merchants.update({key: value.name for key, value in found.items()})

    def channel(self, principal: str) -> str | None:
        return self._channels.get(principal)

    async def learn_channels(self, principals: Collection[str]) -> None:
        """Look up those that are not known yet."""
        missing = {who for who in principals if who and who not in self._channels}
        if not missing:
            return
        found = await asyncio.to_thread(channels_of, self._store, missing)
        if len(self._channels) > NAMES_MAX:
            self._channels.clear()
        self._channels.update(found)

    def recent_order(self, account: AccountId, sale: Sale) -> str | None:
        return self._order_texts.recent(account, sale.order)

    async def payments(self, payments: Collection[str]) -> list[PaymentRow]:
        return await asyncio.to_thread(find_payments, self._store, payments)

    async def orders(self, sales: Collection[SaleOf]) -> dict[SaleOf, str]:
        if not sales:
            return {}
        return await asyncio.to_thread(self._order_texts.find, sales)


class Views:
    def __init__(self, names: Names) -> None:
        self._names = names

    async def knows_merchant(self, merchant: str) -> bool:
        if self._names.merchant(merchant) is None:
            await self._names.learn_merchants([merchant])
        return self._names.merchant(merchant) is not None

    def merchant_name(self, merchant: str) -> str | None:
        """Once it is known."""
        return self._names.merchant(merchant)

    async def payment(
        self, reply: PaymentReply, *, order: str | None = None, show_account: bool = False
    ) -> PaymentView:
        """order: its text, when the caller has just sent it; looked up otherwise."""
        await self.knows_merchant(reply.sale.merchant)
        account, sale = reply.ref.account, reply.sale
        order = order or self._names.recent_order(account, sale)
        if order is None:
            of = _of(account, sale)
            order = (await self._names.orders([of])).get(of)
        return self._payment(reply, order, show_account=show_account)

    def _payment(
        self, reply: PaymentReply, order: str | None, *, show_account: bool
    ) -> PaymentView:
        pot = next(iter(reply.authorised))
        authorised = sum(reply.authorised.values())
        captured = sum(reply.captured.values())
        open_hold = reply.state in OPEN_STATES
        sale = reply.sale
        return PaymentView(
            id=payment_text(reply.ref),
            status=reply.state.value,
            amount=AmountView(authorised, commodity_of(pot)),
            captured_minor=captured,
            refunded_minor=sum(reply.refunded.values()),
            remaining_minor=authorised - captured if open_hold else 0,
            merchant=sale.merchant,
            merchant_name=self._names.merchant(sale.merchant),
            order=order,
            channel=sale.channel,
            place=sale.place,
            terminal=sale.terminal,
            at=time_text(reply.at_ms),
            expires_at=time_text(reply.expires_at_ms) if open_hold else None,
            decline=decline_view(reply.decline) if reply.decline else None,
            account=account_text(reply.ref.account) if show_account else None,
        )

    async def payment_rows(
        self, rows: Collection[PaymentRow], *, show_account: bool
    ) -> list[PaymentView]:
        """As the bookkeeper told them."""
        await self._names.learn_merchants({row.merchant for row in rows})
        sales = {row.id: _sale_of_row(row) for row in rows}
        orders = await self._names.orders(set(sales.values()))
        return [
            row_view(
                row,
                merchant_name=self._names.merchant(row.merchant),
                order=orders.get(sales[row.id]),
                show_account=show_account,
            )
            for row in rows
        ]

    async def orders_of_payments(self, payments: Collection[str]) -> dict[str, str]:
        """The texts of what they paid for, as far as they are known."""
        rows = await self._names.payments(payments)
        sales = {row.id: _sale_of_row(row) for row in rows}
        texts = await self._names.orders(set(sales.values()))
        return {payment: texts[sale] for payment, sale in sales.items() if sale in texts}

    async def merchant_names(self, merchants: Collection[str]) -> dict[str, str]:
        await self._names.learn_merchants(merchants)
        names = {merchant: self._names.merchant(merchant) for merchant in merchants}
        return {merchant: name for merchant, name in names.items() if name}

    async def reverse(self, reply: ReverseReply, *, show_account: bool) -> ReverseView:
        payment = None
        if reply.payment:
            payment = await self.payment(reply.payment, show_account=show_account)
        return ReverseView(reply.outcome.value, payment)

    async def entries(self, page: list[Entry], partition: int, cursor: int) -> EntriesView:
        sales = {_of(entry.account, sale) for entry in page if (sale := _sale_of(entry))}
        merchants = {_merchant_of(entry) for entry in page}
        await self._names.learn_merchants(merchants)
        await self._names.learn_channels({entry.caller for entry in page})
        texts = await self._names.orders(sales)
        views = [self._entry(entry, f"{partition}-{entry.seq}", texts) for entry in page]
        return EntriesView(views, str(cursor) if cursor else None)

    def _entry(self, entry: Entry, entry_id: str, texts: dict[SaleOf, str]) -> EntryView:
        event, sale = entry.event, _sale_of(entry)
        merchant = _merchant_of(entry) or None
        ordinal = getattr(event, "ordinal", 0)
        transfer = type(event).__name__.startswith(_OF_TRANSFERS)
        ref = Ref(entry.account, ordinal) if ordinal else getattr(event, "source", None)
        return EntryView(
            id=entry_id,
            at=time_text(entry.at_ms),
            kind=kind_of(entry),
            payment=payment_text(ref) if ref and not transfer else None,
            transfer=transfer_text(ref) if ref and transfer else None,
            amount=_amount_of(entry),
            available_change_minor=available_change(entry),
            merchant=merchant,
            merchant_name=self._names.merchant(merchant) if merchant else None,
            order=texts.get(_of(entry.account, sale)) if sale else None,
            decline=_decline_of(entry),
            card=_card_of(entry),
            channel=sale.channel if sale else self._names.channel(entry.caller),
            place=sale.place if sale else None,
            terminal=sale.terminal if sale else None,
        )

    async def order(self, order: Order) -> OrderView:
        await self._names.learn_merchants([order.merchant])
        return OrderView(
            id=order.id,
            link=f"/pay#{order.id}",
            status=order.status.value,
            merchant=order.merchant,
            merchant_name=self._names.merchant(order.merchant),
            amount=AmountView(order.amount.amount_minor, order.amount.commodity),
            order=order.order_text,
            lines=[OrderLineView(line.text, line.amount_minor) for line in order.lines],
            payment=order.payment,
        )


def _of(account: AccountId, sale: Sale) -> SaleOf:
    return SaleOf(account, sale.merchant, sale.order)


def _sale_of_row(row: PaymentRow) -> SaleOf:
    return SaleOf(parse_account(row.account), row.merchant, row.order_digest)


def row_view(
    row: PaymentRow, *, merchant_name: str | None, order: str | None, show_account: bool
) -> PaymentView:
    open_hold = PaymentState(row.status) in OPEN_STATES
    return PaymentView(
        id=row.id,
        status=row.status,
        amount=AmountView(row.authorised_minor, row.currency),
        captured_minor=row.captured_minor,
        refunded_minor=row.refunded_minor,
        remaining_minor=row.authorised_minor - row.captured_minor if open_hold else 0,
        merchant=row.merchant,
        merchant_name=merchant_name,
        order=order,
        channel=row.channel,
        place=row.place,
        terminal=row.terminal,
        at=time_text(row.at_ms),
        expires_at=time_text(row.expires_at_ms) if open_hold else None,
        decline=decline_view(DeclineReason(row.decline)) if row.decline else None,
        account=row.account if show_account else None,
    )


def account_view(reply: AccountReply, label: str) -> AccountView:
    pots = [
        PotView(
            pot=pot,
            currency=commodity_of(pot),
            posted_minor=balance.available_minor + balance.held_minor,
            held_minor=balance.held_minor,
            available_minor=balance.available_minor,
        )
        for pot, balance in reply.pots.items()
    ]
    return AccountView(
        id=account_text(reply.account),
        kind=reply.kind.value,
        status=reply.status.value,
        label=label,
        opened_at=time_text(reply.opened_at_ms),
        pots=pots,
    )


def transfer_view(reply: TransferReply) -> TransferView:
    return TransferView(
        id=transfer_text(reply.ref),
        status=reply.status.value,
        source=None if reply.funding else account_text(reply.ref.account),
        target=account_text(reply.target),
        amount=AmountView(reply.amount_minor, commodity_of(reply.pot)),
        at=time_text(reply.at_ms),
    )


def decline_view(reason: DeclineReason) -> DeclineView:
    return DeclineView(reason.value, reason.response_code, reason.retriable, reason.text)


def available_change(entry: Entry) -> int:
    """What the entry did to what the owner may spend, in minor units; minus is less."""
    lines = entry.postings
    return -sum(line.amount_minor for line in lines if line.book is Book.AVAILABLE)


def _sale_of(entry: Entry) -> Sale | None:
    return getattr(entry.event, "sale", None)


def _merchant_of(entry: Entry) -> str:
    sale = _sale_of(entry)
    return sale.merchant if sale else getattr(entry.event, "merchant", "")


def _decline_of(entry: Entry) -> str | None:
    reason = getattr(entry.event, "reason", None)
    return reason.value if isinstance(reason, DeclineReason) else None


def _card_of(entry: Entry) -> str | None:
    use: CardUse | None = getattr(entry.event, "card", None)
    return card_text(use.card) if use else None


def _amount_of(entry: Entry) -> AmountView | None:
    """The amount that the entry is about, in the commodity of its first line."""
    legs = _legs_of(entry.event)
    if not legs:
        return None
    commodity = commodity_of(next(iter(legs)))
    return AmountView(total(legs, commodity), commodity)


def _legs_of(event: Event) -> Legs:
    match event:
        case TransferSent() | TransferReceived() | TransferReturned() | StripeSwept():
            return {event.pot: event.amount_minor}
        case SweepReceived() | PayoutHeld() | PayoutCancelled() | PayoutPaid():
            return {event.pot: event.amount_minor}
        case Settled():
            return event.credited
        case Voided() | Expired():
            return event.released
        case Reversed():
            return add(event.released, event.refunded)
        case _:
            legs: Legs = getattr(event, "legs", {})
            return legs
