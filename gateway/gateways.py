"""The gateway processes of an installation, as their supervisor sees them.

A gateway needs a second to import what it needs. So its process is started beside Ray, and is told
what to serve once there is something to serve. From then on its event loop writes a byte to a pipe
now and then: one that has ended or is silent, for it is stopped or stuck, is started again. The
port would not show which one is silent, because they share it.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping

from gateway.logs import get

# An event loop that is told what to serve beats for the first time within this, or never will.
FIRST_BEAT_S = 60.0
# More than a gateway writes between two looks, unless somebody stopped us for half an hour.
READ_BYTES = 1 << 12

_log = get("gateways")


class Child:
    """One gateway process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._pulse, theirs = os.pipe()
        os.set_blocking(self._pulse, False)
        try:
            self.process = subprocess.Popen(  # noqa: S603 — our own interpreter and arguments
                [sys.executable, "-m", "gateway.process", str(theirs)],
                stdin=subprocess.PIPE,
                env=environment,
                pass_fds=[theirs],
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self._told_s = self._beat_s = 0.0

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def is_lost(self) -> bool:
        """It has ended, and it served before: one that cannot even start can wait."""
        return self.ended and self._beat_s > 0

    def tell(self, spec: bytes) -> None:
        """What to serve. The pipe stays open: when it closes, the gateway ends."""
        assert self.process.stdin is not None, "it was asked for"
        self._told_s = time.monotonic()
        with contextlib.suppress(
            BrokenPipeError
        ):  # it has ended, which the next look will see
            self.process.stdin.write(spec + b"\n")
            self.process.stdin.flush()

    def is_silent(self, patience_s: float) -> bool:
        """What it wrote since the last look counts as now: if somebody stopped us meanwhile, it
        is not the gateway that was silent.
        """
        now_s = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            if os.read(self._pulse, READ_BYTES):
                self._beat_s = now_s
        if self._beat_s:
            return now_s - self._beat_s > patience_s
        return now_s - self._told_s > FIRST_BEAT_S

    async def drain(self, within_s: float) -> None:
        """It answers what it has accepted, and ends."""
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.bury()

    def bury(self) -> None:
        """It has ended, or is about to."""
        self.process.wait()
        os.close(self._pulse)
        assert self.process.stdin is not None, "it was asked for"
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()


class Gateways:
    """As many as there shall be. patience_s: how long one may be silent."""

    def __init__(
        self, count: int, environment: Mapping[str, str], patience_s: float
    ) -> None:
        self._environment = environment
        self._patience_s = patience_s
        self._children = [Child(environment) for _ in range(count)]
        self._spec = b""

    def tell(self, spec: bytes) -> None:
        self._spec = spec
        for child in self._children:
            child.tell(spec)

    @property
    def any_ended(self) -> bool:
        return any(child.ended for child in self._children)

    @property
    def any_lost(self) -> bool:
        return any(child.is_lost for child in self._children)

    def look_after(self) -> None:
        """Whoever has ended, or is silent and is ended here, is started again."""
        for index, child in enumerate(self._children):
            pid = child.process.pid
            if child.ended:
                _log.warning("a gateway ended and is started again", pid=pid)
            elif child.is_silent(self._patience_s):
                _log.warning("a gateway is silent and is killed", pid=pid)
                child.process.kill()
            else:
                continue
            child.bury()
            self._children[index] = Child(self._environment)
            self._children[index].tell(self._spec)

    async def drain(self, within_s: float) -> None:
        """All of them at once."""
        await asyncio.gather(*[child.drain(within_s) for child in self._children])
