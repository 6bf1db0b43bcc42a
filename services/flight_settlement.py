"""Settling a flight: money for what its tills told, and the rest back to its passengers.

    a sale that goes to the hold     captured from it
    a sale that does not             a payment of the risk account to the same merchant
    what exceeds the allowance       nobody pays; a person sees a case
    the rest of each hold            given back when all tills have reported in full, or when their
                                     time limit has passed

Each step asks the ledger under a key that derives from the sale or the allowance, and is written
down after the answer. So it may be killed anywhere, and done twice at once by two gateways.

The rest is given back only after the store says so in one transaction: nothing of the flight is
still to be captured, and what is told from now on is late. A void after the last capture would
otherwise be a refund of everything.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from actors.batcher import MailboxFull
from ledger.clock import Clock
from ledger.commands import Capture, ReadPayment, Reverse, Void
from ledger.decline import DeclineReason
from ledger.entry import Cause
from ledger.ids import Ref, parse_account, parse_payment, payment_text
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
from services.flight_devices import device_states
from services.flight_entries import FlightSale, Pays, SaleStatus
from services.flight_tables import ALLOWANCES, FLIGHT_CLAIMS
from services.flights import (
    DOWN,
    Flight,
    FlightStatus,
    lock_flight,
    read_flight,
    set_status,
    unsettled_flights,
)
from services.own_cause import own_cause
from services.payments import Payer, PaymentRequest, Payments
from services.rows import as_struct
from services.store import Store, StoreUnavailable

# In whose line of the mailbox settlement waits.
CALLER = "flights"
# What failed on the way, and may work in the next round.
ON_THE_WAY = (Unanswered, Refused, MailboxFull, StoreUnavailable)
# Accounts that settlement asks side by side: one that is stuck takes seconds to say so.
AT_ONCE = 8


class Settlement:
    def __init__(
        self, accounts: Accounts, payments: Payments, store: Store, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._payments = payments
        self._store = store
        self._clock = clock

    async def settle_all(self) -> None:
        """Every flight that is on the ground, as far as it goes. Raises what is no such failure."""
        flights = await asyncio.to_thread(unsettled_flights, self._store)
        failures = await _side_by_side([self.settle(flight) for flight in flights])
        for failure in failures:
            if not isinstance(failure, ON_THE_WAY):
                raise failure

    async def settle(self, flight: str) -> None:
        """As far as it goes: an account that does not answer holds up its own sales, and no others.

        Raises UnknownFlight, and then what asking an account raises.
        """
        found = await asyncio.to_thread(self._flight, flight)
        lines: dict[str, list[FlightSale]] = {}
        pending = await asyncio.to_thread(self._in_state, flight, SaleStatus.PENDING)
        for sale in pending:
            line = "risk" if sale.pays is Pays.RISK else sale.allowance
            lines.setdefault(line, []).append(sale)
        failures = await _side_by_side([self._charge_all(found, x) for x in lines.values()])
        releasable = await asyncio.to_thread(self._releasable, flight)
        failures += await _side_by_side([self._give_back(kept) for kept in releasable])
        await asyncio.to_thread(self._close, flight)
        failures.sort(key=lambda failure: isinstance(failure, ON_THE_WAY))
        if failures:
            raise failures[0]

    async def _charge_all(self, flight: Flight, sales: list[FlightSale]) -> None:
        """On one account, one after the other."""
        for sale in sales:
            await self._charge(flight, sale)

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
            order=_name(sale),
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
            cause = own_cause("allowance release", kept.id, CALLER)
            reply = await self._accounts.change(command, cause)
            if isinstance(reply, DeclinedReply):
                assert reply.reason in _ENDED, "a hold that is open can be voided"
        await asyncio.to_thread(move_allowance, self._store, kept, AllowanceStatus.RELEASED)

    async def _abandon(self, kept: KeptAllowance) -> None:
        """Nobody ever got it. Its hold is undone, and will never be."""
        command = Reverse(account=parse_account(kept.account), original=hold_key(kept.id))
        cause = own_cause("allowance abandon", kept.id, CALLER)
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

    def _in_state(self, flight: str, status: SaleStatus) -> list[FlightSale]:
        with self._store.read() as connection:
            return _sales(connection, flight, status)

    def _releasable(self, flight: str) -> list[KeptAllowance]:
        """What is to be given back now; from here on a sale on it is late."""
        columns = ALLOWANCES.c
        of_flight = columns.flight == flight
        with self._store.write() as connection:
            found = lock_flight(connection, flight)
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
        """Unless it is past that: a gateway that was slow knows of an earlier try only."""
        columns = FLIGHT_CLAIMS.c
        here = (
            (columns.flight == sale.flight)
            & (columns.device == sale.device)
            & (columns.seq == sale.seq)
            & (columns.story == sale.story)
            & (columns.tries == sale.tries)
            & (columns.status == SaleStatus.PENDING)
        )
        with self._store.write() as connection:
            connection.execute(update(FLIGHT_CLAIMS).where(here).values(values))

    def _try_again(self, flight: str) -> None:
        columns = FLIGHT_CLAIMS.c
        unpaid = (columns.status == SaleStatus.UNPAID) & (columns.pays == Pays.RISK)
        here = (columns.flight == flight) & unpaid
        values = {"status": SaleStatus.PENDING, "tries": columns.tries + 1}
        with self._store.write() as connection:
            connection.execute(update(FLIGHT_CLAIMS).where(here).values(values))

    def _close(self, flight: str) -> None:
        """All is told or too late, all is paid or known to be owed, all is given back."""
        columns = ALLOWANCES.c
        unended = (AllowanceStatus.OPENING, AllowanceStatus.OPEN, AllowanceStatus.RELEASING)
        waiting = select(columns.id).where(
            columns.flight == flight, columns.status.in_(unended)
        )
        with self._store.write() as connection:
            found = lock_flight(connection, flight)
            if not self._may_release(connection, found):
                return
            if connection.execute(waiting).first() is None:
                now_ms = self._clock.now_ms()
                set_status(connection, found, FlightStatus.CLOSED, now_ms)


_ENDED = frozenset(
    {DeclineReason.HOLD_EXPIRED, DeclineReason.HOLD_VOIDED, DeclineReason.HOLD_CAPTURED}
)


def _sales(connection: Connection, flight: str, status: SaleStatus) -> list[FlightSale]:
    columns = FLIGHT_CLAIMS.c
    here = (columns.flight == flight) & (columns.status == status)
    query = select(FLIGHT_CLAIMS).where(here).order_by(columns.device, columns.seq)
    rows = connection.execute(query).mappings()
    return [as_struct(row, FlightSale) for row in rows]


def _payment_of(kept: KeptAllowance) -> Ref:
    assert kept.payment is not None, "an allowance that was opened has a hold"
    return parse_payment(kept.payment)


def _name(sale: FlightSale) -> str:
    place = f"{sale.flight}.{sale.device}.{sale.seq}"
    return f"{place}.story{sale.story}" if sale.story else place


async def _side_by_side(tasks: Sequence[Coroutine[Any, Any, None]]) -> list[Exception]:
    """All of them, some at once; what failed, in their order."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(task: Coroutine[Any, Any, None]) -> None:
        async with room:
            await task

    ended = await asyncio.gather(*map(one, tasks), return_exceptions=True)
    for failure in ended:
        if isinstance(failure, BaseException) and not isinstance(failure, Exception):
            raise failure
    return [failure for failure in ended if isinstance(failure, Exception)]


def _cause(step: str, sale: FlightSale) -> Cause:
    name = f"{step}.{_name(sale)}.{sale.tries}"
    return own_cause("flight sale", name, CALLER, name, sale.amount_minor)
