"""Cards: make, block, report as lost, limit; and what a till asks before a card pays."""

import asyncio
import base64
import hashlib
from collections.abc import Callable

from msgspec import UNSET

from channels.access import is_operator, merchant_of, own_account
from channels.card_wire import (
    CardsView,
    CardView,
    InviteBody,
    InviteView,
    NewCardBody,
    NewCardView,
    TapLimitBody,
)
from channels.outcome import approved, refused
from channels.problem import Problem, bad_field, not_found
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.wire import Amount, AmountView
from ledger.account import CODE_LIFE_MS
from ledger.clock import Clock
from ledger.commands import ReadAccount
from ledger.events import AccountKind
from ledger.ids import AccountId
from ledger.money import Money, UnknownCommodity, exponent
from ledger.replies import AccountReply, RefusalKind
from ledger.time_text import time_text
from services.asking import Accounts, Refused
from services.card_desk import CardDesk, Sale
from services.card_making import make_chip, make_stripe
from services.cards import (
    Card,
    CardIsLost,
    CardStatus,
    TooManyCards,
    UnknownCard,
    cards_of,
    get_card,
    set_status,
    set_tap_limit,
)
from services.keyring import Keyring
from services.principals import Principal
from services.store import Store

ONE = "/v1/cards/{id}"


