"""The folder of a crew's till, for one flight.

    key          32 bytes that only this till has; made here, and never sent
    flight       which one, and where its gateway is
    plan         as the gateway signed it
    journal      what this till did (terminals/inflight/log_file.py)
    heard        what others told it
    told         how much of all that the gateway has

A till that loses its folder is lost: it cannot sell twice, for its key is gone with its journal. A
folder is never copied: two tills with one key would sell one share twice.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.clock import SECOND_MS, Clock
from terminals.inflight.crew_till import CrewTill, NotThisTill
from terminals.inflight.hearing import Hearing
from terminals.inflight.log_file import DiskFile, write_durably
from terminals.inflight.plan import Plan, open_plan

KEY_BYTES = 32
MINUTE_MS = 60 * SECOND_MS
# Beside the folders of flights: which of them was joined last.
LATEST = "latest"


class NotReady(Exception):
    """The folder lacks something; whoever set up the till is to blame."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(f"this till has no {what} yet: {how}")


class OtherFlight(Exception):
    def __init__(self, flight: str) -> None:
        super().__init__(f"this folder is of flight {flight}: give another --state")


class ClockWrong(Exception):
    """The till would refuse codes that are good, or take a deny list for younger than it is."""

    def __init__(self, behind_ms: int) -> None:
        where = "behind" if behind_ms > 0 else "ahead of"
        super().__init__(
            f"this till's clock is {abs(behind_ms) // MINUTE_MS} minutes {where} the gateway's:"
            " set it, and load again"
        )


class Joined(msgspec.Struct, frozen=True):
    """url: of the gateway."""

    flight: str
    url: str


class CrewFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[DiskFile] = []

    def key(self, random_bytes: Callable[[int], bytes]) -> Ed25519PrivateKey:
        """The till's own; the first time makes it. Raises OSError."""
        path = self._folder / "key"
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, random_bytes(KEY_BYTES))
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    def require_free_for(self, flight: str) -> None:
        """Raises OtherFlight, OSError."""
        if (self._folder / "flight").exists() and self.joined().flight != flight:
            raise OtherFlight(self.joined().flight)

    def join(self, joined: Joined) -> None:
        """Raises OtherFlight, OSError."""
        self.require_free_for(joined.flight)
        write_durably(self._folder / "flight", msgspec.json.encode(joined))

    def joined(self) -> Joined:
        """Raises NotReady, OSError."""
        path = self._folder / "flight"
        if not path.exists():
            raise NotReady("flight", "airside crew join")
        return msgspec.json.decode(path.read_bytes(), type=Joined)

    def load(self, content: bytes, clock: Clock) -> Plan:
        """The plan as the gateway just made it.

        Raises PlanRefused, NotThisTill, ClockWrong, OSError.
        """
        plan = open_plan(content)
        public = self.key(os.urandom).public_key().public_bytes_raw()
        if all(device.public_key != public for device in plan.devices):
            raise NotThisTill
        behind_ms = plan.issued_at_ms - clock.now_ms()
        if abs(behind_ms) > plan.policy.frame_age_max_s * SECOND_MS:
            raise ClockWrong(behind_ms)
        write_durably(self._folder / "plan", content)
        return plan

    def plan(self) -> bytes:
        """Raises NotReady, OSError."""
        path = self._folder / "plan"
        if not path.exists():
            raise NotReady("plan", "airside crew load")
        return path.read_bytes()

    def open(self, clock: Clock) -> tuple[CrewTill, Hearing]:
        """Ready to sell. Raises NotReady, PlanRefused, NotThisTill, LogDamaged, LogInUse."""
        key = self.key(os.urandom)
        till = CrewTill(self.plan(), key, self._file("journal"), clock)
        return till, Hearing(till, self._file("heard"))

    def close(self) -> None:
        """Another process may open it now."""
        while self._files:
            self._files.pop().close()

    def _file(self, name: str) -> DiskFile:
        file = DiskFile(self._folder / name)
        self._files.append(file)
        return file

    def to_tell(self) -> bytes:
        """All that there is to tell, as it lies on the disk: also what is damaged."""
        files = (self._folder / "journal", self._folder / "heard")
        return b"".join(file.read_bytes() for file in files if file.exists())

    def told(self) -> dict[int, int]:
        """Of each till, how many entries from the first on the gateway has got. Raises OSError."""
        path = self._folder / "told"
        if not path.exists():
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[int, int])

    def mark_told(self, told: dict[int, int]) -> None:
        write_durably(self._folder / "told", msgspec.json.encode(told))


def folder_of(root: Path, flight: str) -> Path:
    """Each flight has its own, and the one joined last is the one meant. Raises OSError."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(root / LATEST, flight.encode())
    return root / flight


def latest_folder(root: Path) -> Path:
    """Raises NotReady, OSError."""
    if not (root / LATEST).exists():
        raise NotReady("flight", "airside crew join")
    return root / (root / LATEST).read_text()
