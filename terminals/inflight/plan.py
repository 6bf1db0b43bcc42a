"""The plan of a flight: all that a till must know before the doors close, signed by the gateway.

    <base64 of the signature> <newline> <the plan, as JSON>

It lies as a file beside the till's journal, and whoever looks can read it. Its tills have a number
each, and a public key; the deny list has an age, and a till whose list is too old sells no more.
"""

import base64
import hashlib
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.inflight.allowance import Currency, DeviceNumber, Id, Minor, PublicKey
from terminals.inflight.signed import SIGNATURE_BYTES, SignatureWrong, open_signed, sign

KIND = "flight plan"
# A few hundred articles and a deny list of thousands; what is larger is not a plan.
PLAN_BYTES_MAX = 4 * 1024 * 1024

Sku = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,16}$")]
Text = Annotated[str, msgspec.Meta(max_length=64)]


class PlanRefused(ValueError):
    """The file is not a plan that the gateway signed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the flight's plan cannot be used: {why}")


class Leg(msgspec.Struct, frozen=True):
    """Airports, as IATA names them."""

    origin: str
    destination: str


class Device(msgspec.Struct, frozen=True):
    number: DeviceNumber
    name: Text
    public_key: PublicKey


class Article(msgspec.Struct, frozen=True):
    """stock: how many lie in the trolley of each till, by its number as text."""

    sku: Sku
    name: Text
    category: Text
    price_minor: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    stock: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}


class Policy(msgspec.Struct, frozen=True):
    """deny_age_max_s: of the deny list. split_window_s: sales of one allowance so close together
    count as one. frame_age_max_s: between the phone's clock and the till's.
    """

    deny_age_max_s: int = 36 * 3600
    split_window_s: int = 300
    frame_age_max_s: int = 900


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """denied: ids of allowances and aliases of accounts. issued_at_ms: of the deny list too."""

    key_id: int
    flight: Id
    number: str
    date: str
    legs: tuple[Leg, ...]
    aircraft: str
    currency: Currency
    gateway_keys: dict[str, PublicKey]
    devices: tuple[Device, ...]
    articles: tuple[Article, ...]
    denied: tuple[bytes, ...] = ()
    issued_at_ms: Minor
    policy: Policy = Policy()

    @property
    def keys(self) -> dict[int, bytes]:
        return {int(number): key for number, key in self.gateway_keys.items()}

    def device(self, number: int) -> Device | None:
        return next((device for device in self.devices if device.number == number), None)

    def article(self, sku: str) -> Article | None:
        return next((article for article in self.articles if article.sku == sku), None)


def seal_plan(plan: Plan, key: Ed25519PrivateKey) -> bytes:
    raw = sign(key, KIND, msgspec.json.encode(plan))
    return base64.b64encode(raw[:SIGNATURE_BYTES]) + b"\n" + raw[SIGNATURE_BYTES:]


def open_plan(content: bytes) -> Plan:
    """Checked against the key that it names itself: that it is unaltered since it was fetched, over
    a connection that knew the gateway. Raises PlanRefused.
    """
    line, _, body = content.partition(b"\n")
    try:
        signature = base64.b64decode(line, validate=True)
        plan = msgspec.json.decode(body, type=Plan)
        open_signed(plan.keys[plan.key_id], KIND, signature + body)
    except (ValueError, KeyError, SignatureWrong):
        raise PlanRefused("it is damaged, or was altered") from None
    if len(signature) != SIGNATURE_BYTES or len(content) > PLAN_BYTES_MAX:
        raise PlanRefused("it is not one")
    return plan


def plan_digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
