"""Requests that were seen: a signed one counts once, whichever gateway process it reaches.

A signature is good for a minute around its time, so its nonce is kept until nobody would take it
any more, and then forgotten: what is kept is bounded by what comes in two minutes, some 60 bytes
each. It stands in the store, because gateways share nothing else.

Claims gather while others are being written, and are written together in one transaction; a lone
one waits for nobody.
"""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import delete

from ledger.clock import Clock
from services.store import Store
from services.tables import REQUEST_NONCES

DIGEST_BYTES = 16
# Of one transaction; more wait for the next, so that none holds the store for long.
CLAIMS_MAX = 200
# Old ones are removed this often: each time is a look at an index.
SWEEP_MS = 10_000


class _Claim(msgspec.Struct):
    digest: bytes
    until_ms: int
    granted: asyncio.Future[bool]


class Nonces:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[_Claim] = []
        self._writer: asyncio.Task[None] | None = None
        self._swept_ms = 0

    async def claim(self, key_id: str, nonce: str, *, until_ms: int) -> bool:
        """True for the first who shows it, False for a replay. Raises StoreUnavailable."""
        text = f"{key_id}\x00{nonce}".encode()
        digest = hashlib.sha256(text).digest()[:DIGEST_BYTES]
        granted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Claim(digest, until_ms, granted))
        if self._writer is None or self._writer.done():
            # A task of its own: the caller that began it may go away.
            self._writer = asyncio.create_task(self._write_all())
        return await granted

    async def _write_all(self) -> None:
        while self._waiting:
            batch = self._waiting[:CLAIMS_MAX]
            del self._waiting[:CLAIMS_MAX]
            try:
                answers = await asyncio.to_thread(self._write, batch)
            except Exception as error:  # noqa: BLE001 — each of them is told, whatever it was
                for claim in batch:
                    if not claim.granted.done():
                        claim.granted.set_exception(error)
                continue
            for claim, answer in zip(batch, answers, strict=True):
                if not claim.granted.done():
                    claim.granted.set_result(answer)

    def _write(self, batch: Sequence[_Claim]) -> list[bool]:
        now_ms, answers = self._clock.now_ms(), []
        with self._store.write() as connection:
            if abs(now_ms - self._swept_ms) >= SWEEP_MS:
                self._swept_ms = now_ms
                expires_at_ms = REQUEST_NONCES.c.expires_at_ms
                connection.execute(delete(REQUEST_NONCES).where(expires_at_ms < now_ms))
            for claim in batch:
                row = self._store.insert_into(REQUEST_NONCES).values(
                    digest=claim.digest, expires_at_ms=claim.until_ms
                )
                done = connection.execute(row.on_conflict_do_nothing())
                answers.append(done.rowcount == 1)
        return answers
