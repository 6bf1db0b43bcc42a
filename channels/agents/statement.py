"""An agency's statement, as JSON and as CSV, for the agency and for operators."""

import asyncio
import csv
import io
from datetime import UTC, datetime

from channels.agents.access import AgencyFinder
from channels.agents.wire import StatementLineView, StatementView
from channels.csv_text import amount_cell, safe_cell
from channels.days import named_day
from channels.problem import Problem, bad_field
from channels.route import Answer, Call, Document, Route, scopes
from ledger.clock import DAY_MS, Clock
from ledger.entry import Entry
from ledger.events import TransferReceived
from ledger.ids import Ref, account_text, parse_account, payment_text, transfer_text
from ledger.time_text import time_text
from services.agencies import Agency
from services.asking import Accounts
from services.payment_state import kind_of
from services.sales_day import MINUTE_MS
from services.statements import (
    Line,
    NoSuchPot,
    Statement,
    Statements,
    StatementTooLong,
)
from services.store import Store
from services.tickets import Ticket, tickets_of_payments

CSV = "text/csv"
QUERY = {
    "currency": "which pot; the agency's first, if it is not said",
    "from": "first day, 2026-11-22, where the agency is; today, if it is not said",
    "to": "last day; the first, if it is not said",
}


class StatementApi:
    def __init__(
        self, finder: AgencyFinder, accounts: Accounts, store: Store, clock: Clock
    ) -> None:
        self._finder = finder
        self._accounts = accounts
        self._statements = Statements(accounts)
        self._store = store
        self._clock = clock

    def routes(self) -> list[Route]:
        agent, operator = scopes("agency"), scopes("accounts")
        texts = frozenset(QUERY)
        return [
            Route(
                method="GET", path="/v1/agency/statement", handler=self.own, scopes=agent,
                summary="Opening balance, entries, closing balance", query=QUERY, texts=texts,
                answers={200: StatementView}, problems=(400, 404, 422),
            ),
            Route(
                method="GET", path="/v1/agency/statement.csv", handler=self.own_csv,
                scopes=agent, summary="The same as CSV", query=QUERY, texts=texts, gives=CSV,
                answers={200: Document}, problems=(400, 404, 422),
            ),
            Route(
                method="GET", path="/v1/agencies/{id}/statement", handler=self.named,
                scopes=operator, summary="The statement of an agency", query=QUERY,
                texts=texts, answers={200: StatementView}, problems=(400, 422),
            ),
        ]  # fmt: skip

    async def own(self, call: Call) -> Answer:
        return Answer(200, await self._view(call, await self._finder.own(call)))

    async def named(self, call: Call) -> Answer:
        return Answer(200, await self._view(call, await self._finder.named(call)))

    async def own_csv(self, call: Call) -> Answer:
        view = await self._view(call, await self._finder.own(call))
        return Answer(200, Document(_csv(view), CSV))

    async def _view(self, call: Call, agency: Agency) -> StatementView:
        days = self._days(call, agency)
        account = parse_account(agency.account)
        try:
            statement = await self._statements.read(
                account, call.query.get("currency"), days, call.caller.id
            )
        except NoSuchPot as error:
            raise bad_field("currency", f"{error}.") from None
        except StatementTooLong as error:
            text = f"{error}.".capitalize()
            raise Problem(422, "statement-too-long", text, field="from") from None
        payments = {
            payment for line in statement.lines if (payment := _payment(line.entry))
        }
        tickets = await asyncio.to_thread(tickets_of_payments, self._store, payments)
        return _statement_view(self._accounts, agency, statement, tickets)

    def _days(self, call: Call, agency: Agency) -> range:
        """From the first moment of the first day to the last of the last, where the agency is."""
        offset_ms = agency.utc_offset_min * MINUTE_MS
        here = datetime.fromtimestamp((self._clock.now_ms() + offset_ms) // 1000, UTC)
        first_text = call.query.get("from") or f"{here:%Y-%m-%d}"
        first = named_day(first_text, "from")
        last = named_day(call.query.get("to") or first_text, "to")
        if last.start < first.start:
            raise bad_field("to", "The last day is before the first.")
        return range(first.start - offset_ms, last.start + DAY_MS - offset_ms)


def _statement_view(
    accounts: Accounts, agency: Agency, statement: Statement, tickets: dict[str, Ticket]
) -> StatementView:
    partition = accounts.partition_of(statement.account)
    lines = [_line(line, partition, tickets) for line in statement.lines]
    changes = [line.amount_minor for line in statement.lines]
    return StatementView(
        agency=agency.id,
        account=account_text(statement.account),
        currency=statement.currency,
        since=time_text(statement.period.start),
        until=time_text(statement.period.stop),
        opening_minor=statement.opening_minor,
        credits_minor=sum(minor for minor in changes if minor > 0),
        debits_minor=-sum(minor for minor in changes if minor < 0),
        closing_minor=statement.closing_minor,
        lines=lines,
    )


def _line(line: Line, partition: int, tickets: dict[str, Ticket]) -> StatementLineView:
    entry = line.entry
    payment = _payment(entry)
    ticket = tickets.get(payment) if payment else None
    return StatementLineView(
        entry=f"{partition}-{entry.seq}",
        at=time_text(entry.at_ms),
        kind=kind_of(entry),
        amount_minor=line.amount_minor,
        balance_minor=line.balance_minor,
        payment=payment,
        transfer=_transfer(entry),
        ticket=ticket.id if ticket else None,
        order=ticket.order_text if ticket else None,
        channel=ticket.channel if ticket else None,
    )


def _payment(entry: Entry) -> str | None:
    ordinal = getattr(entry.event, "ordinal", 0)
    if not ordinal or type(entry.event).__name__.startswith("Transfer"):
        return None
    return payment_text(Ref(entry.account, ordinal))


def _transfer(entry: Entry) -> str | None:
    if not type(entry.event).__name__.startswith("Transfer"):
        return None
    if isinstance(entry.event, TransferReceived):
        return transfer_text(entry.event.source)
    return transfer_text(Ref(entry.account, getattr(entry.event, "ordinal", 0)))


def _csv(view: StatementView) -> bytes:
    """One row a line, between a row for the opening and one for the closing balance.

    Amounts have the decimals of their currency and no thousands, as spreadsheets read them.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    rows.writerow(
        ["at", "kind", "amount", "balance", "currency", "order", "ticket", "payment"]
    )
    rows.writerow(_balance_row(view.since, "opening", view.opening_minor, view))
    for line in view.lines:
        rows.writerow(
            [
                line.at,
                line.kind,
                amount_cell(line.amount_minor, view.currency),
                amount_cell(line.balance_minor, view.currency),
                view.currency,
                safe_cell(line.order or ""),
                line.ticket or "",
                line.payment or line.transfer or "",
            ]
        )
    rows.writerow(_balance_row(view.until, "closing", view.closing_minor, view))
    return text.getvalue().encode()


def _balance_row(at: str, name: str, minor: int, view: StatementView) -> list[str]:
    return [at, name, "", amount_cell(minor, view.currency), view.currency, "", "", ""]
