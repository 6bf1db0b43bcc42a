"""A cabin: a plan, tills on files that can lose power, and phones that can be copied.

Only time, randomness and the disk are stood in for; signatures, formats and checks are real.
"""

from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.clock import SECOND_MS, ManualClock
from terminals.inflight.allowance import Allowance, equal_shares, issue
from terminals.inflight.cabin_link import take_lost_gifts
from terminals.inflight.crew_till import Accepted, CrewTill
from terminals.inflight.entry import Line
from terminals.inflight.frame import KIND, Showing, frame_body, frame_text
from terminals.inflight.gift import AskedShare, write_request
from terminals.inflight.hearing import Hearing
from terminals.inflight.plan import Article, Device, Leg, Plan, Policy, seal_plan
from terminals.inflight.refusal import Refusal
from terminals.inflight.signed import sign

FLIGHT = b"flight-qr0001.."
HOUR_S = 3600


class PowerCut(OSError):
    """The machine is gone in the middle of a write."""


class MemoryFile:
    """A file whose last append may be torn: `cut_after` bytes of it arrive, then the power goes."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.cut_after: int | None = None

    def read(self) -> bytes:
        return self.content

    def append(self, content: bytes) -> None:
        if self.cut_after is not None:
            self.content += content[: self.cut_after]
            self.cut_after = None
            raise PowerCut
        self.content += content

    def cut(self, length: int) -> None:
        self.content = self.content[:length]


def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(Random(name).randbytes(32))


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


class Phone:
    """A passenger's: it holds the key, and counts."""

    def __init__(self, cabin: "Cabin", name: str, sealed: bytes, counter: int = 0) -> None:
        self.cabin = cabin
        self.name = name
        self.key = key_of(name)
        self.sealed = sealed
        self.counter = counter
        self.off_s = 0

    def show(self, counter: int | None = None) -> str:
        if counter is None:
            counter = self.counter
            self.counter += 1
        at_s = self.cabin.clock.now_ms() // SECOND_MS + self.off_s
        showing = Showing(counter, at_s, self.cabin.random.randbytes(8))
        return frame_text(sign(self.key, KIND, frame_body(self.sealed, showing)))

    def copy(self) -> "Phone":
        return Phone(self.cabin, self.name, self.sealed, self.counter)


class Till:
    """A crew's, with its disk. `restart` finds what the disk has."""

    def __init__(self, cabin: "Cabin", number: int) -> None:
        self.cabin = cabin
        self.number = number
        self.key = key_of(f"till {number}")
        self.log = MemoryFile()
        self.heard_log = MemoryFile()
        self.clock = ManualClock(cabin.clock.now_ms())
        self.restart()

    def restart(self) -> None:
        self.till = CrewTill(self.cabin.sealed_plan, self.key, self.log, self.clock)
        self.hearing = Hearing(self.till, self.heard_log)

    def sell(self, frame: str, minor: int) -> Accepted | Refusal:
        """For so many articles of one unit each."""
        return self.till.sell(frame, basket(minor))

    def ask(self, sealed: bytes, minor: int, request: bytes | None = None) -> bytes:
        number = request or self.cabin.random.randbytes(16)
        asked = AskedShare(self.cabin.plan.flight, self.number, sealed, minor, number)
        return write_request(asked, self.key)

    def meet(self, other: "Till") -> None:
        """They hear each other once, both ways."""
        for teller, hearer in ((self, other), (other, self)):
            hearer.hearing.hear(teller.hearing.lacking(hearer.hearing.known()))
            take_lost_gifts(hearer.till, hearer.hearing)


def basket(minor: int) -> tuple[Line, ...]:
    """So much money's worth: coins of 900, of 10 and of 1 minor unit."""
    return tuple(
        Line(sku, count)
        for sku, count in zip(("big", "ten", "one"), _coins(minor), strict=True)
        if count
    )


def _coins(minor: int) -> tuple[int, int, int]:
    big, rest = divmod(minor, 900)
    ten, one = divmod(rest, 10)
    return big, ten, one


class Cabin:
    def __init__(self, tills: int = 2, seed: int = 1, **policy: int) -> None:
        self.clock = ManualClock()
        self.random = Random(seed)
        self.gateway = key_of("gateway")
        numbers = range(1, tills + 1)
        stock = {str(number): 100_000 for number in numbers}
        self.plan = Plan(
            key_id=1,
            flight=FLIGHT,
            number="QR0001",
            date="2026-01-01",
            legs=(Leg("DOH", "LHR"),),
            aircraft="A7-ALA",
            currency="QAR",
            gateway_keys={"1": public(self.gateway)},
            devices=tuple(
                Device(n, f"Trolley {n}", public(key_of(f"till {n}"))) for n in numbers
            ),
            articles=(
                Article("big", "Watch", "Duty free", 900, stock),
                Article("ten", "Sandwich", "Food", 10, stock),
                Article("one", "Sweet", "Food", 1, stock),
            ),
            issued_at_ms=self.clock.now_ms(),
            policy=Policy(**policy),
        )
        self.sealed_plan = seal_plan(self.plan, self.gateway)
        self.tills = [Till(self, number) for number in numbers]

    def deny(self, *what: bytes) -> None:
        self.plan = msgspec.structs.replace(self.plan, denied=what)
        self.sealed_plan = seal_plan(self.plan, self.gateway)
        for till in self.tills:
            till.restart()

    def phone(self, minor: int = 200, name: str = "amira", **other: object) -> Phone:
        numbers = [device.number for device in self.plan.devices]
        now_s = self.clock.now_ms() // SECOND_MS
        allowance = Allowance(
            key_id=1,
            id=Random(f"{name}{minor}").randbytes(15),
            alias=Random(name).randbytes(8),
            flight=FLIGHT,
            currency="QAR",
            amount_minor=minor,
            sale_max_minor=minor,
            not_before_s=now_s,
            not_after_s=now_s + 24 * HOUR_S,
            phone_key=public(key_of(name)),
            first_counter=0,
            shares=equal_shares(minor, numbers),
        )
        allowance = msgspec.structs.replace(allowance, **other)
        return Phone(self, name, issue(allowance, self.gateway))
