"""Bank cards that a wallet knows again: link, list, unlink, recognise.

No number of a bank card comes here. A till, or whoever reads the card, makes a token of it; for a
card without a PAR it asks for one step of that, which shows us nothing (terminals/pan.py).
"""

import asyncio
import base64
from typing import Annotated

from msgspec import Meta

from channels.access import own_account
from channels.problem import Problem, bad_field
from channels.route import Answer, Call, Route, scopes
from channels.wire import In, Out
from ledger.clock import Clock
from ledger.time_text import time_text
from services.keyring import Keyring
from services.linked_cards import (
    LinkedCard,
    TooManyLinkedCards,
    find_linked,
    link_card,
    linked_cards_of,
    unlink_card,
)
from services.store import Store
from terminals.pan import NotAPoint, multiplied, scalar_of

OF_ACCOUNT = "/v1/accounts/{id}/linked-cards"

Token = Annotated[str, Meta(pattern="^tok_[a-z2-7]{32}$")]
Point = Annotated[
    str, Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="32 bytes in base64")
]
Masked = Annotated[str, Meta(pattern=r"^\*{4} [0-9]{4}$")]
Expiry = Annotated[str, Meta(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class PointBody(In, frozen=True):
    point: Point


class PointView(Out, frozen=True):
    point: str


class LinkBody(In, frozen=True):
    token: Token
    masked: Masked
    expiry: Expiry


class TokenBody(In, frozen=True):
    token: Token


class LinkedCardView(Out, frozen=True):
    token: str
    masked: str
    expiry: str
    linked_at: str


class LinkedCardsView(Out, frozen=True):
    cards: list[LinkedCardView]


class RecognisedView(Out, frozen=True):
    """How many wallets know it; whose they are is nobody's business at a till."""

    wallets: int


class LinkedCardsApi:
    def __init__(self, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._key = scalar_of(keyring.card_token_secret())

    def routes(self) -> list[Route]:
        holder = scopes("accounts", "own")
        readers = scopes("payments", "accounts", "own")
        listed = {200: LinkedCardsView}
        return [
            Route(
                method="POST", path="/v1/linked-cards/exchange", handler=self.exchange,
                scopes=readers, summary="One step of a token, blinded by who reads the card",
                body=PointBody, answers={200: PointView},
            ),
            Route(
                method="POST", path="/v1/linked-cards/recognise", handler=self.recognise,
                scopes=scopes("payments"), summary="Does a wallet know this bank card?",
                body=TokenBody, answers={200: RecognisedView},
            ),
            Route(
                method="POST", path=OF_ACCOUNT, handler=self.link, scopes=holder,
                summary="Know this bank card again", body=LinkBody,
                answers={201: LinkedCardView}, problems=(409,),
            ),
            Route(
                method="GET", path=OF_ACCOUNT, handler=self.list, scopes=holder,
                summary="The bank cards that a wallet knows", answers=listed, problems=(400,),
            ),
            Route(
                method="POST", path=f"{OF_ACCOUNT}/unlink", handler=self.unlink, scopes=holder,
                summary="Forget a bank card", body=TokenBody, answers=listed,
            ),
        ]  # fmt: skip

    async def exchange(self, call: Call) -> Answer:
        """In a thread: it takes a tenth of a millisecond of plain arithmetic."""
        point = base64.b64decode(call.body.point)
        try:
            answer = await asyncio.to_thread(multiplied, self._key, point)
        except NotAPoint as error:
            raise bad_field("$.point", f"{error}.".capitalize()) from None
        return Answer(200, PointView(base64.b64encode(answer).decode()))

    async def recognise(self, call: Call) -> Answer:
        found = await asyncio.to_thread(find_linked, self._store, call.body.token)
        return Answer(200, RecognisedView(len(found)))

    async def link(self, call: Call) -> Answer:
        own_account(call.caller, call.path["id"])
        body: LinkBody = call.body
        card = LinkedCard(
            account=call.path["id"],
            token=body.token,
            masked=body.masked,
            expiry=body.expiry,
            linked_at_ms=self._clock.now_ms(),
        )
        try:
            linked = await asyncio.to_thread(link_card, self._store, card)
        except TooManyLinkedCards as error:
            raise Problem(409, "too-many-cards", f"{error}.".capitalize()) from None
        return Answer(201, _view(linked))

    async def list(self, call: Call) -> Answer:
        own_account(call.caller, call.path["id"])
        return await self._listed(call.path["id"])

    async def unlink(self, call: Call) -> Answer:
        own_account(call.caller, call.path["id"])
        account = call.path["id"]
        await asyncio.to_thread(unlink_card, self._store, account, call.body.token)
        return await self._listed(account)

    async def _listed(self, account: str) -> Answer:
        cards = await asyncio.to_thread(linked_cards_of, self._store, account)
        return Answer(200, LinkedCardsView([_view(card) for card in cards]))


def _view(card: LinkedCard) -> LinkedCardView:
    return LinkedCardView(
        card.token, card.masked, card.expiry, time_text(card.linked_at_ms)
    )
