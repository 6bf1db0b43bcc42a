"""The canonical workload: an airport on a busy day, from a seed.

Many wallets, of which few pay most (Zipf); a handful of merchants who earn all of it; some tills
that lost their answer and ask again with the same key; some passengers without the money. Pure:
bytes of requests out, no sockets in, so a test can look at it.
"""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate, repeat
from random import Random

import msgspec

# Wallets by how often they pay: the k-th one in proportion to k^-1.1, as purchases at shops go.
ZIPF_S = 1.1
# Of all requests: a till that asks again under the key of a recent answer.
RETRY_SHARE = 0.05
# Of all new payments: more than the wallet holds.
DECLINE_SHARE = 0.03
# Few merchants take all; they must not slow each other down.
MERCHANT_SHARES = (0.5, 0.25, 0.15, 0.1)

CURRENCY = "QAR"
PRICES_MINOR = (1_500, 2_400, 4_900, 7_500, 12_000, 24_000)
# What each wallet is given, and what it can therefore never pay.
FUNDS_MINOR = 100_000_000_000
TOO_MUCH_MINOR = 999_999_999_999

# A till asks again within a moment; so this many answers are kept to be asked for again.
RECENT_MAX = 256

APPROVED, CAPTURED, DECLINED = 201, 200, 402
# Under overload: turned away with nothing done, or not known in time.
REFUSED, UNKNOWN = 503, 202


class World(msgspec.Struct, frozen=True):
    """What was opened. codes: one for each new payment to come; none: pay by account."""

    api_key: str
    wallets: list[str]
    merchants: list[str]
    codes: list[str] = []

    def __repr__(self) -> str:
        return f"<World of {len(self.wallets)} wallets>"


class CodesUsedUp(Exception):
    """There were more payments than codes drawn for them: the run was quicker than expected."""

    def __init__(self) -> None:
        super().__init__("there are no payment codes left")


class Attempt:
    """One request and what its answer must be.

    payment: the id that the answer must have, empty for a new payment. again: under the key of an
    answer that was given, and marked as repeated. captures: it ends a hold.
    """

    __slots__ = ("again", "amount_minor", "captures", "payment", "request", "status")

    def __init__(self, request: bytes, status: int, amount_minor: int) -> None:
        self.request = request
        self.status = status
        self.amount_minor = amount_minor
        self.payment = b""
        self.again = False
        self.captures = False

    def repeated(self, payment: bytes) -> "Attempt":
        again = Attempt(self.request, self.status, self.amount_minor)
        again.payment, again.again = payment, True
        return again


def capture(request: bytes, payment: bytes) -> Attempt:
    attempt = Attempt(request, CAPTURED, 0)
    attempt.payment, attempt.captures = payment, True
    return attempt


class Shares:
    """Draws places 0, 1, … in proportion to weights."""

    def __init__(self, weights: Iterator[float]) -> None:
        self._sums = list(accumulate(weights))

    def draw(self, random: Random) -> int:
        return bisect(self._sums, random.random() * self._sums[-1])


def zipf(count: int, s: float = ZIPF_S) -> Shares:
    return Shares(rank**-s for rank in range(1, count + 1))


class Workload:
    """An endless stream of attempts; the same for the same seed and the same answers.

    run: makes the keys of this run its own; up to 12 letters, digits or dashes.
    pairs: holds, each followed by its capture. lines: for a terminal's connection, not HTTP; who
    sends a line puts its number before it.
    """

    def __init__(
        self, world: World, run: str, seed: int, *, pairs: bool = False, lines: bool = False
    ) -> None:
        self._world = world
        self._run = run
        self._random = Random(seed)
        self._wallets = zipf(len(world.wallets))
        self._merchants = Shares(iter(MERCHANT_SHARES[: len(world.merchants)]))
        self._payers = self._by_code() if world.codes else self._by_account()
        self._recent: list[Attempt] = []
        self._count = 0
        self._pairs = pairs
        self._lines = lines
        self._mode = ',"capture":"manual"' if pairs else ""
        self._head = (
            " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {world.api_key}\r\n"
            "Content-Type: application/json\r\nIdempotency-Key: "
        )

    def next(self) -> Attempt:
        if self._recent and self._random.random() < RETRY_SHARE:
            return self._random.choice(self._recent)
        return self._new()

    def answered(self, attempt: Attempt, payment: bytes) -> Attempt | None:
        """A new payment got this id: from now on a till may ask for it again. What follows."""
        again = attempt.repeated(payment)
        if len(self._recent) < RECENT_MAX:
            self._recent.append(again)
        else:
            self._recent[self._count % RECENT_MAX] = again
        if not self._pairs or attempt.status != APPROVED:
            return None
        self._count += 1
        path = f"/v1/payments/{payment.decode()}/capture"
        return capture(self._request(path, "{}"), payment)

    def _new(self) -> Attempt:
        random = self._random
        self._count += 1
        declined = random.random() < DECLINE_SHARE
        minor = TOO_MUCH_MINOR if declined else random.choice(PRICES_MINOR)
        merchant = self._world.merchants[self._merchants.draw(random)]
        body = (
            f'{{"amount":{{"amount_minor":{minor},"currency":"{CURRENCY}"}},'
            f'"payer":{{{next(self._payers)}}},"order":"{self._run}-{self._count}",'
            f'"merchant":"{merchant}"{self._mode},"place":"DOH-T1-B12",'
            '"terminal":"till_b12"}'
        )
        request = self._request("/v1/payments", body)
        return Attempt(request, DECLINED if declined else APPROVED, minor)

    def _request(self, path: str, body: str) -> bytes:
        """Under a key of its own."""
        key = f"{self._run}-{self._count}"
        if self._lines:
            return f'"path":"{path}","key":"{key}","body":{body}}}'.encode()
        return (
            f"POST {path}{self._head}{key}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _by_account(self) -> Iterator[str]:
        fields = [f'"account":"{wallet}"' for wallet in self._world.wallets]
        for _ in repeat(None):
            yield fields[self._wallets.draw(self._random)]

    def _by_code(self) -> Iterator[str]:
        for code in self._world.codes:
            yield f'"code":"{code}"'
        raise CodesUsedUp
