"""Settlements: operators begin them, merchants read what came of them, line by line.

A settlement is carried on by the back office (services/settler.py); here it is asked for and shown.
"""

import asyncio
import csv
import hashlib
import io

from channels.access import is_operator, merchant_scope
from channels.csv_text import safe_cell
from channels.problem import Problem, bad_field, not_found
from channels.query import number
from channels.route import Answer, Call, Document, Route, scopes
from channels.settlement_wire import (
    CutView,
    FeeBody,
    FeesView,
    FeeView,
    SettlementBody,
    SettlementLinesView,
    SettlementLineView,
    SettlementsView,
    SettlementTotalView,
    SettlementView,
)
from channels.views import Views
from ledger.clock import Clock
from ledger.ids import account_text
from ledger.money import format_minor
from ledger.posting import commodity_of
from ledger.time_text import time_text
from services.bookkeeping import Line
from services.fees import FeeRate, Rates, agree_rate, rates_of
from services.merchants import UnknownMerchant
from services.mint import mint
from services.settlements import (
    LINES_MAX,
    Settlement,
    SettlementStatus,
    SettlementUnderWay,
    Sums,
    Total,
    UnknownSettlement,
    account_of_merchant,
    cuts_of,
    get_settlement,
    lines_of,
    list_settlements,
    open_settlement,
    place_of,
    totals_of,
)
from services.store import Store

CSV = "text/csv"
# Lines of one document, some 4 MB; who needs more reads pages.
CSV_LINES_MAX = 50_000
ROUNDING = (
    "amount x basis points / 10,000 for each line; half a minor unit or more is rounded up"
)
_COLUMNS = (
    "entry",
    "at",
    "kind",
    "payment",
    "order",
    "channel",
    "currency",
    "amount",
    "fee",
)


class SettlementsApi:
    def __init__(self, store: Store, views: Views, clock: Clock) -> None:
        self._store = store
        self._views = views
        self._clock = clock

    def routes(self) -> list[Route]:
        reader, one = scopes("business", "admin"), "/v1/settlements/{id}"
        merchant = {"merchant": "whose; for operators, who see all otherwise"}
        texts = frozenset({"merchant", "after"})
        return [
            Route(
                method="POST", path="/v1/settlements", handler=self.open,
                scopes=scopes("funding"), summary="Settle what a merchant took until now",
                body=SettlementBody, keyed=True, answers={201: SettlementView},
                problems=(404, 409),
            ),
            Route(
                method="GET", path="/v1/settlements", handler=self.show_all, scopes=reader,
                summary="Settlements, newest first", answers={200: SettlementsView},
                query=merchant, texts=texts,
            ),
            Route(
                method="GET", path=one, handler=self.read, scopes=reader,
                summary="A settlement: its cuts and totals", answers={200: SettlementView},
            ),
            Route(
                method="GET", path=f"{one}/lines", handler=self.lines, scopes=reader,
                summary="Each payment and refund of it, with its fee",
                answers={200: SettlementLinesView}, problems=(400,), texts=texts,
                query={
                    "limit": f"lines of one page, {LINES_MAX} at most",
                    "after": "the `next` of the page before",
                },
            ),
            Route(
                method="GET", path=f"{one}/statement.csv", handler=self.statement,
                scopes=reader, summary="All lines and the totals as CSV", gives=CSV,
                answers={200: Document}, problems=(409,),
            ),
            Route(
                method="GET", path="/v1/fees", handler=self.fees, scopes=reader,
                summary="What a merchant pays for its payments, by channel",
                answers={200: FeesView}, problems=(400,), query=merchant, texts=texts,
            ),
            Route(
                method="POST", path="/v1/fees", handler=self.agree, scopes=scopes("admin"),
                summary="Agree a rate, from the next day (UTC) on", body=FeeBody,
                answers={200: FeeView}, problems=(404,),
            ),
        ]  # fmt: skip

    async def open(self, call: Call) -> Answer:
        merchant: str = call.body.merchant
        seed = hashlib.sha256(b"settlement\x00" + call.cause.key).digest()
        try:
            settlement, replayed = await asyncio.to_thread(
                open_settlement,
                self._store,
                mint("stl", lambda count: seed[:count]),
                merchant,
                opened_by=call.caller.id,
                now_ms=self._clock.now_ms(),
            )
        except UnknownMerchant:
            raise not_found("merchant", merchant, "$.merchant") from None
        except SettlementUnderWay as error:
            detail = f"{error}.".capitalize()
            raise Problem(409, "settlement-under-way", detail) from None
        if settlement.merchant != merchant:
            raise Problem(
                422,
                "idempotency-key-reused",
                "This Idempotency-Key came with another merchant before. Use a new key.",
                field="Idempotency-Key",
            )
        return Answer(201, await self._view(settlement), replayed)

    async def show_all(self, call: Call) -> Answer:
        merchant = merchant_scope(call.caller) or call.query.get("merchant", "")
        found = await asyncio.to_thread(list_settlements, self._store, merchant)
        return Answer(200, SettlementsView([await self._view(one) for one in found]))

    async def read(self, call: Call) -> Answer:
        return Answer(200, await self._view(await self._own(call)))

    async def lines(self, call: Call) -> Answer:
        settlement = await self._own(call)
        limit = max(1, number(call, "limit", default=100, most=LINES_MAX))
        after = _place(call.query.get("after"))
        found, sums = await asyncio.to_thread(self._lines, settlement, after, limit)
        views = await self._line_views(found, sums)
        last = found[-1] if len(found) == limit else None
        cursor = f"{last.partition}.{last.seq}.{last.pot}" if last else None
        return Answer(200, SettlementLinesView(views, cursor))

    async def statement(self, call: Call) -> Answer:
        settlement = await self._own(call)
        views: list[SettlementLineView] = []
        after = (-1, 0, "")
        while True:
            found, sums = await asyncio.to_thread(self._lines, settlement, after, LINES_MAX)
            if not found:
                break
            views += await self._line_views(found, sums)
            after = place_of(found[-1])
            if len(views) > CSV_LINES_MAX:
                detail = f"It has more than {CSV_LINES_MAX} lines: read them in pages."
                raise Problem(409, "statement-too-long", detail)
        totals = await asyncio.to_thread(totals_of, self._store, settlement.id)
        return Answer(200, Document(_csv(views, totals), CSV))

    async def fees(self, call: Call) -> Answer:
        merchant = merchant_scope(call.caller) or call.query.get("merchant", "")
        if not merchant:
            raise bad_field("merchant", "Say whose fees: `merchant` is missing.")
        rates = await asyncio.to_thread(rates_of, self._store, merchant)
        return Answer(200, FeesView([_fee_view(rate) for rate in rates], ROUNDING))

    async def agree(self, call: Call) -> Answer:
        body: FeeBody = call.body
        try:
            rate = await asyncio.to_thread(
                agree_rate,
                self._store,
                body.merchant,
                body.channel,
                body.basis_points,
                now_ms=self._clock.now_ms(),
            )
        except UnknownMerchant:
            raise not_found("merchant", body.merchant, "$.merchant") from None
        return Answer(200, _fee_view(rate))

    async def _own(self, call: Call) -> Settlement:
        text = call.path["id"]
        try:
            settlement = await asyncio.to_thread(get_settlement, self._store, text)
        except UnknownSettlement:
            raise not_found("settlement", text) from None
        if not is_operator(call.caller) and settlement.merchant != call.caller.merchant:
            raise not_found("settlement", text)
        return settlement

    def _lines(
        self, settlement: Settlement, after: tuple[int, int, str], limit: int
    ) -> tuple[list[Line], Sums]:
        merchant = settlement.merchant
        cuts = cuts_of(self._store, settlement.id)
        found = lines_of(self._store, merchant, cuts, after=after, limit=limit)
        return found, Sums(Rates(rates_of(self._store, merchant)))

    async def _line_views(self, lines: list[Line], sums: Sums) -> list[SettlementLineView]:
        orders = await self._views.orders_of_payments({line.payment for line in lines})
        return [
            SettlementLineView(
                entry=f"{line.partition}-{line.seq}",
                at=time_text(line.at_ms),
                kind=line.kind,
                payment=line.payment,
                order=orders.get(line.payment),
                channel=line.channel,
                currency=commodity_of(line.pot),
                amount_minor=line.amount_minor,
                fee_minor=sums.fee_of(line),
            )
            for line in lines
        ]

    async def _view(self, settlement: Settlement) -> SettlementView:
        names = await self._views.merchant_names([settlement.merchant])
        cuts = await asyncio.to_thread(cuts_of, self._store, settlement.id)
        totals = await asyncio.to_thread(totals_of, self._store, settlement.id)
        settled = settlement.status is SettlementStatus.SETTLED
        return SettlementView(
            id=settlement.id,
            merchant=settlement.merchant,
            merchant_name=names.get(settlement.merchant),
            number=settlement.number,
            status=settlement.status.value,
            account=account_text(account_of_merchant(settlement.merchant)),
            opened_at=time_text(settlement.opened_at_ms),
            settled_at=time_text(settlement.settled_at_ms) if settled else None,
            cuts=[CutView(cut.partition, cut.after, cut.upto) for cut in cuts],
            totals=[_total_view(total) for total in totals],
        )


