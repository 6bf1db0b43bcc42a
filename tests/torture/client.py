"""A caller who asks until there is an answer, and has it noted."""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any

import aiohttp
import msgspec

from channels.web.demo import demo_key
from tests.installation import Installation
from tests.torture.history import Ask, Deed, History

PATIENT_S = 30.0
# After so long without an answer under one key, the installation is lost.
LOST_S = 120.0
# Before asking again, and between two payments. Two cores are to be shared with what is tortured,
# and every key is asked for once more at the end.
MOMENT_S = 0.02
UNDECIDED = frozenset({202, 503})
APPROVED = frozenset({200, 201})


class Refused(AssertionError):
    """An answer that nothing here can be the reason of."""


class Client:
    """Asks until there is an answer, and has it noted."""

    def __init__(self, installation: Installation, history: History) -> None:
        self._installation = installation
        self.history = history
        self._never = asyncio.Event()

    def session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            self._installation.base,
            headers={"Authorization": f"Bearer {demo_key('operator')}"},
        )

    async def do(
        self, session: aiohttp.ClientSession, ask: Ask, patience_s: float = PATIENT_S
    ) -> dict[str, Any]:
        decided = APPROVED | ({202} if ask.deed is Deed.TRANSFER else set())
        raw = await self.insist(session, ask, decided, patience_s)
        self.history.note(ask, raw)
        answer: dict[str, Any] = msgspec.json.decode(raw)
        return answer

    async def insist(
        self,
        session: aiohttp.ClientSession,
        ask: Ask,
        decided: frozenset[int],
        patience_s: float,
    ) -> bytes:
        started = monotonic()
        headers = {"Idempotency-Key": ask.key}
        while monotonic() - started < LOST_S:
            try:
                async with (
                    asyncio.timeout(patience_s),
                    session.post(ask.path, json=ask.body, headers=headers) as response,
                ):
                    status, raw = response.status, await response.read()
            except (OSError, TimeoutError, aiohttp.ClientError):
                patience_s = min(2 * patience_s, PATIENT_S)
                await self.moment()
                continue
            if status in decided:
                return raw
            if status not in UNDECIDED:
                raise Refused(f"{ask.key}: {status} {raw!r}")
            await self.moment()
        raise Refused(f"{ask.key}: no answer within {LOST_S:.0f} s")

    async def moment(self, seconds: float = MOMENT_S) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._never.wait(), seconds)
