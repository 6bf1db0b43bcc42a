"""Payment numbers: drawn on demand, shown once, listed masked."""

import asyncio

from channels.agents.access import AgencyFinder
from channels.agents.wire import NumberBody, NumbersView, NumberView
from channels.problem import key_reused, not_found
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.wire import AmountView
from ledger.clock import SECOND_MS, Clock
from ledger.money import Money
from ledger.time_text import time_text
from services.agencies import Agency
from services.keyring import Keyring
from services.payment_numbers import (
    NewNumber,
    PaymentNumber,
    UnknownNumber,
    cancel_number,
    draw_number,
    get_number,
    list_numbers,
)
from services.store import Store
from services.tickets import numbers_used

LISTED_MAX = 50


class NumbersApi:
    def __init__(
        self, finder: AgencyFinder, store: Store, keyring: Keyring, clock: Clock
    ) -> None:
        self._finder = finder
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def routes(self) -> list[Route]:
        agent = scopes("agency")
        return [
            Route(
                method="POST", path="/v1/agency/numbers", handler=self.draw, scopes=agent,
                summary="A payment number: pays this amount once, before it expires",
                body=NumberBody, keyed=True, answers={201: NumberView}, problems=(404,),
            ),
            Route(
                method="GET", path="/v1/agency/numbers", handler=self.listed, scopes=agent,
                summary="The agency's payment numbers, newest first",
                answers={200: NumbersView}, problems=(404,),
            ),
            Route(
                method="POST", path="/v1/agency/numbers/{id}/cancel", handler=self.cancel,
                scopes=agent, summary="Cancel: it pays for nothing that is asked from now on",
                body=NoBody, answers={200: NumberView},
            ),
        ]  # fmt: skip

    async def draw(self, call: Call) -> Answer:
        body: NumberBody = call.body
        agency = await self._finder.own(call)
        now_ms = self._clock.now_ms()
        new = NewNumber(
            agency=agency.id,
            amount=Money(body.amount.amount_minor, body.amount.currency),
            expires_at_ms=now_ms + body.valid_s * SECOND_MS,
            created_by=call.caller.id,
            asked=call.cause.key,
        )
        drawn = await asyncio.to_thread(
            draw_number, self._store, self._keyring, new, now_ms=now_ms
        )
        number = drawn.number
        lifetime_ms = number.expires_at_ms - number.created_at_ms
        if (number.amount, lifetime_ms) != (new.amount, body.valid_s * SECOND_MS):
            raise key_reused("payment number")
        return Answer(201, self._view(number, {}, drawn.digits), drawn.replayed)

    async def listed(self, call: Call) -> Answer:
        agency = await self._finder.own(call)
        numbers, used = await asyncio.to_thread(self._list, agency)
        return Answer(200, NumbersView([self._view(number, used) for number in numbers]))

    async def cancel(self, call: Call) -> Answer:
        agency = await self._finder.own(call)
        number = await asyncio.to_thread(self._cancel, agency, call.path["id"])
        used = await asyncio.to_thread(numbers_used, self._store, agency.id)
        return Answer(200, self._view(number, used))

    def _list(self, agency: Agency) -> tuple[tuple[PaymentNumber, ...], dict[str, str]]:
        numbers = list_numbers(self._store, agency.id, limit=LISTED_MAX)
        return numbers, numbers_used(self._store, agency.id)

    def _cancel(self, agency: Agency, name: str) -> PaymentNumber:
        try:
            number = get_number(self._store, name)
        except UnknownNumber:
            number = None
        if number is None or number.agency != agency.id:
            raise not_found("payment number", name)
        return cancel_number(self._store, name, now_ms=self._clock.now_ms())

    def _view(
        self, number: PaymentNumber, used: dict[str, str], digits: str | None = None
    ) -> NumberView:
        return NumberView(
            id=number.id,
            number=digits or number.masked,
            amount=AmountView(number.amount.amount_minor, number.amount.commodity),
            status=self._status(number, used),
            expiration=number.expiration,
            expires_at=time_text(number.expires_at_ms),
            created_at=time_text(number.created_at_ms),
            ticket=used.get(number.id),
        )

    def _status(self, number: PaymentNumber, used: dict[str, str]) -> str:
        if number.id in used:
            return "used"
        if number.cancelled_at_ms is not None:
            return "cancelled"
        return "expired" if number.expires_at_ms <= self._clock.now_ms() else "open"
