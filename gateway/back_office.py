"""The back office: what is done from the journals after payments were answered. One for each
installation, in the supervisor's process; so a gateway that is killed takes nothing of it along.

The bookkeeper tells payments to the store, the courier brings merchants their news, and the settler
carries settlements to their end. Each keeps its place in the store. All of it may be killed at any
step, and goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import msgspec

from actors.batcher import MailboxFull
from actors.directory import Directory
from channels.views import Names, Views
from channels.webhook_wire import NewsData, NewsView
from gateway.logs import get
from gateway.webhook_sender import WebhookSender
from ledger.clock import SECOND_MS, Clock
from ledger.journal import Store as Journals
from ledger.time_text import time_text
from services.asking import Accounts, Refused, Unanswered
from services.bookkeeping import Bookkeeper
from services.courier import Courier
from services.keyring import Keyring
from services.order_texts import OrderTexts
from services.outbox import Delivery, Outbox, owe
from services.settlements import Settlement
from services.settler import Settler
from services.store import Store, StoreUnavailable
from services.webhook_signature import signed_headers
from services.webhooks import get_webhook

# Between two looks at journals where nothing new was: how old a list of payments may be. Looking
# less often makes pages fuller and each payment cheaper: 40 µs with 148 in a page, 36 with 256.
LOOK_S = 0.2
# Between two looks at settlements; each makes one a day.
SETTLE_S = 0.5

_log = get("back office")
_encode = msgspec.json.Encoder().encode

Sleep = Callable[[float], Awaitable[None]]


class OfficeParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a back office stands on. dice: for the moments at which is tried again."""

    journals: Journals
    store: Store
    directory: Directory
    accounts: Accounts
    keyring: Keyring
    clock: Clock
    dice: Random
    sender: WebhookSender


class BackOffice:
    def __init__(self, parts: OfficeParts) -> None:
        store, clock = parts.store, parts.clock
        self._parts = parts
        self._views = Views(Names(store, OrderTexts(store, clock)))
        count = parts.directory.partition_count
        self._bookkeeper = Bookkeeper(store, parts.journals, count, also=[owe])
        self._settler = Settler(
            store, parts.accounts, parts.directory, clock=clock, on_trouble=_warn
        )
        self._courier = Courier(Outbox(store), self._bring, clock=clock, dice=parts.dice)

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """For as long as the installation lives. A settlement that waits for a partition shall not
        keep the news waiting; but if one of the two fails, neither goes on behind the back of the
        office that is opened next.
        """
        async with asyncio.TaskGroup() as both:
            both.create_task(self._keep_telling(sleep))
            both.create_task(self._keep_settling(sleep))

    async def _keep_settling(self, sleep: Sleep) -> None:
        while True:
            try:
                await self._settler.step()
            except (StoreUnavailable, Unanswered, Refused, MailboxFull):
                _log.warning("a settlement waits: its store or a partition does not answer")
            await sleep(SETTLE_S)

    async def _keep_telling(self, sleep: Sleep) -> None:
        while True:
            more = False
            try:
                more = await asyncio.to_thread(self._bookkeeper.step)
                await self._courier.step()
            except StoreUnavailable:
                _log.warning("the store does not answer: merchants hear of payments later")
            # Who is behind does not rest, or a busy hour would be told until the next.
            await sleep(0 if more else LOOK_S)

    def catch_up(self) -> None:
        """Tell all that there is: for tests and tools, which have no time to wait."""
        while self._bookkeeper.step():
            pass

    async def settle(self) -> bool:
        """Take each open settlement as far as it goes. True if one is still open."""
        self.catch_up()
        return await self._settler.step()

    async def deliver(self) -> None:
        """Bring all that is due now."""
        self.catch_up()
        await self._courier.step()
        await self._courier.settle()

    async def close(self) -> None:
        await self._courier.stop()
        await self._parts.sender.close()
        self._bookkeeper.close()

    async def _bring(self, delivery: Delivery) -> str:
        """What was wrong, or nothing."""
        store, now_ms = self._parts.store, self._parts.clock.now_ms()
        try:
            webhook = await asyncio.to_thread(get_webhook, store, delivery.webhook)
            body = _encode(await self._news(delivery))
        except StoreUnavailable:
            return "the store did not answer"
        secrets = webhook.secrets(self._parts.keyring, now_ms)
        headers = signed_headers(delivery.event, now_ms // SECOND_MS, body, secrets)
        headers |= {"Content-Type": "application/json", "User-Agent": "Airside"}
        return await self._parts.sender.send(webhook.url, headers, body)

    async def _news(self, delivery: Delivery) -> NewsView:
        [payment] = await self._views.payment_rows([delivery.row], show_account=False)
        kind, at = f"payment.{delivery.kind}", time_text(delivery.at_ms)
        return NewsView(kind, at, delivery.seq, NewsData(payment))


def _warn(settlement: Settlement, cause: str) -> None:
    _log.error("a settlement does not go on", settlement=settlement.id, cause=cause)
