"""Limits that a person sets to their own wallet: GET and PUT /v1/accounts/{id}/limits."""

import asyncio
from typing import Annotated

from msgspec import Meta

from channels.access import own_account
from channels.outcome import approved
from channels.problem import bad_field
from channels.route import Answer, Call, Route, scopes
from channels.wire import Currency, In, Minor, Out
from ledger.clock import Clock
from ledger.commands import ReadAccount
from ledger.ids import AccountId
from ledger.replies import AccountReply
from ledger.time_text import time_text
from services.asking import Accounts
from services.own_limits import KeptLimit, OwnLimit, OwnLimits
from services.sessions import has_proved
from services.store import Store


class OwnLimitBody(In, frozen=True):
    """Null: no limit."""

    currency: Currency
    payment_minor: Minor | None = None
    day_minor: Minor | None = None


class OwnLimitsBody(In, frozen=True):
    """All of them: a currency that is missing has none."""

    limits: Annotated[list[OwnLimitBody], Meta(max_length=16)]


class LaterView(Out, frozen=True):
    payment_minor: int | None
    day_minor: int | None
    at: str


class OwnLimitView(Out, frozen=True):
    """A day is one of UTC. later: a higher limit that waits, and from when it holds."""

    currency: str
    payment_minor: int | None
    day_minor: int | None
    spent_today_minor: int
    later: LaterView | None


class OwnLimitsView(Out, frozen=True):
    limits: list[OwnLimitView]


class OwnLimitsApi:
    def __init__(
        self, accounts: Accounts, own: OwnLimits, store: Store, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._own = own
        self._store = store
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET", path="/v1/accounts/{id}/limits", handler=self.read,
                scopes=scopes("accounts", "own"), answers={200: OwnLimitsView},
                summary="The limits that its owner has set", problems=(400,),
            ),
            Route(
                method="PUT", path="/v1/accounts/{id}/limits", handler=self.set,
                scopes=scopes("own"), body=OwnLimitsBody, answers={200: OwnLimitsView},
                summary="Set them: a lower one holds at once, a higher one waits a day",
            ),
        ]  # fmt: skip

    async def read(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        await self._pots(account, call.caller.id)
        return await self._answer(account)

    async def set(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        body: OwnLimitsBody = call.body
        pots = await self._pots(account, call.caller.id)
        wanted = {limit.currency: _wanted(limit) for limit in body.limits}
        for index, limit in enumerate(body.limits):
            if limit.currency not in pots:
                raise bad_field(
                    f"$.limits[{index}].currency",
                    f"The wallet has no pot in {limit.currency}.",
                )
        if len(wanted) < len(body.limits):
            raise bad_field("$.limits", "A currency stands there twice.")
        now_ms = self._clock.now_ms()
        proved = await asyncio.to_thread(
            has_proved, self._store, call.caller, now_ms=now_ms
        )
        await asyncio.to_thread(
            self._own.change, account, list(wanted.values()), at_once=proved
        )
        return await self._answer(account)

    async def _pots(self, account: AccountId, caller: str) -> frozenset[str]:
        read = ReadAccount(account=account)
        reply = approved(await self._accounts.read(read, caller), AccountReply, "id")
        return frozenset(reply.pots)

    async def _answer(self, account: AccountId) -> Answer:
        kept = await asyncio.to_thread(self._own.limits, account)
        return Answer(200, OwnLimitsView([_view(each) for each in kept]))


def _wanted(body: OwnLimitBody) -> OwnLimit:
    return OwnLimit(body.currency, body.payment_minor, body.day_minor)


def _view(kept: KeptLimit) -> OwnLimitView:
    later = None
    if kept.later is not None and kept.later_from_ms is not None:
        at = time_text(kept.later_from_ms)
        later = LaterView(kept.later.payment_minor, kept.later.day_minor, at)
    now = kept.now
    return OwnLimitView(
        now.currency, now.payment_minor, now.day_minor, kept.spent_today_minor, later
    )
