"""Settling a flight: money for what its tills told, and the rest back to its passengers.

    a sale that goes to the hold     captured from it
    a sale that does not             a payment of the risk account to the same merchant
    the rest of each hold            given back when all tills have reported in full, or when their
                                     time limit has passed

Each step asks the ledger under a key that derives from the sale or the allowance, and is written
down after the answer. So it may be killed anywhere, and done twice at once by two gateways.

The rest is given back only after the store says so in one transaction: nothing of the flight is
still to be captured, and what is told from now on is late. A void after the last capture would
otherwise be a refund of everything.
"""

import asyncio

import msgspec
from sqlalchemy import Connection, select, update

from actors.batcher import MailboxFull
from ledger.clock import Clock
from ledger.commands import Capture, ReadPayment, Reverse, Void
from ledger.decline import DeclineReason
from ledger.entry import Cause
from ledger.ids import Ref, parse_account, parse_payment, payment_text
from ledger.keys import key_digest, request_digest
from ledger.money import Money
from ledger.payment import OPEN_STATES, PaymentState
from ledger.replies import DeclinedReply, PaymentReply
from services.allowances import (
    CHANNEL,
    AllowanceStatus,
    KeptAllowance,
    find_allowance,
    hold_key,
    move_allowance,
)
from services.asking import Accounts, Refused, Unanswered
from services.flight_cases import CaseKind, open_case
from services.flight_entries import FlightSale, Pays, SaleStatus, device_states
from services.flight_tables import ALLOWANCES, FLIGHT_SALES
from services.flights import (
    DOWN,
    Flight,
    FlightStatus,
    read_flight,
    set_status,
    unsettled_flights,
)
from services.payments import Payer, PaymentRequest, Payments
from services.rows import as_struct
from services.store import Store, StoreUnavailable

# In whose line of the mailbox settlement waits.
CALLER = "flights"
# What failed on the way, and may work in the next round.
ON_THE_WAY = (Unanswered, Refused, MailboxFull, StoreUnavailable)


