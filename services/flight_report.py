"""The report of a flight: what was sold, by category and by till, and that it is in the ledger.

It is computed when somebody asks, from what the tills signed and from the payments themselves. It
*ties* when every sale that was told is paid for by a capture, a payment of the risk account, or is
named as unpaid, and the ledger says the same. What is not told is named as a gap, never guessed.
"""

import asyncio
from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, select

from ledger.commands import ReadPayment
from ledger.ids import parse_payment
from ledger.replies import PaymentReply
from services.allowances import AllowanceStatus, KeptAllowance, allowances_of
from services.asking import Accounts
from services.flight_cases import Case, cases_of
from services.flight_entries import (
    DeviceState,
    FlightSale,
    Pays,
    SaleStatus,
    device_states,
    entries_of,
)
from services.flight_tables import FLIGHT_SALES
from services.flights import Flight, read_flight, read_tills
from services.rows import as_struct
from services.store import Store
from terminals.inflight.entry import Entry, Gave, Sold, Took
from terminals.inflight.till_book import read_gift

UNKNOWN_CATEGORY = "other"


class CategorySum(msgspec.Struct, frozen=True):
    category: str
    articles: int
    amount_minor: int


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """given and taken: shares of allowances, from and to other tills."""

    state: DeviceState
    sales: int
    sold_minor: int
    given_minor: int
    taken_minor: int


class Held(msgspec.Struct, frozen=True):
    """Of all holds of the flight, as the ledger has them."""

    authorised_minor: int
    captured_minor: int
    open_minor: int


class FlightReport(msgspec.Struct, frozen=True, kw_only=True):
    """sold = captured + risk + unpaid + pending, by who pays. ties: that, and the ledger agrees."""

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

    @property
    def ties(self) -> bool:
        in_categories = sum(category.amount_minor for category in self.categories)
        by_devices = sum(device.sold_minor for device in self.devices)
        return (
            self.sold_minor
            == self.captured_minor
            + self.risk_minor
            + self.unpaid_minor
            + self.pending_minor
            == in_categories
            == by_devices
        ) and self.captured_minor == self.held.captured_minor

    @property
    def complete(self) -> bool:
        """Has every till told all that it did?"""
        return all(device.state.closed for device in self.devices)


class Reports:
    def __init__(self, accounts: Accounts, store: Store) -> None:
        self._accounts = accounts
        self._store = store

    async def of(self, flight: str, caller: str) -> FlightReport:
        """Raises UnknownFlight, and what asking an account raises."""
        kept = await asyncio.to_thread(allowances_of, self._store, flight)
        held = await self._held(kept, caller)
        return await asyncio.to_thread(self._report, flight, kept, held)

    async def _held(self, kept: Iterable[KeptAllowance], caller: str) -> Held:
        authorised = captured = still = 0
        for allowance in kept:
            if allowance.payment is None or allowance.status is AllowanceStatus.DECLINED:
                continue
            ref = parse_payment(allowance.payment)
            read = ReadPayment(account=ref.account, ordinal=ref.ordinal)
            payment = await self._accounts.read(read, caller)
            assert isinstance(payment, PaymentReply), "an allowance names its payment"
            authorised += sum(payment.authorised.values())
            captured += sum(payment.captured.values())
            if allowance.status is not AllowanceStatus.RELEASED:
                still += sum(payment.authorised.values()) - sum(payment.captured.values())
        return Held(authorised, captured, still)

    def _report(self, flight: str, kept: list[KeptAllowance], held: Held) -> FlightReport:
        with self._store.read() as connection:
            found = read_flight(connection, flight)
            sales = _sales(connection, flight)
            public_keys = {t.number: t.public_key for t in read_tills(connection, flight)}
            states = device_states(connection, flight)
            entries = {
                n: entries_of(connection, flight, n, public_keys) for n in public_keys
            }
            cases = cases_of(connection, flight)
        named = {(sale.device, sale.seq) for sale in sales}
        sold = [
            entry.body.what
            for of_device in entries.values()
            for entry in of_device
            if isinstance(entry.body.what, Sold)
            and (entry.body.device, entry.body.seq) in named
        ]
        return FlightReport(
            flight=found,
            devices=[_device(s, entries[s.till.number], sales) for s in states],
            categories=_categories(found, sold),
            cases=cases,
            allowances=sum(a.status is not AllowanceStatus.DECLINED for a in kept),
            sold_minor=sum(sale.amount_minor for sale in sales),
            captured_minor=_paid(sales, Pays.HOLD),
            risk_minor=_paid(sales, Pays.RISK),
            unpaid_minor=_standing(sales, SaleStatus.UNPAID),
            pending_minor=_standing(sales, SaleStatus.PENDING),
            held=held,
        )


def _device(
    state: DeviceState, entries: list[Entry], sales: list[FlightSale]
) -> DeviceReport:
    own = [sale for sale in sales if sale.device == state.till.number]
    given = [e.body.what.amount_minor for e in entries if isinstance(e.body.what, Gave)]
    taken = [
        read_gift(e.body.what.gave).gave.amount_minor
        for e in entries
        if isinstance(e.body.what, Took)
    ]
    return DeviceReport(
        state=state,
        sales=len(own),
        sold_minor=sum(sale.amount_minor for sale in own),
        given_minor=sum(given),
        taken_minor=sum(taken),
    )


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


def _sales(connection: Connection, flight: str) -> list[FlightSale]:
    query = select(FLIGHT_SALES).where(FLIGHT_SALES.c.flight == flight)
    return [as_struct(row, FlightSale) for row in connection.execute(query).mappings()]
