"""Whose key a signature was made with, remembered for seconds like API keys are.

Only keys that open something are remembered: a till that was just paired must not wait, and who
shows keys that nobody has is stopped before the look-up by the limits of the door.
"""

from collections.abc import Callable

import msgspec

from ledger.clock import Clock
from services.principal_cache import HIT_TTL_MS, REMEMBERED_MAX
from services.terminal_keys import Signer


class _Seen(msgspec.Struct, frozen=True):
    signer: Signer
    since_ms: int


class SignerCache:
    """On one event loop; `find` runs in a thread."""

    def __init__(self, find: Callable[[str], Signer | None], clock: Clock) -> None:
        self._find = find
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._cleared = 0

    def peek(self, key_id: str) -> Signer | None:
        seen = self._seen.get(key_id)
        if seen is None or not 0 <= self._clock.now_ms() - seen.since_ms < HIT_TTL_MS:
            return None
        return seen.signer

    def find(self, key_id: str) -> Signer | None:
        """Look it up. Raises StoreUnavailable."""
        since_ms, cleared = self._clock.now_ms(), self._cleared
        signer = self._find(key_id)
        # What was read before access changed is good for this call, and for no other.
        if signer is not None and cleared == self._cleared:
            if len(self._seen) >= REMEMBERED_MAX:
                self._seen.clear()
            self._seen[key_id] = _Seen(signer, since_ms)
        return signer

    def clear(self) -> None:
        self._cleared += 1
        self._seen.clear()
