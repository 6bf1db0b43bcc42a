"""A crowd that keeps paying, whatever happens to the installation, and remembers every answer.

    async with Crowd(installation, "kill") as crowd:
        kill(partition)
        await crowd.got_on()
    await crowd.settle()

Each payer pays from a wallet of its own, one payment after the other, each under a fresh key. What
was not answered, or with 503 or 202, is asked again under the same key, for as long as it takes.
In settle() all is audited: the answers, the balances, and the journal.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing, suppress
from itertools import count
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import aiohttp

from actors.tail import Tail
from channels.web.demo import demo_key
from gateway.world import merchant_id, operator_id
from ledger.events import Purchased
from ledger.ids import AccountId, account_text, derive_account
from ledger.keys import key_digest
from ledger.verify import verify
from tests.installation import PARTITIONS, Installation

PAYERS = 6
FUNDS_MINOR = 100_000_000
# Every so many payments one is asked for once more, at once.
RETRY_EVERY = 4
# One payer in three gives up on an attempt so soon, and asks again while the first attempt is
# still on its way; each time with twice the patience. The others wait as long as the gateway.
HASTY_S = 0.05
PATIENT_S = 30.0
# After so long without an answer under one key, the crowd is lost.
LOST_S = 120.0
# A till that gets no answer waits a moment: asking all the time would only hold up the recovery.
MOMENT_S = 0.02
# At the end every answer is asked for again, so many at once.
AUDITORS = 8

# Answers after which one asks again: nothing happened, or nobody knows.
UNDECIDED = frozenset({202, 503})

T = TypeVar("T")


class Attempt(NamedTuple):
    """One payment: what to ask for, and under which key."""

    key: str
    amount_minor: int
    wallet: AccountId

    @property
    def body(self) -> dict[str, Any]:
        return {
            "amount": {"amount_minor": self.amount_minor, "currency": "QAR"},
            "payer": {"account": account_text(self.wallet)},
            "merchant": merchant_id("dutyfree"),
            "order": self.key,
        }


class Crowd:
    """name: of wallets and keys, so that no two crowds of a run share one."""

    def __init__(self, installation: Installation, name: str) -> None:
        self._installation = installation
        self._name = name
        self._openings = self._choose_openings()
        self.wallets = [_opened_under(key) for key in self._openings]
        self.answers: dict[Attempt, bytes] = {}
        self.refusals: Counter[str] = Counter()
        self._paid: Counter[AccountId] = Counter()
        self._answered = asyncio.Condition()
        self._never = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def _choose_openings(self) -> list[str]:
        """The keys under which to open wallets, so that they are dealt evenly to partitions."""
        owner = self._installation.directory.partition_of
        keys = (f"{self._name}-wallet-{number}" for number in count())
        chosen: list[str] = []
        while len(chosen) < PAYERS:
            key = next(keys)
            if owner(_opened_under(key)) == len(chosen) % PARTITIONS:
                chosen.append(key)
        return chosen

    # --- Paying

    async def __aenter__(self) -> Self:
        await self._share(self._open, self._openings)
        self._tasks = [
            asyncio.create_task(self._pay(wallet, hasty=number % 3 == 0))
            for number, wallet in enumerate(self.wallets)
        ]
        await self.got_on()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: object,
        _trace: TracebackType | None,
    ) -> None:
        """Every payer ends with an answer."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def got_on(self, payments: int = 3) -> None:
        """Until every payer has got so many more answers."""
        wanted = self._paid + Counter(dict.fromkeys(self.wallets, payments))
        async with self._answered:
            await asyncio.wait_for(
                self._answered.wait_for(lambda: self._paid >= wanted), LOST_S
            )

    async def _open(self, session: aiohttp.ClientSession, key: str) -> None:
        wallet = account_text(_opened_under(key))
        opening = {"kind": "wallet", "currencies": ["QAR"], "label": key}
        await self._insist(session, "/v1/accounts", key, opening)
        amount = {"amount_minor": FUNDS_MINOR, "currency": "QAR"}
        funding = {"amount": amount, "evidence": {"source": "bank", "reference": key}}
        path = f"/v1/accounts/{wallet}/top-ups"
        await self._insist(session, path, f"{key}-funds", funding)

    async def _pay(self, wallet: AccountId, *, hasty: bool) -> None:
        """On a connection of its own, until the crowd stops."""
        name = f"{self._name}-{self.wallets.index(wallet)}"
        patience_s = HASTY_S if hasty else PATIENT_S
        async with self._session() as session:
            for number in count():
                if self._stopping:
                    return
                attempt = Attempt(f"{name}-{number}", 100 + number % 7, wallet)
                self.answers[attempt] = await self._charge(session, attempt, patience_s)
                if number % RETRY_EVERY == 0:
                    await self._retry(session, attempt)
                self._paid[wallet] += 1
                async with self._answered:
                    self._answered.notify_all()

    async def _charge(
        self,
        session: aiohttp.ClientSession,
        attempt: Attempt,
        patience_s: float = PATIENT_S,
    ) -> bytes:
        return await self._insist(
            session, "/v1/payments", attempt.key, attempt.body, patience_s
        )

    async def _insist(
        self,
        session: aiohttp.ClientSession,
        path: str,
        key: str,
        body: dict[str, Any],
        patience_s: float = PATIENT_S,
    ) -> bytes:
        """The answer to this key, however often one has to ask."""
        started = monotonic()
        while monotonic() - started < LOST_S:
            try:
                async with asyncio.timeout(patience_s):
                    status, raw = await self._ask(session, path, key, body)
            except (OSError, TimeoutError, aiohttp.ClientError) as error:
                patience_s = min(2 * patience_s, PATIENT_S)
                await self._refused(type(error).__name__)
                continue
            if status not in UNDECIDED:
                assert status == 201, raw
                return raw
            await self._refused(str(status))
        raise AssertionError(f"no answer to {key}: {dict(self.refusals)}")

    async def _refused(self, how: str) -> None:
        self.refusals[how] += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(self._never.wait(), MOMENT_S)

    async def outage_s(self, partition: int) -> float:
        """Seconds until a wallet of this partition can be read."""
        wallet = account_text(self.wallets[partition])
        started = monotonic()
        async with self._session() as session, asyncio.timeout(LOST_S):
            while True:
                try:
                    async with session.get(f"/v1/accounts/{wallet}") as response:
                        if response.status == 200:
                            return monotonic() - started
                except (OSError, aiohttp.ClientError) as error:
                    await self._refused(type(error).__name__)

    async def _ask(
        self, session: aiohttp.ClientSession, path: str, key: str, body: dict[str, Any]
    ) -> tuple[int, bytes]:
        headers = {"Idempotency-Key": key}
        async with session.post(path, json=body, headers=headers) as response:
            return response.status, await response.read()

    # --- Auditing

    async def settle(self) -> None:
        """Every answer stands, once, and nothing else does."""
        await self._share(self._retry, list(self.answers))
        await self._share(self._require_balance, self.wallets)
        assert self._journalled() == Counter(
            (key_digest(operator_id(), attempt.key), attempt.amount_minor)
            for attempt in self.answers
        )
        assert not verify(self._installation.journals).findings

    async def _retry(self, session: aiohttp.ClientSession, attempt: Attempt) -> None:
        assert await self._charge(session, attempt) == self.answers[attempt]

    async def _require_balance(
        self, session: aiohttp.ClientSession, wallet: AccountId
    ) -> None:
        async with session.get(f"/v1/accounts/{account_text(wallet)}") as response:
            account = await response.json()
        spent = sum(a.amount_minor for a in self.answers if a.wallet == wallet)
        assert account["pots"][0]["available_minor"] == FUNDS_MINOR - spent

    def _journalled(self) -> Counter[tuple[bytes, int]]:
        """The purchases of this crowd's wallets: key and amount, each as often as it stands."""
        wallets = set(self.wallets)
        found: Counter[tuple[bytes, int]] = Counter()
        for partition in range(PARTITIONS):
            with closing(Tail(self._installation.journals, partition)) as tail:
                while page := tail.next():
                    found.update(
                        (entry.key, entry.event.legs["QAR"])
                        for entry in page
                        if isinstance(entry.event, Purchased) and entry.account in wallets
                    )
        return found

    # --- Connections

    async def _share(
        self,
        work: Callable[[aiohttp.ClientSession, T], Awaitable[None]],
        items: Iterable[T],
    ) -> None:
        """Do this with each of them, some at a time."""
        waiting = iter(list(items))

        async def worker() -> None:
            for item in waiting:
                await work(session, item)

        async with self._session() as session, asyncio.TaskGroup() as group:
            for _ in range(AUDITORS):
                group.create_task(worker())

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            self._installation.base,
            headers={"Authorization": f"Bearer {demo_key('operator')}"},
        )


def _opened_under(key: str) -> AccountId:
    """The account that the operator opens with this key."""
    return derive_account(operator_id(), key_digest(operator_id(), key).hex())
