"""Saved ways to pay, and the default among them: GET and PUT /v1/me/ways-to-pay."""

import asyncio
from typing import Annotated

from msgspec import Meta

from channels.outcome import approved
from channels.problem import Problem, bad_field
from channels.route import Answer, Call, Route, scopes
from channels.wire import Currency, In, Label, Out
from ledger.commands import ReadAccount
from ledger.ids import parse_account
from ledger.posting import commodity_of
from ledger.replies import AccountReply
from services.asking import Accounts
from services.principals import HolderForgotten
from services.store import Store
from services.ways_to_pay import (
    Way,
    WayNotChosen,
    WayUnusable,
    require_way,
    save_ways,
    ways_of,
)


class WayBody(In, frozen=True):
    pot: Currency
    label: Label = ""
    default: bool = False


class WaysBody(In, frozen=True):
    """In their owner's order; all that are saved. One is the default, if there are any."""

    ways: Annotated[list[WayBody], Meta(max_length=16)]


class WayView(Out, frozen=True):
    """saved: false for a pot that its owner has not chosen for paying at a tap."""

    id: str
    kind: str
    pot: str
    currency: str
    label: str
    default: bool
    saved: bool


class WaysView(Out, frozen=True):
    """The saved ones first."""

    ways: list[WayView]


class Ways:
    """What a tap may spend."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def require(self, account: str, currency: str, named: str | None) -> None:
        """Raises Problem 400 or 409."""
        ways = await asyncio.to_thread(ways_of, self._store, account)
        try:
            require_way(ways, currency, named)
        except WayUnusable as error:
            raise bad_field("$.way", f"{error}.") from None
        except WayNotChosen as error:
            detail = f"{error}."
            detail = detail[0].upper() + detail[1:]
            raise Problem(409, "way-not-chosen", detail, field="$.way") from None


class WaysApi:
    def __init__(self, accounts: Accounts, store: Store) -> None:
        self._accounts = accounts
        self._store = store

    def routes(self) -> list[Route]:
        own = scopes("own")
        return [
            Route(
                method="GET", path="/v1/me/ways-to-pay", handler=self.read, scopes=own,
                summary="With what a tap pays", answers={200: WaysView}, problems=(404,),
            ),
            Route(
                method="PUT", path="/v1/me/ways-to-pay", handler=self.save, scopes=own,
                summary="Save, name and order them, and choose the default", body=WaysBody,
                answers={200: WaysView}, problems=(404,),
            ),
        ]  # fmt: skip

    async def read(self, call: Call) -> Answer:
        return Answer(200, await self._view(call, await self._pots(call)))

    async def save(self, call: Call) -> Answer:
        body: WaysBody = call.body
        pots = await self._pots(call)
        for index, way in enumerate(body.ways):
            if way.pot not in pots:
                detail = f"The wallet has no pot in {way.pot}."
                raise bad_field(f"$.ways[{index}].pot", detail)
        if len({way.pot for way in body.ways}) < len(body.ways):
            raise bad_field("$.ways", "A pot stands there twice.")
        if body.ways and [way.default for way in body.ways].count(True) != 1:
            raise bad_field("$.ways", "Exactly one of them is the default.")
        ways = [Way(way.pot, way.label, way.default) for way in body.ways]
        try:
            await asyncio.to_thread(save_ways, self._store, _account(call), ways)
        except HolderForgotten:
            raise bad_field("$.ways", "Whoever held this account was forgotten.") from None
        return Answer(200, await self._view(call, pots))

    async def _pots(self, call: Call) -> list[str]:
        command = ReadAccount(account=parse_account(_account(call)))
        reply = await self._accounts.read(command, call.caller.id)
        return list(approved(reply, AccountReply).pots)

    async def _view(self, call: Call, pots: list[str]) -> WaysView:
        saved = await asyncio.to_thread(ways_of, self._store, _account(call))
        names = {way.pot for way in saved}
        rest = [Way(pot, "", False) for pot in pots if pot not in names]
        chosen = [_view(way, saved=True) for way in saved]
        return WaysView([*chosen, *(_view(way, saved=False) for way in rest)])


def _account(call: Call) -> str:
    account = call.caller.account
    assert account is not None, "a customer has an account"
    return account


def _view(way: Way, *, saved: bool) -> WayView:
    return WayView(
        id=way.pot,
        kind="pot",
        pot=way.pot,
        currency=commodity_of(way.pot),
        label=way.label,
        default=way.is_default,
        saved=saved,
    )
