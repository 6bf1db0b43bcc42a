"""What only its owner should do, on an unlocked phone too: a passkey is shown again first.

Freezing is never behind this: who fears a thief must not have to look for a key.
"""

import asyncio

from channels.problem import Problem
from ledger.clock import Clock
from services.principals import Principal
from services.sessions import is_proved
from services.store import Store


class Proof:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def require(self, caller: Principal) -> None:
        """Raises Problem 403 unless the caller has shown a passkey within minutes, or has none."""
        now_ms = self._clock.now_ms()
        if not await asyncio.to_thread(is_proved, self._store, caller, now_ms=now_ms):
            detail = "Show your passkey again first: this changes who can use the wallet."
            raise Problem(403, "passkey-needed", detail, field="Authorization")
