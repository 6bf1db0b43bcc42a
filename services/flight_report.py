"""The report of a flight: what was sold, by category and by till, and that it is in the ledger.

It is computed when somebody asks, from what the tills signed and from the payments themselves. It
*ties* when every sale that was told is paid for by a capture, a payment of the risk account, or is
named as unpaid, and each of those payments in the ledger comes to the sales that it paid for. What
is not told is named as a gap, never guessed.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from ledger.commands import ReadPayment
from ledger.ids import parse_payment
from ledger.replies import PaymentReply
from services.allowances import AllowanceStatus, KeptAllowance, read_allowances
from services.asking import Accounts
from services.flight_cases import Case, cases_of
from services.flight_devices import DeviceState, device_states, told_entries
from services.flight_entries import FlightSale, Pays, SaleStatus
from services.flight_tables import FLIGHT_CLAIMS
from services.flights import Flight, read_flight
from services.rows import as_struct
from services.store import Store
from terminals.inflight.entry import Entry, EntryRefused, Gave, Sold, Took
from terminals.inflight.till_book import Gift, read_gift

UNKNOWN_CATEGORY = "other"


class CategorySum(msgspec.Struct, frozen=True):
    category: str
    articles: int
    amount_minor: int


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """given and taken: shares of allowances, from and to other tills. lost: given to a till that
    has told all that it did, and did not take it; nobody could sell it, it went back with the rest.
    """

    state: DeviceState
    sales: int
    sold_minor: int
    given_minor: int
    taken_minor: int
    lost_minor: int


class Held(msgspec.Struct, frozen=True):
    """Of all holds of the flight, as the ledger has them."""

    authorised_minor: int
    captured_minor: int
    open_minor: int


class FlightReport(msgspec.Struct, frozen=True, kw_only=True):
    """sold = captured + risk + unpaid + pending, by who pays. agrees: each payment in the ledger
    comes to the sales that it paid for. ties: all of that.
    """

    flight: Flight
    devices: list[DeviceReport]
    categories: list[CategorySum]
    cases: list[Case]
    allowances: int
    sold_minor: int
    captured_minor: int
    risk_minor: int
    unpaid_minor: int
    pending_minor: int
    held: Held
    agrees: bool

    @property
    def ties(self) -> bool:
        in_categories = sum(category.amount_minor for category in self.categories)
        by_devices = sum(device.sold_minor for device in self.devices)
        return self.agrees and (
            self.sold_minor
            == self.captured_minor
            + self.risk_minor
            + self.unpaid_minor
            + self.pending_minor
            == in_categories
            == by_devices
        )

    @property
    def complete(self) -> bool:
        """Has every till told all that it did?"""
        return all(device.state.closed for device in self.devices)


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """The store at one moment."""

    flight: Flight
    allowances: list[KeptAllowance]
    sales: list[FlightSale]
    states: list[DeviceState]
    entries: dict[int, list[Entry]]
    cases: list[Case]

    @property
    def holds(self) -> list[KeptAllowance]:
        return [a for a in self.allowances if a.status is not AllowanceStatus.DECLINED]


class Reports:
    def __init__(self, accounts: Accounts, store: Store) -> None:
        self._accounts = accounts
        self._store = store

    async def of(self, flight: str, caller: str) -> FlightReport:
        """Raises UnknownFlight, and what asking an account raises."""
        told = await asyncio.to_thread(self._read, flight)
        named = {hold.payment for hold in told.holds} | {s.payment for s in told.sales}
        ledger = {
            payment: await self._payment(payment, caller)
            for payment in sorted(name for name in named if name)
        }
        return _report(told, ledger)

    async def _payment(self, payment: str, caller: str) -> PaymentReply:
        ref = parse_payment(payment)
        read = ReadPayment(account=ref.account, ordinal=ref.ordinal)
        reply = await self._accounts.read(read, caller)
        assert isinstance(reply, PaymentReply), "who is named as a payment is one"
        return reply

    def _read(self, flight: str) -> _Told:
        query = select(FLIGHT_CLAIMS).where(FLIGHT_CLAIMS.c.flight == flight)
        with self._store.read() as connection:
            rows = connection.execute(query).mappings()
            return _Told(
                flight=read_flight(connection, flight),
                allowances=read_allowances(connection, flight),
                sales=[as_struct(row, FlightSale) for row in rows],
                states=device_states(connection, flight),
                entries=told_entries(connection, flight),
                cases=cases_of(connection, flight),
            )


def _report(told: _Told, ledger: Mapping[str, PaymentReply]) -> FlightReport:
    sales = told.sales
    sold = [
        entry.body.what
        for entries in told.entries.values()
        for entry in entries
        if isinstance(entry.body.what, Sold)
    ]
    captured = {name: sum(payment.captured.values()) for name, payment in ledger.items()}
    return FlightReport(
        flight=told.flight,
        devices=[_device(state, told) for state in told.states],
        categories=_categories(told.flight, sold),
        cases=told.cases,
        allowances=len(told.holds),
        sold_minor=sum(sale.amount_minor for sale in sales),
        captured_minor=_paid(sales, Pays.HOLD),
        risk_minor=_paid(sales, Pays.RISK),
        unpaid_minor=_standing(sales, SaleStatus.UNPAID),
        pending_minor=_standing(sales, SaleStatus.PENDING),
        held=_held(told.holds, ledger),
        agrees=_agrees(told, captured),
    )


def _held(holds: list[KeptAllowance], ledger: Mapping[str, PaymentReply]) -> Held:
    authorised = captured = still = 0
    for hold in holds:
        if hold.payment is None:
            continue
        payment = ledger[hold.payment]
        whole_minor = sum(payment.authorised.values())
        taken_minor = sum(payment.captured.values())
        authorised += whole_minor
        captured += taken_minor
        if hold.status is not AllowanceStatus.RELEASED:
            still += whole_minor - taken_minor
    return Held(authorised, captured, still)


def _agrees(told: _Told, captured: Mapping[str, int]) -> bool:
    """Has each payment taken what its sales say? A sale that is pending may be in the ledger."""
    paid: Counter[str | None] = Counter()
    pending: Counter[str | None] = Counter()
    hold_of = {hold.id: hold.payment for hold in told.holds}
    for sale in told.sales:
        if sale.status is SaleStatus.PAID:
            paid[sale.payment] += sale.amount_minor
        elif sale.status is SaleStatus.PENDING and sale.pays is Pays.HOLD:
            pending[hold_of.get(sale.allowance)] += sale.amount_minor
    return set(paid) <= set(captured) and all(
        paid[name] <= minor <= paid[name] + pending[name]
        for name, minor in captured.items()
    )


def _device(state: DeviceState, told: _Told) -> DeviceReport:
    number = state.till.number
    own = [sale for sale in told.sales if sale.device == number]
    entries = told.entries.get(number, [])
    gifts = [
        Gift(number, e.body.seq, e.body.what)
        for e in entries
        if isinstance(e.body.what, Gave)
    ]
    reported = {other.till.number for other in told.states if other.closed}
    taken = {(g.device, g.seq) for es in told.entries.values() for g in _taken(es)}
    lost = [
        gift.gave.amount_minor
        for gift in gifts
        if gift.gave.to in reported and (number, gift.seq) not in taken
    ]
    return DeviceReport(
        state=state,
        sales=len(own),
        sold_minor=sum(sale.amount_minor for sale in own),
        given_minor=sum(gift.gave.amount_minor for gift in gifts),
        taken_minor=sum(gift.gave.amount_minor for gift in _taken(entries)),
        lost_minor=sum(lost),
    )


def _taken(entries: list[Entry]) -> list[Gift]:
    """What a till says that it took. What it cannot have been given is left out."""
    gifts = []
    for entry in entries:
        if isinstance(entry.body.what, Took):
            try:
                gifts.append(read_gift(entry.body.what.gave))
            except EntryRefused:
                continue
    return gifts


def _categories(flight: Flight, sold: list[Sold]) -> list[CategorySum]:
    """What articles do not explain stands under a category of its own."""
    articles = {article.sku: article for article in flight.articles}
    sums: dict[str, list[int]] = {}
    for sale in sold:
        left_minor = sale.amount_minor
        for line in sale.lines:
            article = articles.get(line.sku)
            if article is None:
                continue
            minor = article.price_minor * line.count
            _add(sums, article.category, line.count, minor)
            left_minor -= minor
        if left_minor:
            _add(sums, UNKNOWN_CATEGORY, 0, left_minor)
    return [CategorySum(name, *sums[name]) for name in sorted(sums)]


def _add(sums: dict[str, list[int]], category: str, count: int, minor: int) -> None:
    total = sums.setdefault(category, [0, 0])
    total[0] += count
    total[1] += minor


def _paid(sales: list[FlightSale], by: Pays) -> int:
    paid = SaleStatus.PAID
    return sum(s.amount_minor for s in sales if s.pays is by and s.status is paid)


def _standing(sales: list[FlightSale], status: SaleStatus) -> int:
    return sum(sale.amount_minor for sale in sales if sale.status is status)
