"""People who pay, hold, capture, refund and send money, whatever happens to the installation.

    async with Payers(installation, history, Random(seed)) as payers:
        await payers.probe(partition)       # until a payment asked for now is approved
        async with payers.at_rest():        # nobody has anything under way
            ...

Each has a wallet, and does one thing after the other, each under a fresh key. What was not
answered, or with 503 or 202, is asked again under the same key, for as long as it takes; one in
three has so little patience that two attempts are on their way at once.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp

from gateway.world import merchant_id, operator_id
from ledger.ids import AccountId, account_text, derive_account
from ledger.keys import key_digest
from tests.installation import PARTITIONS, Installation
from tests.torture.client import MOMENT_S, PATIENT_S, Client
from tests.torture.history import Ask, Deed, History

PAYERS = 6
FUNDS_MINOR = 1_000_000_000
# Every so many answers one is asked for once more, at once.
RETRY_EVERY = 4
HASTY_S = 0.05
# At an audit, so many ask at once.
AUDITORS = 8


class Payer:
    """One person with one wallet. others: whom money can be sent to."""

    def __init__(
        self, client: Client, wallet: AccountId, name: str, random: Random
    ) -> None:
        self.wallet = wallet
        self.name = name
        self.resting = asyncio.Lock()
        self.others: list[AccountId] = []
        self.done = 0
        self._client = client
        self._random = random
        self._numbers = count()
        self._holds: list[tuple[str, int]] = []
        self._paid: list[tuple[str, int]] = []

    async def live(self, patience_s: float) -> None:
        async with self._client.session() as session:
            while True:
                async with self.resting:
                    ask = self._next()
                    answer = await self._client.do(session, ask, patience_s)
                    self._remember(ask, answer)
                    if self.done % RETRY_EVERY == 0:
                        await self._client.do(session, ask)
                self.done += 1
                await self._client.moment(self._random.uniform(0, MOMENT_S))

    def _next(self) -> Ask:
        drawn = self._random.random()
        key = f"{self.name}-{next(self._numbers)}"
        minor = self._random.randint(2, 999)
        if drawn < 0.15 and self._holds:
            return self._end_hold(key)
        if drawn < 0.2 and self._paid:
            payment, paid_minor = self._paid.pop(self._random.randrange(len(self._paid)))
            minor = self._random.randint(1, paid_minor)
            return self._follow(key, Deed.REFUND, payment, minor)
        if drawn < 0.35:
            return pay(key, self.wallet, minor, Deed.HOLD)
        if drawn < 0.45 and self.others:
            return self._send(key, minor)
        return pay(key, self.wallet, minor, Deed.PURCHASE)

    def _end_hold(self, key: str) -> Ask:
        payment, held_minor = self._holds.pop(self._random.randrange(len(self._holds)))
        if self._random.random() < 0.3:
            return self._follow(key, Deed.VOID, payment, held_minor, held_minor)
        minor = self._random.randint(1, held_minor)
        return self._follow(key, Deed.CAPTURE, payment, minor, held_minor)

    def _follow(
        self, key: str, deed: Deed, payment: str, minor: int, held_minor: int = 0
    ) -> Ask:
        body = {} if deed is Deed.VOID else {"amount": riyals(minor)}
        path = f"/v1/payments/{payment}/{deed.value}"
        return Ask(key, deed, self.wallet, minor, path, body, held_minor)

    def _send(self, key: str, minor: int) -> Ask:
        target = self._random.choice(self.others)
        body = {
            "from": account_text(self.wallet),
            "to": account_text(target),
            "amount": riyals(minor),
        }
        transfer = Deed.TRANSFER
        return Ask(key, transfer, self.wallet, minor, "/v1/transfers", body, target=target)

    def _remember(self, ask: Ask, answer: dict[str, Any]) -> None:
        if ask.deed is Deed.HOLD:
            self._holds.append((answer["id"], ask.amount_minor))
        if ask.deed is Deed.PURCHASE:
            self._paid.append((answer["id"], ask.amount_minor))


class Payers:
    def __init__(
        self, installation: Installation, history: History, random: Random
    ) -> None:
        self._installation = installation
        self._client = Client(installation, history)
        self._openings = self._choose_openings(random.randrange(1 << 32))
        self.wallets = [_opened_under(key) for key in self._openings]
        self._payers = [
            Payer(self._client, wallet, f"payer-{n}", Random(random.randrange(1 << 32)))
            for n, wallet in enumerate(self.wallets)
        ]
        self._probes = count()
        self._tasks: list[asyncio.Task[None]] = []

    def _choose_openings(self, number: int) -> list[str]:
        """The keys under which to open wallets, so that they are dealt evenly to partitions."""
        owner = self._installation.directory.partition_of
        chosen: list[str] = []
        for key in (f"wallet-{number}-{n}" for n in count()):
            if owner(_opened_under(key)) == len(chosen) % PARTITIONS:
                chosen.append(key)
            if len(chosen) == PAYERS:
                return chosen
        raise AssertionError("there are numbers enough")

    async def __aenter__(self) -> Self:
        async with self._client.session() as session:
            for key, wallet in zip(self._openings, self.wallets, strict=True):
                await self._open(session, key, wallet)
        for number, payer in enumerate(self._payers):
            payer.others = [wallet for wallet in self.wallets if wallet != payer.wallet]
            patience_s = HASTY_S if number % 3 == 0 else PATIENT_S
            self._tasks.append(asyncio.create_task(payer.live(patience_s)))
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: object,
        _trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _open(
        self, session: aiohttp.ClientSession, key: str, wallet: AccountId
    ) -> None:
        opening = {"kind": "wallet", "currencies": ["QAR"], "label": key}
        funding = {
            "amount": riyals(FUNDS_MINOR),
            "evidence": {"source": "bank", "reference": key},
        }
        top_ups = f"/v1/accounts/{account_text(wallet)}/top-ups"
        for name, path, body in (
            (key, "/v1/accounts", opening),
            (f"{key}-funds", top_ups, funding),
        ):
            ask = Ask(name, Deed.TRANSFER, wallet, 0, path, body)
            await self._client.insist(session, ask, frozenset({201}), PATIENT_S)

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Everybody has ended what he does, and waits."""
        async with AsyncExitStack() as stack:
            for payer in self._payers:
                await self._unless_ended(stack.enter_async_context(payer.resting))
            yield

    async def got_on(self, times: int = 3) -> None:
        """Until everybody has done so many things more."""
        wanted = [(payer, payer.done + times) for payer in self._payers]
        while any(payer.done < done for payer, done in wanted):
            self.require_alive()
            await self._client.moment()

    async def moment(self, seconds: float) -> None:
        """They go on meanwhile."""
        await self._client.moment(seconds)
        self.require_alive()

    def require_alive(self) -> None:
        """Raises what a payer was refused with."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def probe(self, partition: int) -> None:
        """Until a payment that is asked for now, of this partition, is approved."""
        wallet = self.wallets[partition]
        ask = pay(f"probe-{next(self._probes)}", wallet, 1, Deed.PURCHASE)
        async with self._client.session() as session:
            await self._unless_ended(self._client.do(session, ask, patience_s=5.0))

    async def ask_again(self, keys: Iterable[str]) -> None:
        """For the answers that were given already."""
        waiting = iter(list(keys))

        async def auditor() -> None:
            async with self._client.session() as session:
                for key in waiting:
                    await self._client.do(session, self._client.history.asks[key])

        await asyncio.gather(*[auditor() for _ in range(AUDITORS)])

    async def wrong_purses(self) -> list[str]:
        """Wallets that have another amount than what follows from the answers."""
        found = []
        async with self._client.session() as session:
            for wallet in self.wallets:
                name = account_text(wallet)
                async with session.get(f"/v1/accounts/{name}") as response:
                    answer = await response.json()
                [pot] = answer["pots"]
                has = (pot["available_minor"], pot["held_minor"])
                wanted = self._client.history.purse(wallet, FUNDS_MINOR)
                if has != wanted:
                    found.append(f"{name} has {has}, not {wanted}")
        return found

    async def _unless_ended(self, awaitable: Any) -> None:
        """Nobody waits for what a payer that ended would have done."""
        waiting = asyncio.ensure_future(awaitable)
        await asyncio.wait([waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            self.require_alive()
        await waiting


def riyals(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "QAR"}


def pay(key: str, wallet: AccountId, minor: int, deed: Deed) -> Ask:
    body = {
        "amount": riyals(minor),
        "payer": {"account": account_text(wallet)},
        "merchant": merchant_id("dutyfree"),
        "order": key,
        "capture": "automatic" if deed is Deed.PURCHASE else "manual",
    }
    return Ask(key, deed, wallet, minor, "/v1/payments", body)


def _opened_under(key: str) -> AccountId:
    """The account that the operator opens with this key."""
    return derive_account(operator_id(), key_digest(operator_id(), key).hex())
