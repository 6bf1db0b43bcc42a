"""Who holds a key, remembered for seconds, so that a call does not cost a look-up.

Keys are remembered by digest: the memory of a server never lists the keys it has seen. Bad
keys are remembered too, on a shelf of their own: however many are tried, they cannot push
out the good ones. A flood of one bad key stops here; a flood of ever new ones costs one
indexed read each, and the limit of attempts for each address stops it (gateway/peers.py).
"""

from collections.abc import Callable
from threading import Lock

import msgspec

from ledger.clock import Clock
from services.principals import Principal, key_digest

# A revoked key or a disabled principal is refused when `clear` is called, which every gateway
# does within half a second (gateway/access_watch.py); and after this long whatever happens.
HIT_TTL_MS = 5_000
# A client that retries with a bad key costs one look-up a second; a key that is issued just
# after it was first tried works a second later.
MISS_TTL_MS = 1_000
# Of good keys, and of bad ones. A principal takes about 1 KB: 10 MB when full.
REMEMBERED_MAX = 10_000


class Remembered(msgspec.Struct, frozen=True):
    """principal: None for a key that opens nothing."""

    principal: Principal | None
    since_ms: int


NOBODYS = Remembered(None, 0)


class PrincipalCache:
    """Any thread may use it; it holds no lock while the store is asked."""

    def __init__(
        self,
        find: Callable[[str], Principal | None],
        clock: Clock,
        *,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        self._find = find
        self._clock = clock
        self._hits = _Shelf(HIT_TTL_MS, remembered_max)
        self._misses = _Shelf(MISS_TTL_MS, remembered_max)
        self._lock = Lock()
        self._cleared = 0

    def peek(self, plain: str) -> Remembered | None:
        """Answer from memory, on an event loop too; None: ask `find`, in a thread."""
        now_ms = self._clock.now_ms()
        digest = key_digest(plain)
        if digest is None:
            return Remembered(None, now_ms)
        with self._lock:
            return self._hits.get(digest, now_ms) or self._misses.get(digest, now_ms)

    def find(self, plain: str) -> Principal | None:
        if (seen := self.peek(plain)) is not None:
            return seen.principal
        # The age counts from before the look-up: a key revoked meanwhile gets no more.
        since_ms, cleared = self._clock.now_ms(), self._cleared
        principal = self._find(plain)
        digest = key_digest(plain)
        assert digest is not None, "peek has answered for what is not a key"
        with self._lock:
            if cleared != self._cleared:
                # Read before that, perhaps: good for this call, and no other.
                if principal is not None:
                    self._hits.put(digest, NOBODYS)
                return principal
            shelf = self._misses if principal is None else self._hits
            shelf.put(digest, Remembered(principal, since_ms))
        return principal

    def opened_before(self, plain: str) -> bool:
        """Whether this key has opened lately, be it too long ago to open still by that."""
        digest = key_digest(plain)
        with self._lock:
            return digest is not None and self._hits.has(digest)

    def clear(self) -> None:
        """Forget whom keys open for, after one was revoked or a principal disabled; but not that
        they have opened, or each would count as a guess. What opened nothing goes by its age.
        """
        with self._lock:
            self._cleared += 1
            self._hits.clear()


class _Shelf:
    """Answers of one kind, oldest first, at most `size_max`, each good for `ttl_ms`."""

    def __init__(self, ttl_ms: int, size_max: int) -> None:
        self._ttl_ms = ttl_ms
        self._size_max = size_max
        self._answers: dict[bytes, Remembered] = {}

    def get(self, digest: bytes, now_ms: int) -> Remembered | None:
        answer = self._answers.get(digest)
        # Below zero the clock was set back, and the age is unknown.
        if answer is None or not 0 <= now_ms - answer.since_ms < self._ttl_ms:
            return None
        return answer

    def has(self, digest: bytes) -> bool:
        return digest in self._answers

    def put(self, digest: bytes, answer: Remembered) -> None:
        # Removed first, so that a renewed answer goes to the young end.
        self._answers.pop(digest, None)
        if len(self._answers) >= self._size_max:
            self._answers.pop(next(iter(self._answers)))
        self._answers[digest] = answer

    def clear(self) -> None:
        self._answers = dict.fromkeys(self._answers, NOBODYS)