class CardsApi:
    def __init__(
        self,
        accounts: Accounts,
        desk: CardDesk,
        store: Store,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._desk = desk
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def routes(self) -> list[Route]:
        operator, holder = scopes("accounts"), scopes("accounts", "own")
        shown = {200: CardView}
        return [
            Route(
                method="POST", path="/v1/cards", handler=self.make, scopes=operator,
                summary="Make a card that pays from an account", body=NewCardBody, keyed=True,
                answers={201: NewCardView}, problems=(404, 409, 422),
            ),
            Route(
                method="POST", path="/v1/cards/invitations", handler=self.invite,
                scopes=scopes("payments"), body=InviteBody, answers={200: InviteView},
                summary="What proves the gateway, and a charge, to a card that is tapped",
                problems=(404,),
            ),
            Route(
                method="GET", path=ONE, handler=self.read, scopes=holder,
                summary="A card", answers=shown,
            ),
            Route(
                method="GET", path="/v1/accounts/{id}/cards", handler=self.list, scopes=holder,
                summary="The cards of an account", answers={200: CardsView}, problems=(400,),
            ),
            Route(
                method="POST", path=f"{ONE}/block", handler=self.block, scopes=holder,
                summary="Decline it until it is unblocked", body=NoBody, answers=shown,
                problems=(409,),
            ),
            Route(
                method="POST", path=f"{ONE}/unblock", handler=self.unblock, scopes=operator,
                summary="Let it pay again", body=NoBody, answers=shown, problems=(409,),
            ),
            Route(
                method="POST", path=f"{ONE}/lost", handler=self.lose, scopes=holder,
                summary="Decline it for ever", body=NoBody, answers=shown,
            ),
            Route(
                method="POST", path=f"{ONE}/tap-limit", handler=self.limit, scopes=operator,
                summary="Above this a PIN is needed; null for never", body=TapLimitBody,
                answers=shown,
            ),
        ]  # fmt: skip

    async def make(self, call: Call) -> Answer:
        body: NewCardBody = call.body
        account = own_account(call.caller, body.account, "$.account")
        limit = (
            _money(body.tap_limit, "$.tap_limit") if body.tap_limit is not UNSET else None
        )
        kind = await self._kind_of(call.caller, account)
        if body.form == "stripe" and kind is not AccountKind.GIFT_CARD:
            raise Problem(
                422, "stripe-refused",
                "A stripe can be copied, so only gift cards have one: say form `chip`.",
                field="$.form",
            )  # fmt: skip
        if body.form == "stripe" and limit is not None:
            raise Problem(
                422, "stripe-refused", "A stripe has no PIN, so a tap limit would end it.",
                field="$.tap_limit",
            )  # fmt: skip
        card_id = _derived(call.cause.key)
        try:
            card, number, replayed = await asyncio.to_thread(
                self._make, card_id, body, limit
            )
        except TooManyCards as error:
            raise Problem(409, "too-many-cards", f"{error}.".capitalize()) from None
        wanted = (body.account, body.form, limit)
        if (card.account, card.form, card.tap_limit) != wanted:
            raise refused(Refused(RefusalKind.KEY_REUSED))
        return Answer(201, NewCardView(card_view(card), number), replayed)

    def _make(
        self, card: bytes, body: NewCardBody, limit: Money | None
    ) -> tuple[Card, str | None, bool]:
        now_ms = self._clock.now_ms()
        if body.form == "stripe":
            return make_stripe(
                self._store, self._keyring, card, account=body.account, now_ms=now_ms
            )
        made, replayed = make_chip(
            self._store,
            card,
            account=body.account,
            key_id=self._desk.newest_key_id,
            tap_limit=limit,
            now_ms=now_ms,
        )
        return made, None, replayed

    async def invite(self, call: Call) -> Answer:
        body: InviteBody = call.body
        amount = _money(body.amount, "$.amount")
        merchant = merchant_of(call.caller, body.merchant or None)
        sale = Sale(amount, merchant, body.terminal)
        challenge = base64.b64decode(body.challenge)
        try:
            invitation = await asyncio.to_thread(
                self._desk.invite, body.card, challenge, sale
            )
        except UnknownCard:
            raise not_found("card", body.card, "$.card") from None
        return Answer(
            200,
            InviteView(
                charge=base64.b64encode(invitation.charge).decode(),
                proof=base64.b64encode(invitation.proof).decode(),
                pin_needed=invitation.pin_needed,
                expires_at=time_text(invitation.issued_at_ms + CODE_LIFE_MS),
            ),
        )

    async def read(self, call: Call) -> Answer:
        card = await asyncio.to_thread(self._own, call.caller, call.path["id"])
        return Answer(200, card_view(card))

    async def list(self, call: Call) -> Answer:
        own_account(call.caller, call.path["id"])
        cards = await asyncio.to_thread(cards_of, self._store, call.path["id"])
        return Answer(200, CardsView([card_view(card) for card in cards]))

    async def block(self, call: Call) -> Answer:
        return await self._turn(call, CardStatus.BLOCKED)

    async def unblock(self, call: Call) -> Answer:
        return await self._turn(call, CardStatus.ACTIVE)

    async def lose(self, call: Call) -> Answer:
        return await self._turn(call, CardStatus.LOST)

    async def limit(self, call: Call) -> Answer:
        body: TapLimitBody = call.body
        limit = _money(body.tap_limit, "$.tap_limit") if body.tap_limit else None
        return await self._change(
            call, lambda card: set_tap_limit(self._store, card, limit)
        )

    async def _turn(self, call: Call, status: CardStatus) -> Answer:
        try:
            return await self._change(
                call, lambda card: set_status(self._store, card, status)
            )
        except CardIsLost as error:
            raise Problem(409, "card-lost", f"{error}.".capitalize(), field="id") from None

    async def _change(self, call: Call, change: Callable[[str], Card]) -> Answer:
        card = await asyncio.to_thread(self._own, call.caller, call.path["id"])
        return Answer(200, card_view(await asyncio.to_thread(change, card.id)))

    def _own(self, caller: Principal, text: str) -> Card:
        """Another's is not there, so that ids tell nothing. Raises Problem 404."""
        try:
            card = get_card(self._store, text)
        except UnknownCard:
            raise not_found("card", text) from None
        if not is_operator(caller) and caller.account != card.account:
            raise not_found("card", text)
        return card

    async def _kind_of(self, caller: Principal, account: AccountId) -> AccountKind:
        command = ReadAccount(account=account)
        reply = await self._accounts.read(command, caller.id)
        return approved(reply, AccountReply, "$.account").kind


def card_view(card: Card) -> CardView:
    limit = card.tap_limit
    return CardView(
        id=card.id,
        account=card.account,
        form=card.form.value,
        status=card.status.value,
        tap_limit=AmountView(limit.amount_minor, limit.commodity) if limit else None,
        masked=card.masked,
        made_at=time_text(card.made_at_ms),
        personalised_at=(
            time_text(card.personalised_at_ms) if card.personalised_at_ms else None
        ),
    )


def _money(amount: Amount, field: str) -> Money:
    try:
        exponent(amount.currency)
    except UnknownCommodity as error:
        raise bad_field(f"{field}.currency", f"{error}.") from None
    return Money(amount.amount_minor, amount.currency)


def _derived(key: bytes) -> bytes:
    """The card's number derives from the key, so a retry finds the card that it made."""
    return hashlib.sha256(b"card\x00" + key).digest()[:15]
