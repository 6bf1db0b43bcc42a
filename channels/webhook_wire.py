"""The JSON of webhooks: how they are managed, and what they are told."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from channels.wire import In, MerchantText, Out, PaymentView
from services.outbox import DELIVERIES_MAX
from services.webhooks import URL_CHARS_MAX

Url = Annotated[
    str, Meta(min_length=10, max_length=URL_CHARS_MAX, pattern="^https?://[!-~]+$")
]
EventText = Annotated[str, Meta(pattern="^evt_[0-9]{1,4}_[0-9]{1,18}$")]


class WebhookBody(In, frozen=True):
    """merchant: for operators, who say whose."""

    url: Url
    merchant: MerchantText | UnsetType = UNSET


class RotateBody(In, frozen=True):
    """generation: of the secret that a new one is to follow. So a repeat changes nothing."""

    generation: Annotated[int, Meta(ge=1, le=10**6)]


class ReplayBody(In, frozen=True):
    """These events, or all that were given up when absent."""

    events: (
        Annotated[list[EventText], Meta(min_length=1, max_length=DELIVERIES_MAX)]
        | UnsetType
    ) = UNSET


class WebhookView(Out, frozen=True):
    """secret: shown when it is made or changed, and never again. generation: counts its changes."""

    id: str
    merchant: str
    merchant_name: str | None
    url: str
    generation: int
    status: Literal["active", "disabled"]
    created_at: str
    previous_secret_until: str | None
    secret: str | None


class WebhooksView(Out, frozen=True):
    webhooks: list[WebhookView]


class DeliveryView(Out, frozen=True):
    """problem: of the latest attempt; null when there was none."""

    event: str
    kind: str
    payment: str
    at: str
    status: str
    attempts: int
    next_at: str | None
    ended_at: str | None
    problem: str | None


class DeliveriesView(Out, frozen=True):
    """Newest first. next: the `before` of the next page; null when there is none."""

    deliveries: list[DeliveryView]
    next: str | None


class ReplayedView(Out, frozen=True):
    """How many will be sent again."""

    replayed: int


class NewsData(Out, frozen=True):
    """The payment as it stood after this event."""

    payment: PaymentView


class NewsView(Out, frozen=True, rename={"kind": "type"}):
    """What a webhook is told. sequence: counts up for each payment, so old news shows as old."""

    kind: str
    timestamp: str
    sequence: int
    data: NewsData
