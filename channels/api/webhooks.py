"""Webhooks: merchants, and operators for them, say where news of payments goes, look at what was
sent, and have it sent again.
"""

import asyncio
import hashlib

from channels.access import is_operator, merchant_of, merchant_scope
from channels.problem import Problem, bad_field, not_found
from channels.query import number
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.views import Views
from channels.webhook_wire import (
    DeliveriesView,
    DeliveryView,
    ReplayBody,
    ReplayedView,
    RotateBody,
    WebhookBody,
    WebhooksView,
    WebhookView,
)
from ledger.clock import Clock
from ledger.time_text import time_text
from services.keyring import Keyring
from services.merchants import UnknownMerchant
from services.mint import mint
from services.outbox import (
    DELIVERIES_MAX,
    Delivery,
    DeliveryStatus,
    Outbox,
    parse_event,
)
from services.store import Store
from services.webhook_signature import secret_text
from services.webhooks import (
    BadAddress,
    NewWebhook,
    OtherGeneration,
    TooManyWebhooks,
    UnknownWebhook,
    Webhook,
    create_webhook,
    disable,
    get_webhook,
    list_webhooks,
    require_address,
    rotate,
)

STATUSES = ", ".join(status.value for status in DeliveryStatus)


class WebhooksApi:
    """plain_allowed: addresses without TLS too, for development."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        views: Views,
        clock: Clock,
        *,
        plain_allowed: bool,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._views = views
        self._clock = clock
        self._outbox = Outbox(store)
        self._plain_allowed = plain_allowed

    def routes(self) -> list[Route]:
        office, one = scopes("business", "admin"), "/v1/webhooks/{id}"
        return [
            Route(
                method="POST", path="/v1/webhooks", handler=self.create, scopes=office,
                summary="Have news of payments sent to an address", body=WebhookBody,
                keyed=True, answers={201: WebhookView}, problems=(404, 409),
            ),
            Route(
                method="GET", path="/v1/webhooks", handler=self.list, scopes=office,
                summary="Where news of payments goes", answers={200: WebhooksView},
                texts=frozenset({"merchant"}),
                query={"merchant": "whose; for operators, who see all otherwise"},
            ),
            Route(
                method="POST", path=f"{one}/rotate", handler=self.rotate, scopes=office,
                summary="A new secret; the one before signs too, for a day", body=RotateBody,
                answers={200: WebhookView}, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/disable", handler=self.disable, scopes=office,
                summary="Send nothing there any more", body=NoBody,
                answers={200: WebhookView},
            ),
            Route(
                method="GET", path=f"{one}/deliveries", handler=self.deliveries,
                scopes=office, summary="What was sent there, and what is still owed",
                answers={200: DeliveriesView}, problems=(400,),
                texts=frozenset({"before", "status"}),
                query={
                    "limit": f"deliveries of one page, {DELIVERIES_MAX} at most",
                    "before": "the `next` of the page before",
                    "status": f"only those that are {STATUSES}",
                },
            ),
            Route(
                method="POST", path=f"{one}/replay", handler=self.replay, scopes=office,
                summary="Send these events again, or all that were given up",
                body=ReplayBody, answers={200: ReplayedView},
            ),
        ]  # fmt: skip

    async def create(self, call: Call) -> Answer:
        body: WebhookBody = call.body
        merchant = merchant_of(call.caller, body.merchant or None)
        try:
            require_address(body.url, plain_allowed=self._plain_allowed)
        except BadAddress as error:
            raise bad_field("$.url", f"This address cannot be used: {error}.") from None
        seed = hashlib.sha256(b"webhook\x00" + call.cause.key).digest()
        new = NewWebhook(mint("whk", lambda count: seed[:count]), merchant, body.url)
        now_ms = self._clock.now_ms()
        try:
            webhook, replayed = await asyncio.to_thread(
                create_webhook, self._store, new, now_ms=now_ms
            )
        except UnknownMerchant:
            raise not_found("merchant", merchant, "$.merchant") from None
        except TooManyWebhooks as error:
            raise Problem(409, "too-many-webhooks", f"{error}.".capitalize()) from None
        if (webhook.merchant, webhook.url) != (merchant, body.url):
            raise Problem(
                422,
                "idempotency-key-reused",
                "This Idempotency-Key came with another address before. Use a new key.",
                field="Idempotency-Key",
            )
        return Answer(201, await self._view(webhook, secret=True), replayed)

    async def list(self, call: Call) -> Answer:
        merchant = merchant_scope(call.caller) or call.query.get("merchant", "")
        found = await asyncio.to_thread(list_webhooks, self._store, merchant)
        return Answer(200, WebhooksView([await self._view(one) for one in found]))

    async def rotate(self, call: Call) -> Answer:
        webhook = await self._own(call)
        now_ms = self._clock.now_ms()
        generation: int = call.body.generation
        try:
            changed = await asyncio.to_thread(
                rotate, self._store, webhook.id, generation=generation, now_ms=now_ms
            )
        except OtherGeneration as error:
            detail = f"{error}.".capitalize()
            raise Problem(409, "other-generation", detail, field="$.generation") from None
        return Answer(200, await self._view(changed, secret=True))

    async def disable(self, call: Call) -> Answer:
        webhook = await self._own(call)
        changed = await asyncio.to_thread(
            disable, self._store, webhook.id, now_ms=self._clock.now_ms()
        )
        return Answer(200, await self._view(changed))

    async def deliveries(self, call: Call) -> Answer:
        webhook = await self._own(call)
        limit = max(1, number(call, "limit", default=50, most=DELIVERIES_MAX))
        found = await asyncio.to_thread(
            self._outbox.page,
            webhook.id,
            status=_status(call),
            before=_cursor(call.query.get("before")),
            limit=limit,
        )
        cursor = None
        if len(found) == limit:
            cursor = f"{found[-1].at_ms}.{found[-1].partition}.{found[-1].seq}"
        return Answer(200, DeliveriesView([_delivery_view(one) for one in found], cursor))

    async def replay(self, call: Call) -> Answer:
        webhook, body = await self._own(call), call.body
        if isinstance(body.events, list):
            events = [event for text in body.events if (event := parse_event(text))]
            count = await asyncio.to_thread(self._outbox.replay, webhook.id, events)
        else:
            count = await asyncio.to_thread(self._outbox.replay_given_up, webhook.id)
        return Answer(200, ReplayedView(count))

    async def _own(self, call: Call) -> Webhook:
        """What is another's is not there."""
        text = call.path["id"]
        try:
            webhook = await asyncio.to_thread(get_webhook, self._store, text)
        except UnknownWebhook:
            raise not_found("webhook", text) from None
        if not is_operator(call.caller) and webhook.merchant != call.caller.merchant:
            raise not_found("webhook", text)
        return webhook

    async def _view(self, webhook: Webhook, *, secret: bool = False) -> WebhookView:
        names = await self._views.merchant_names([webhook.merchant])
        until_ms = webhook.previous_until_ms
        shown = self._keyring.webhook_secret(webhook.id, webhook.generation)
        return WebhookView(
            id=webhook.id,
            merchant=webhook.merchant,
            merchant_name=names.get(webhook.merchant),
            url=webhook.url,
            generation=webhook.generation,
            status="active" if webhook.disabled_at_ms is None else "disabled",
            created_at=time_text(webhook.created_at_ms),
            previous_secret_until=(
                time_text(until_ms) if until_ms > self._clock.now_ms() else None
            ),
            secret=secret_text(shown) if secret else None,
        )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    pending = delivery.status is DeliveryStatus.PENDING
    return DeliveryView(
        event=delivery.event,
        kind=delivery.kind,
        payment=delivery.payment,
        at=time_text(delivery.at_ms),
        status=delivery.status.value,
        attempts=delivery.attempts,
        next_at=time_text(delivery.next_at_ms) if pending and delivery.attempts else None,
        ended_at=time_text(delivery.ended_at_ms) if delivery.ended_at_ms else None,
        problem=delivery.problem or None,
    )


def _status(call: Call) -> DeliveryStatus | None:
    text = call.query.get("status")
    if text is None:
        return None
    try:
        return DeliveryStatus(text)
    except ValueError:
        raise bad_field("status", f"{text[:32]!r} is none of {STATUSES}.") from None


def _cursor(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    parts = text.split(".")
    if (
        len(parts) != 3
        or len(text) > 48
        or not all(p.isascii() and p.isdigit() for p in parts)
    ):
        raise bad_field("before", f"{text[:48]!r} is not the `next` of a page.")
    return int(parts[0]), int(parts[1]), int(parts[2])