def _total_view(total: Total) -> SettlementTotalView:
    return SettlementTotalView(
        currency=commodity_of(total.pot),
        payments_minor=total.payments_minor,
        refunds_minor=total.refunds_minor,
        gross_minor=total.gross_minor,
        fees_minor=total.fees_minor,
        carried_before_minor=total.carried_before_minor,
        credited_minor=total.credited_minor,
        carried_minor=total.carried_minor,
    )


def _fee_view(rate: FeeRate) -> FeeView:
    return FeeView(rate.merchant, rate.channel, rate.basis_points, time_text(rate.from_ms))


def _place(text: str | None) -> tuple[int, int, str]:
    if text is None:
        return -1, 0, ""
    partition, _, rest = text.partition(".")
    seq, _, pot = rest.partition(".")
    digits = partition + seq
    if not (digits.isascii() and partition.isdigit() and seq.isdigit()) or len(text) > 64:
        raise bad_field("after", f"{text[:64]!r} is not the `next` of a page.")
    return int(partition), int(seq), pot


def _csv(lines: list[SettlementLineView], totals: list[Total]) -> bytes:
    """Amounts as people write them; the totals stand behind the lines, one row for each figure."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in lines:
        amount = format_minor(line.amount_minor, line.currency)
        fee = format_minor(line.fee_minor, line.currency)
        order = safe_cell(line.order or "")
        about = (line.entry, line.at, line.kind, line.payment, order, line.channel)
        writer.writerow([*about, line.currency, amount, fee])
    for total in totals:
        currency = commodity_of(total.pot)
        for name, minor in (
            ("payments", total.payments_minor),
            ("refunds", -total.refunds_minor),
            ("fees", -total.fees_minor),
            ("carried before", total.carried_before_minor),
            ("credited", total.credited_minor),
            ("carried", total.carried_minor),
        ):
            amount = format_minor(minor, currency)
            writer.writerow(["", "", f"total {name}", "", "", "", currency, amount, ""])
    return text.getvalue().encode()