class Settlement:
    def __init__(
        self, accounts: Accounts, payments: Payments, store: Store, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._payments = payments
        self._store = store
        self._clock = clock

    async def settle_all(self) -> None:
        """Every flight that is on the ground, as far as it goes."""
        for flight in await asyncio.to_thread(unsettled_flights, self._store):
            try:
                await self.settle(flight)
            except ON_THE_WAY:
                continue

    async def settle(self, flight: str) -> None:
        """As far as it goes. Raises UnknownFlight, and what asking an account raises."""
        found = await asyncio.to_thread(self._flight, flight)
        for sale in await asyncio.to_thread(self._pending, flight):
            await self._charge(found, sale)
        for kept in await asyncio.to_thread(self._releasable, flight):
            await self._give_back(kept)
        await asyncio.to_thread(self._close, flight)

    async def retry_unpaid(self, flight: str) -> None:
        """The risk account has money again."""
        await asyncio.to_thread(self._try_again, flight)
        await self.settle(flight)

    async def _charge(self, flight: Flight, sale: FlightSale) -> None:
        if sale.pays is Pays.RISK:
            await self._charge_risk(flight, sale)
            return
        kept = await asyncio.to_thread(self._allowance, sale.allowance)
        ref = _payment_of(kept)
        command = Capture(
            account=ref.account,
            ordinal=ref.ordinal,
            amount=Money(sale.amount_minor, flight.currency),
            final=False,
        )
        reply = await self._accounts.change(command, _cause("capture", sale))
        if isinstance(reply, DeclinedReply):
            await asyncio.to_thread(self._not_covered, sale)
            await self._charge_risk(flight, sale)
            return
        await asyncio.to_thread(self._paid, sale, kept.payment)

    async def _charge_risk(self, flight: Flight, sale: FlightSale) -> None:
        request = PaymentRequest(
            payer=Payer(parse_account(flight.risk_account)),
            amount=Money(sale.amount_minor, flight.currency),
            merchant=flight.merchant,
            order=f"{sale.flight}.{sale.device}.{sale.seq}",
            channel=CHANNEL,
            place=flight.number,
        )
        reply = await self._payments.collect(request, _cause("risk", sale))
        if isinstance(reply, PaymentReply) and reply.state is not PaymentState.DECLINED:
            await asyncio.to_thread(self._paid, sale, payment_text(reply.ref))
            return
        await asyncio.to_thread(self._mark, sale, {"status": SaleStatus.UNPAID})

    async def _give_back(self, kept: KeptAllowance) -> None:
        """The rest of the hold. One that was used up has ended with its last capture."""
        if kept.status is AllowanceStatus.OPENING:
            await self._abandon(kept)
            return
        ref = _payment_of(kept)
        read = ReadPayment(account=ref.account, ordinal=ref.ordinal)
        payment = await self._accounts.read(read, CALLER)
        if isinstance(payment, PaymentReply) and payment.state in OPEN_STATES:
            command = Void(account=ref.account, ordinal=ref.ordinal)
            request = request_digest(msgspec.msgpack.encode([kept.id]))
            cause = Cause(key_digest("allowance release", kept.id), request, CALLER)
            reply = await self._accounts.change(command, cause)
            if isinstance(reply, DeclinedReply):
                assert reply.reason in _ENDED, "a hold that is open can be voided"
        await asyncio.to_thread(move_allowance, self._store, kept, AllowanceStatus.RELEASED)

    async def _abandon(self, kept: KeptAllowance) -> None:
        """Nobody ever got it. Its hold is undone, and will never be."""
        command = Reverse(account=parse_account(kept.account), original=hold_key(kept.id))
        request = request_digest(msgspec.msgpack.encode([kept.id]))
        cause = Cause(key_digest("allowance abandon", kept.id), request, CALLER)
        await self._accounts.change(command, cause)
        await asyncio.to_thread(move_allowance, self._store, kept, AllowanceStatus.RELEASED)

    # The store

    def _flight(self, flight: str) -> Flight:
        with self._store.read() as connection:
            return read_flight(connection, flight)

    def _allowance(self, allowance: str) -> KeptAllowance:
        with self._store.read() as connection:
            kept = find_allowance(connection, allowance)
        assert kept is not None, "a sale that goes to a hold names its allowance"
        return kept

    def _pending(self, flight: str) -> list[FlightSale]:
        with self._store.read() as connection:
            return _sales(connection, flight, SaleStatus.PENDING)

    def _releasable(self, flight: str) -> list[KeptAllowance]:
        """What is to be given back now; from here on a sale on it is late."""
        columns = ALLOWANCES.c
        of_flight = columns.flight == flight
        with self._store.write() as connection:
            found = read_flight(connection, flight)
            if not self._may_release(connection, found):
                return []
            opened = of_flight & (columns.status == AllowanceStatus.OPEN)
            releasing = {"status": AllowanceStatus.RELEASING}
            connection.execute(update(ALLOWANCES).where(opened).values(releasing))
            unended = (AllowanceStatus.OPENING, AllowanceStatus.RELEASING)
            marked = of_flight & columns.status.in_(unended)
            rows = connection.execute(select(ALLOWANCES).where(marked)).mappings()
            return [as_struct(row, KeptAllowance) for row in rows]

    def _may_release(self, connection: Connection, flight: Flight) -> bool:
        if flight.status not in DOWN or _sales(connection, flight.id, SaleStatus.PENDING):
            return False
        assert flight.report_until_ms is not None, "a flight that landed has a time limit"
        if self._clock.now_ms() >= flight.report_until_ms:
            return True
        return all(state.closed for state in device_states(connection, flight.id))

    def _paid(self, sale: FlightSale, payment: str | None) -> None:
        self._mark(sale, {"status": SaleStatus.PAID, "payment": payment})

    def _not_covered(self, sale: FlightSale) -> None:
        with self._store.write() as connection:
            open_case(
                connection,
                sale.flight,
                CaseKind.NOT_COVERED,
                place=(sale.device, sale.seq),
                allowance=sale.allowance,
                now_ms=self._clock.now_ms(),
            )
        self._mark(sale, {"pays": Pays.RISK})

    def _mark(self, sale: FlightSale, values: dict[str, object]) -> None:
        columns = FLIGHT_SALES.c
        here = (
            (columns.flight == sale.flight)
            & (columns.device == sale.device)
            & (columns.seq == sale.seq)
            & (columns.status == SaleStatus.PENDING)
        )
        with self._store.write() as connection:
            connection.execute(update(FLIGHT_SALES).where(here).values(values))

    def _try_again(self, flight: str) -> None:
        columns = FLIGHT_SALES.c
        here = (columns.flight == flight) & (columns.status == SaleStatus.UNPAID)
        values = {"status": SaleStatus.PENDING, "tries": columns.tries + 1}
        with self._store.write() as connection:
            connection.execute(update(FLIGHT_SALES).where(here).values(values))

    def _close(self, flight: str) -> None:
        """All is told or too late, all is paid or known to be owed, all is given back."""
        columns = ALLOWANCES.c
        unended = (AllowanceStatus.OPENING, AllowanceStatus.OPEN, AllowanceStatus.RELEASING)
        waiting = select(columns.id).where(
            columns.flight == flight, columns.status.in_(unended)
        )
        with self._store.write() as connection:
            found = read_flight(connection, flight)
            if not self._may_release(connection, found):
                return
            if connection.execute(waiting).first() is None:
                now_ms = self._clock.now_ms()
                set_status(connection, found, FlightStatus.CLOSED, now_ms)


_ENDED = frozenset(
    {DeclineReason.HOLD_EXPIRED, DeclineReason.HOLD_VOIDED, DeclineReason.HOLD_CAPTURED}
)


def _sales(
    connection: Connection, flight: str, status: SaleStatus | None = None
) -> list[FlightSale]:
    columns = FLIGHT_SALES.c
    query = select(FLIGHT_SALES).where(columns.flight == flight)
    if status is not None:
        query = query.where(columns.status == status)
    rows = connection.execute(query.order_by(columns.device, columns.seq)).mappings()
    return [as_struct(row, FlightSale) for row in rows]


def _payment_of(kept: KeptAllowance) -> Ref:
    assert kept.payment is not None, "an allowance that was opened has a hold"
    return parse_payment(kept.payment)


def _cause(step: str, sale: FlightSale) -> Cause:
    name = f"{step}.{sale.flight}.{sale.device}.{sale.seq}.{sale.tries}"
    request = request_digest(msgspec.msgpack.encode([name, sale.amount_minor]))
    return Cause(key_digest("flight sale", name), request, CALLER)
