"""Asking an account: one command in, its reply out, or an honest word about what is not known.

A partition that died is back within a second (actors/ray_runtime.py), and every change carries its
key; so what failed on the way is simply asked again until the caller's time is over.
"""

import asyncio
from collections.abc import Awaitable, Callable

from actors.batcher import MailboxFull
from actors.engine import Engine
from actors.runtime import PartitionUnavailable
from ledger.clock import Clock
from ledger.commands import Change, Envelope, Read
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import AccountId
from ledger.replies import Refusal, RefusalKind, Reply

# How long a caller waits for an answer at most. Tills give up after some ten seconds; a killed
# partition answers again after half a second.
ASK_MS = 4_000
RETRY_S = 0.02
# Refusals that hold for every attempt under the key, the lost ones too.
_OF_THE_KEY = frozenset({RefusalKind.KEY_REUSED, RefusalKind.KEY_EXPIRED})

Sleep = Callable[[float], Awaitable[None]]


class Unanswered(Exception):
    """The account's partition gave no answer in time. `happened`: NO, or UNKNOWN."""

    def __init__(self, happened: Happened) -> None:
        super().__init__(f"no answer in time; done: {happened}")
        self.happened = happened


class Refused(Exception):
    """The machine refused, before anything was judged; nothing happened."""

    def __init__(self, kind: RefusalKind) -> None:
        super().__init__(kind.value)
        self.kind = kind


class Accounts:
    """The engine, with patience. Raises Unanswered, Refused and MailboxFull."""

    def __init__(self, engine: Engine, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._engine = engine
        self._clock = clock
        self._sleep = sleep

    async def change(self, command: Change, cause: Cause) -> Reply:
        deadline_ms = self._clock.now_ms() + ASK_MS
        envelope = Envelope(command, cause.caller, cause.key, cause.request, deadline_ms)
        return await self._ask(envelope, deadline_ms)

    async def read(self, command: Read, caller: str) -> Reply:
        """caller: in whose line of the mailbox it waits, or one reader would fill everybody's."""
        deadline_ms = self._clock.now_ms() + ASK_MS
        envelope = Envelope(command, caller, deadline_ms=deadline_ms)
        return await self._ask(envelope, deadline_ms)

    def partition_of(self, account: AccountId) -> int:
        return self._engine.partition_of(account)

    async def _ask(self, envelope: Envelope, deadline_ms: int) -> Reply:
        # A read changes nothing, whether it arrived or not.
        if_lost = Happened.UNKNOWN if envelope.key else Happened.NO
        happened = Happened.NO
        while True:
            try:
                reply = await self._engine.ask(envelope)
            except MailboxFull:
                if happened is Happened.NO:
                    raise
                raise Unanswered(happened) from None
            except PartitionUnavailable as error:
                if error.happened is not Happened.NO:
                    happened = if_lost
                if self._clock.now_ms() >= deadline_ms:
                    raise Unanswered(happened) from error
                await self._sleep(RETRY_S)
                continue
            if not isinstance(reply, Refusal):
                return reply
            if reply.kind is RefusalKind.DEADLINE_PASSED:
                raise Unanswered(happened)
            if happened is Happened.UNKNOWN and reply.kind not in _OF_THE_KEY:
                # This attempt did nothing. An earlier one, whose answer was lost, may have.
                raise Unanswered(happened)
            raise Refused(reply.kind)
