"""How often somebody may do what costs others: draw codes, fail with codes and keys, sign in.

Each has a bucket of so many that fills again by one at a time (GCRA, ITU-T I.371, annex A: a bucket
is one number, the time at which it will be full). Buckets are bounded: the one that was used
longest ago is forgotten, and is then as if full.
"""

import msgspec

from ledger.clock import SECOND_MS, Clock

# Buckets of one kind. One takes some 150 bytes.
REMEMBERED_MAX = 10_000


class Rate(msgspec.Struct, frozen=True):
    """burst: at once. every_ms: one more each time."""

    burst: int
    every_ms: int


# A phone draws a code a minute, and some more when it is turned over and over; the drawing takes
# some milliseconds of a gateway each.
CODES = Rate(60, SECOND_MS)
# A till scans a code that cannot be used now and then: old ones, other systems' ones. A code is
# beyond guessing; but each that is declined is an entry in the journal, for ever.
FAILED_CODES = Rate(60, 2 * SECOND_MS)
# Keys are beyond guessing too; but each that is unknown costs a look-up.
FAILED_KEYS = Rate(120, SECOND_MS)
# From one address, which may be a hall's.
SIGN_INS = Rate(120, SECOND_MS)


class Limit:
    """Buckets of one kind, by whose they are."""

    def __init__(
        self, rate: Rate, clock: Clock, *, remembered_max: int = REMEMBERED_MAX
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._remembered_max = remembered_max
        self._full_at_ms: dict[str, int] = {}

    def wait_ms(self, whose: str) -> int:
        """How long until there is one in the bucket: 0 if there is."""
        now_ms = self._clock.now_ms()
        room_ms = (self.rate.burst - 1) * self.rate.every_ms
        return max(0, self._full_at(whose, now_ms) - room_ms - now_ms)

    def spend(self, whose: str) -> None:
        """One from the bucket, also from an empty one: then it stays empty for longer."""
        now_ms = self._clock.now_ms()
        full_at_ms = self._full_at(whose, now_ms) + self.rate.every_ms
        # Removed first, so that it goes to the young end.
        self._full_at_ms.pop(whose, None)
        if len(self._full_at_ms) >= self._remembered_max:
            self._full_at_ms.pop(next(iter(self._full_at_ms)))
        self._full_at_ms[whose] = full_at_ms

    def _full_at(self, whose: str, now_ms: int) -> int:
        """Never later than it takes from empty: the clock may have been set back."""
        latest_ms = now_ms + self.rate.burst * self.rate.every_ms
        return min(max(self._full_at_ms.get(whose, 0), now_ms), latest_ms)


class Limits:
    """All that a gateway keeps. Codes are a principal's, failed keys and sign-ins an address's."""

    def __init__(self, clock: Clock) -> None:
        self.codes = Limit(CODES, clock)
        self.failed_codes = Limit(FAILED_CODES, clock)
        self.failed_keys = Limit(FAILED_KEYS, clock)
        self.sign_ins = Limit(SIGN_INS, clock)
