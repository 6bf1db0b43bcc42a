"""Webhooks: the addresses at which merchants want to hear what happens to their payments.

An endpoint's secret is derived from the installation's keys, its id and a generation. It is shown
when it is made or changed, and stands in no store. After a change the one before signs too, for a
day, so that a receiver can be given the new one without losing news.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from ledger.clock import DAY_MS
from services.keyring import Keyring
from services.merchants import require_merchant
from services.rows import as_struct
from services.store import Store
from services.webhook_tables import WEBHOOKS

# How long the secret before still signs.
OVERLAP_MS = DAY_MS
# An address more than these is a mistake: each is told everything.
WEBHOOKS_MAX = 8
URL_CHARS_MAX = 512
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    merchant: str
    url: str
    generation: int
    previous_until_ms: int
    created_at_ms: int
    disabled_at_ms: int | None

    def secrets(self, keyring: Keyring, now_ms: int) -> list[bytes]:
        """Those that sign now, the newest first."""
        generations = [self.generation]
        if now_ms < self.previous_until_ms:
            generations.append(self.generation - 1)
        return [keyring.webhook_secret(self.id, number) for number in generations]


class BadAddress(ValueError):
    """The address cannot be told anything. Whoever wrote it is to blame."""


class UnknownWebhook(LookupError):
    def __init__(self, webhook: str) -> None:
        super().__init__(f"there is no webhook {webhook[:48]!r}")


class OtherGeneration(Exception):
    """The secret was changed meanwhile, or less than a day ago."""

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"the secret is of generation {generation}, and can be changed once a day"
        )


class TooManyWebhooks(Exception):
    def __init__(self) -> None:
        super().__init__(f"a merchant has {WEBHOOKS_MAX} webhooks at most")


class NewWebhook(msgspec.Struct, frozen=True):
    id: str
    merchant: str
    url: Annotated[str, msgspec.Meta(max_length=URL_CHARS_MAX)]


def require_address(url: str, *, plain_allowed: bool) -> None:
    """Raises BadAddress. Where the name leads is looked at when it is called, each time."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("it is not an address") from None
    allowed = {"https", "http"} if plain_allowed else {"https"}
    if parts.scheme not in allowed:
        raise BadAddress("it must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("it must not hold a name or a password")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0:
        raise BadAddress("it names no host")
    if parts.fragment:
        raise BadAddress("it must not have a fragment")


def create_webhook(store: Store, new: NewWebhook, *, now_ms: int) -> tuple[Webhook, bool]:
    """And whether it was there already, for an id comes once.

    Raises UnknownMerchant, TooManyWebhooks.
    """
    with store.write() as connection:
        found = _find(connection, new.id)
        if found is not None:
            return found, True
        require_merchant(connection, new.merchant)
        alive = (WEBHOOKS.c.merchant == new.merchant, WEBHOOKS.c.disabled_at_ms.is_(None))
        count = connection.execute(
            select(func.count()).select_from(WEBHOOKS).where(*alive)
        ).scalar_one()
        if count >= WEBHOOKS_MAX:
            raise TooManyWebhooks
        webhook = Webhook(
            id=new.id,
            merchant=new.merchant,
            url=new.url,
            generation=1,
            previous_until_ms=0,
            created_at_ms=now_ms,
            disabled_at_ms=None,
        )
        connection.execute(insert(WEBHOOKS), msgspec.structs.asdict(webhook))
        return webhook, False


def get_webhook(store: Store, webhook: str) -> Webhook:
    with store.read() as connection:
        found = _find(connection, webhook)
    if found is None:
        raise UnknownWebhook(webhook)
    return found


def list_webhooks(store: Store, merchant: str) -> list[Webhook]:
    """merchant: empty for all. Those that were switched off too."""
    query = select(WEBHOOKS).order_by(WEBHOOKS.c.created_at_ms, WEBHOOKS.c.id)
    if merchant:
        query = query.where(WEBHOOKS.c.merchant == merchant)
    with store.read() as connection:
        return [as_struct(row, Webhook) for row in connection.execute(query).mappings()]


def rotate(store: Store, webhook: str, *, generation: int, now_ms: int) -> Webhook:
    """A secret after that of this generation. A repeat finds the one that it made.

    Raises OtherGeneration: two changes within a day would leave the receiver without a valid one.
    """
    with store.write() as connection:
        found = _find(connection, webhook)
        if found is None:
            raise UnknownWebhook(webhook)
        overlaps = now_ms < found.previous_until_ms
        if found.generation == generation + 1 and overlaps:
            return found
        if found.generation != generation or overlaps:
            raise OtherGeneration(found.generation)
        changed = msgspec.structs.replace(
            found, generation=generation + 1, previous_until_ms=now_ms + OVERLAP_MS
        )
        connection.execute(
            update(WEBHOOKS)
            .where(WEBHOOKS.c.id == webhook)
            .values(
                generation=changed.generation, previous_until_ms=changed.previous_until_ms
            )
        )
        return changed


def disable(store: Store, webhook: str, *, now_ms: int) -> Webhook:
    """It is told nothing from now on. What it is owed stays on its page."""
    with store.write() as connection:
        found = _find(connection, webhook)
        if found is None:
            raise UnknownWebhook(webhook)
        if found.disabled_at_ms is not None:
            return found
        connection.execute(
            update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(disabled_at_ms=now_ms)
        )
        return msgspec.structs.replace(found, disabled_at_ms=now_ms)


def _find(connection: Connection, webhook: str) -> Webhook | None:
    query = select(WEBHOOKS).where(WEBHOOKS.c.id == webhook)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else as_struct(row, Webhook)
