"""The folder of a crew's till, for one flight.

    key          32 bytes that only this till has; made here, and never sent
    flight       which one, and where its gateway is
    plan         as the gateway signed it
    journal      what this till did (terminals/inflight/log_file.py)
    heard        what others told it

A till that loses its folder is lost: it cannot sell twice, for its key is gone with its journal. A
folder is never copied: two tills with one key would sell one share twice.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.clock import Clock
from terminals.inflight.crew_till import CrewTill
from terminals.inflight.hearing import Hearing
from terminals.inflight.log_file import DiskFile, write_durably

KEY_BYTES = 32


class NotReady(Exception):
    """The folder lacks something; whoever set up the till is to blame."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(f"this till has no {what} yet: {how}")


class OtherFlight(Exception):
    def __init__(self, flight: str) -> None:
        super().__init__(f"this folder is of flight {flight}: give another --state")


class Joined(msgspec.Struct, frozen=True):
    """url: of the gateway."""

    flight: str
    url: str


class CrewFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, random_bytes: Callable[[int], bytes]) -> Ed25519PrivateKey:
        """The till's own; the first time makes it. Raises OSError."""
        path = self._folder / "key"
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, random_bytes(KEY_BYTES))
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    def join(self, joined: Joined) -> None:
        """Raises OtherFlight, OSError."""
        path = self._folder / "flight"
        if path.exists() and self.joined() != joined:
            raise OtherFlight(self.joined().flight)
        write_durably(path, msgspec.json.encode(joined))

    def joined(self) -> Joined:
        """Raises NotReady, OSError."""
        path = self._folder / "flight"
        if not path.exists():
            raise NotReady("flight", "airside crew join")
        return msgspec.json.decode(path.read_bytes(), type=Joined)

    def load(self, plan: bytes) -> None:
        write_durably(self._folder / "plan", plan)

    def plan(self) -> bytes:
        """Raises NotReady, OSError."""
        path = self._folder / "plan"
        if not path.exists():
            raise NotReady("plan", "airside crew load")
        return path.read_bytes()

    def open(self, clock: Clock) -> tuple[CrewTill, Hearing]:
        """Ready to sell. Raises NotReady, PlanRefused, NotThisTill, LogDamaged, LogInUse."""
        key = self.key(os.urandom)
        till = CrewTill(self.plan(), key, DiskFile(self._folder / "journal"), clock)
        return till, Hearing(till, DiskFile(self._folder / "heard"))

    def told(self) -> bytes:
        """All that there is to tell, as it lies on the disk: also what is damaged."""
        files = (self._folder / "journal", self._folder / "heard")
        return b"".join(file.read_bytes() for file in files if file.exists())
