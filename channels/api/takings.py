"""What merchants took: their payments, newest first, and the totals of a day by channel.

Told by the bookkeeper (services/bookkeeping.py), so a moment behind the answer to a payment. Who
must know how one payment stands asks for that payment.
"""

import asyncio

from channels.access import is_operator, merchant_scope
from channels.problem import bad_field
from channels.query import number
from channels.route import Answer, Call, Route, scopes
from channels.views import Views
from channels.wire import PaymentsView, TakingsView, TakingView
from ledger.clock import Clock
from ledger.time_text import day_of, day_text
from services.payment_list import PAYMENTS_MAX, Wanted, day_totals, list_payments
from services.principals import Principal
from services.store import Store


class TakingsApi:
    def __init__(self, store: Store, views: Views, clock: Clock) -> None:
        self._store = store
        self._views = views
        self._clock = clock

    def routes(self) -> list[Route]:
        reader = scopes("read")
        whose = {"merchant": "whose; for operators, who see all otherwise"}
        return [
            Route(
                method="GET", path="/v1/payments", handler=self.payments, scopes=reader,
                summary="A merchant's payments, newest first",
                answers={200: PaymentsView}, problems=(400,),
                texts=frozenset({"before", "channel", "merchant"}),
                query={
                    "limit": f"payments of one page, {PAYMENTS_MAX} at most",
                    "before": "the `next` of the page before",
                    "channel": "only those of this channel",
                    **whose,
                },
            ),
            Route(
                method="GET", path="/v1/takings", handler=self.takings, scopes=reader,
                summary="What a day brought, by merchant, channel and currency",
                answers={200: TakingsView}, problems=(400,),
                texts=frozenset({"day", "merchant"}),
                query={"day": "2026-11-22, in UTC; today when absent", **whose},
            ),
        ]  # fmt: skip

    async def payments(self, call: Call) -> Answer:
        limit = max(1, number(call, "limit", default=50, most=PAYMENTS_MAX))
        wanted = Wanted(
            merchant=_whose(call),
            channel=call.query.get("channel", ""),
            before=_cursor(call.query.get("before")),
            limit=limit,
        )
        rows = await asyncio.to_thread(list_payments, self._store, wanted)
        full = len(rows) == limit
        cursor = f"{rows[-1].at_ms}.{rows[-1].id}" if full else None
        show_account = is_operator(call.caller)
        views = await self._views.payment_rows(rows, show_account=show_account)
        return Answer(200, PaymentsView(views, cursor))

    async def takings(self, call: Call) -> Answer:
        day = call.query.get("day") or day_text(self._clock.now_ms())
        try:
            day_of(day)
        except ValueError:
            raise bad_field("day", f"{day[:32]!r} is not a day like 2026-11-22.") from None
        totals = await asyncio.to_thread(day_totals, self._store, day, _whose(call))
        names = await self._views.merchant_names({total.merchant for total in totals})
        views = [
            TakingView(
                merchant=total.merchant,
                merchant_name=names.get(total.merchant),
                channel=total.channel,
                currency=total.currency,
                approved=total.approved,
                declined=total.declined,
                captured_minor=total.captured_minor,
                refunded_minor=total.refunded_minor,
            )
            for total in totals
        ]
        return Answer(200, TakingsView(day, views))


def _whose(call: Call) -> str:
    """The merchant to show; empty for all, which only operators see."""
    caller: Principal = call.caller
    return merchant_scope(caller) or call.query.get("merchant", "")


def _cursor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    at_ms, _, payment = text.partition(".")
    if not at_ms.isascii() or not at_ms.isdigit() or len(text) > 64:
        raise bad_field("before", f"{text[:64]!r} is not the `next` of a page.")
    return int(at_ms), payment
