"""What a gateway stands on, and what its doors and features share."""

import secrets
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from actors.directory import Directory
from actors.engine import Engine
from actors.runtime import Road
from channels.views import Names
from gateway.config import Config
from ledger.clock import Clock
from ledger.ids import AccountId
from ledger.journal import Store as Journals
from services.asking import Accounts
from services.keyring import open_keyring
from services.limits import Limits
from services.nonces import Nonces
from services.offline_codes import OfflineCodes
from services.order_texts import OrderTexts
from services.own_limits import OwnLimits
from services.principal_cache import PrincipalCache
from services.principals import Principal, find_by_key
from services.sessions import Sightings
from services.store import Store
from services.terminal_keys import Signer, find_signer


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway stands on. road: one for commands; pulse: one of its own for heartbeats."""

    config: Config
    directory: Directory
    road: Road
    pulse: Road
    journals: Journals
    store: Store
    clock: Clock
    random_bytes: Callable[[int], bytes] = secrets.token_bytes


class Shared:
    """One of each in a gateway: the engine, and what remembers something between requests.

    engine: another than that of the road, to compare it with (benchmarks/one_by_one.py).
    """

    def __init__(self, parts: Parts, engine: Engine | None = None) -> None:
        self.parts = parts
        store, clock = parts.store, parts.clock
        self.keyring = open_keyring(
            Path(parts.config.data), random_bytes=parts.random_bytes
        )
        self.engine = engine or Engine(parts.directory, parts.road)
        self.accounts = Accounts(self.engine, clock)
        self.order_texts = OrderTexts(store, clock)
        self.names = Names(store, self.order_texts)
        self.own_limits = OwnLimits(store, clock)
        self.offline = OfflineCodes(store, clock)
        self.sightings = Sightings(store, clock)
        self.nonces = Nonces(store, clock)
        self.limits = Limits(clock)
        self.principals = PrincipalCache(self.find, clock)

    def find(self, key: str) -> Principal | None:
        """Whose API key or session this is. Raises StoreUnavailable."""
        parts = self.parts
        found = find_by_key(parts.store, key, now_ms=parts.clock.now_ms())
        if found and found.session:
            self.sightings.note(found.session)
        return found

    def find_signer(self, key_id: str) -> Signer | None:
        """Raises StoreUnavailable."""
        parts = self.parts
        return find_signer(parts.store, key_id, now_ms=parts.clock.now_ms())

    def let_go(self, holders: Collection[AccountId]) -> None:
        """Their data leaves the memory of this process."""
        if holders:
            self.order_texts.drop(holders)
            self.principals.clear()
