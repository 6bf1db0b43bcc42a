"""Flights from one seed, with all that goes wrong on them, at the real gateway.

Phones are copied and photographed, tills lose their power in the middle of a write, their batteries
and their clocks; a disk is damaged, or is as it was some sales ago; share requests get lost and
come twice; on the ground tills are missing, journals are told in pieces, out of order, twice, with
damage, by another till, or after everything is over.

What a person would see is kept beside it: which goods were handed over, and on which allowance. The
audit compares that with the wallets, the risk account and the report, and holds what was promised:
no more is charged on an allowance than was set aside, to the passenger and the risk account
together; no more is handed over either, but for what a till that was set back had sold and nobody
told it of; and nobody pays for more than was handed over.
"""

from collections import Counter
from random import Random

import msgspec
from sqlalchemy import func, select

from ledger.clock import DAY_MS, SECOND_MS
from services.allowances import text_id
from services.flight_entries import Pays
from services.flight_tables import FLIGHT_CLAIMS
from terminals.inflight.crew_till import Accepted, TillStopped
from terminals.inflight.entry import EntryRefused, Sold
from terminals.inflight.frame import open_frame
from terminals.inflight.log_file import LogDamaged
from terminals.inflight.records import record, records
from terminals.inflight.refusal import Refusal
from tests.gateway.harness import House, Json
from tests.inflight.cabin import MemoryFile
from tests.inflight.ground import Ground, GroundPhone, GroundTill, plan_flight

WHO = ("amira", "jonas", "mei")
STEPS = 24
# What must have happened at least once in a long run.
MISHAPS = frozenset(
    {
        "phone copied", "frame replayed", "power cut", "till restarted", "wrong clock",
        "battery dead", "till lost", "told twice", "told in pieces", "upload damaged",
        "told by another", "time limit passed", "found too late", "share given",
        "gift lost", "tills met", "spent twice", "share spent", "journal damaged",
        "heard damaged", "till set back", "set back", "two stories", "sold beyond",
    }
)  # fmt: skip


class Goods(msgspec.Struct):
    """What was handed over, by allowance."""

    minor: dict[str, int] = {}

    def add(self, allowance: str, minor: int) -> None:
        self.minor[allowance] = self.minor.get(allowance, 0) + minor


class SimulatedFlight:
    def __init__(self, house: House, random: Random, risk: str) -> None:
        self.house = house
        self.random = random
        self.risk = risk
        self.tally: Counter[str] = Counter()
        self.goods = Goods()
        self.set_aside: dict[str, int] = {}
        self.phones: list[GroundPhone] = []
        self.frames: list[tuple[str, str]] = []
        self.gifts: list[tuple[GroundTill, bytes]] = []
        self.lost: list[GroundTill] = []
        self.broken: list[GroundTill] = []
        self.forgotten: Counter[str] = (
            Counter()
        )  # sold, by allowance, and not on the disk any more
        self.honest = random.random() < 0.3
        self.rules = {"spent_twice": random.choice(("passenger", "passenger", "risk"))}

    async def fly(self) -> None:
        before = await self._balances()
        tills = self.random.randint(1, 3)
        self.flight = await plan_flight(self.house, self.risk, tills, rules=self.rules)
        for number in range(self.random.randint(1, 3)):
            await self._board(number)
        await self.flight.take_off()
        for _ in range(STEPS):
            self._step()
            self.house.clock.advance(self.random.randint(1, 120) * SECOND_MS)
        await self.flight.move("landed")
        await self._land()
        await self._audit(before)
        await self._close_cases()

    async def _board(self, number: int) -> None:
        minor = self.random.choice((50, 200, 2_000))
        name = f"{self.flight.id} {number}"
        phone = await self.flight.set_aside(minor, WHO[number], name)
        self.set_aside[phone.allowance] = minor
        self.phones.append(phone)

    # In the air

    def _step(self) -> None:
        acts = [self._sale] * 8 + [self._meet, self._share, self._restart]
        if not self.honest:
            acts += [self._copy, self._replay, self._power_cut, self._clock, self._battery]
            acts += [self._set_back, self._damage, self._damage_heard]
        if self.working:
            self.random.choice(acts)()

    @property
    def working(self) -> list[GroundTill]:
        return [till for till in self.flight.tills if till not in self.broken]

    def _till(self) -> GroundTill:
        return self.random.choice(self.working)

    def _sale(self) -> None:
        phone = self.random.choice(self.phones)
        frame = phone.show()
        self.frames.append((frame, phone.allowance))
        self._sell(self._till(), frame, phone.allowance, self._minor(phone))

    def _minor(self, phone: GroundPhone) -> int:
        whole = self.set_aside[phone.allowance]
        return self.random.choice((1, 10, whole // 3, whole // 2, whole)) or 1

    def _sell(self, till: GroundTill, frame: str, allowance: str, minor: int) -> None:
        verdict = till.sell(frame, minor)
        if isinstance(verdict, Refusal):
            self.tally[verdict.reason.value.replace("_", " ")] += 1
        elif not verdict.replayed:
            self.goods.add(allowance, minor)

    def _copy(self) -> None:
        phone = self.random.choice(self.phones)
        copy = GroundPhone(self.house, "", phone.sealed, phone.allowance)
        copy.key, copy.counter = phone.key, phone.counter
        self.phones.append(copy)
        self.tally["phone copied"] += 1

    def _replay(self) -> None:
        if self.frames:
            frame, allowance = self.random.choice(self.frames)
            self._sell(self._till(), frame, allowance, self.random.choice((1, 10, 30)))
            self.tally["frame replayed"] += 1

    def _power_cut(self) -> None:
        """In the middle of a sale. What the disk has after it was sold, or was not: the crew scans
        again, and hands over what the till then says.
        """
        till, phone = self._till(), self.random.choice(self.phones)
        frame, minor = phone.show(), self._minor(phone)
        till.log.cut_after = self.random.randint(0, 600)
        try:
            verdict = till.sell(frame, minor)
        except TillStopped:
            till.restart()
            verdict = till.sell(frame, minor)
            self.tally["power cut"] += 1
        finally:
            till.log.cut_after = None
        if isinstance(verdict, Accepted):
            self.goods.add(phone.allowance, minor)

    def _restart(self) -> None:
        self._till().restart()
        self.tally["till restarted"] += 1

    def _clock(self) -> None:
        self._till().clock.off_ms = self.random.randint(-40, 40) * 3_600_000
        self.tally["wrong clock"] += 1

    def _battery(self) -> None:
        """The clock is back in 1970, until somebody sets it."""
        till = self._till()
        dead = self.random.random() < 0.5
        till.clock.off_ms = -(2**45) if dead else 0
        till.restart()
        self.tally["battery dead"] += dead

    def _set_back(self) -> None:
        """The disk is as it was some entries ago. Who hears what it had done sells no more."""
        till = self._till()
        others = [other for other in self.working if other is not till]
        if others and self.random.random() < 0.7:
            till.meet(self.random.choice(others))
        kept = self.random.randint(1, len(till.till.entries))
        forgotten = [
            (text_id("alw", sale.frame.allowance.id), sale.sold.amount_minor)
            for (device, seq), sale in till.till.book.sales.items()
            if device == till.number and seq > kept
        ]
        for allowance, minor in forgotten:
            self.forgotten[allowance] += minor
        gone = len(till.till.entries) - kept
        till.log.content = till.journal(*range(1, kept + 1))
        till.restart()
        self.tally["till set back"] += bool(gone)
        here = {entry.raw for entry in till.till.entries}
        knowing = [
            other
            for other in others
            if any(e.raw not in here for e in other.hearing.heard.get(till.number, []))
        ]
        if knowing and self.random.random() < 0.5:
            till.meet(self.random.choice(knowing))
            assert till.till.book.set_back, "it would sell its share again"
        for allowance, minor in forgotten:  # the passengers come again
            of_it = [phone for phone in self.phones if phone.allowance == allowance]
            phone = max(of_it, key=lambda one: one.counter)
            self._sell(till, phone.show(), allowance, minor)

    def _damage(self) -> None:
        """A bit of a journal flips: it sells no more, and tells what can be read."""
        if self.random.random() < 0.7:
            return  # it happens to few, or there would be no tills
        till = self._till()
        _flip(till.log, self.random)
        try:
            till.restart()
        except LogDamaged:
            self.broken.append(till)
            self.tally["journal damaged"] += 1
            return
        raise AssertionError("what was answered may be gone, and it sells on")

    def _damage_heard(self) -> None:
        till = self._till()
        if till.heard.content:
            _flip(till.heard, self.random)
            till.restart()
            self.tally["heard damaged"] += 1

    def _meet(self) -> None:
        self._till().meet(self._till())
        self.tally["tills met"] += 1

    def _share(self) -> None:
        """One asks another for a part; the answer may get lost, or come twice, or late."""
        asker, giver = self._till(), self._till()
        phone = self.random.choice(self.phones)
        request = asker.ask(
            phone.sealed, self.random.randint(1, 90), self.random.randbytes(16)
        )
        try:
            gift = giver.till.give(request)
        except EntryRefused:
            return
        if gift is not None:
            self.gifts.append((asker, gift.raw))
            self.tally["share given"] += 1
        if self.gifts and self.random.random() < 0.7:
            for _ in range(self.random.randint(1, 2)):
                taker, raw = self.random.choice(self.gifts)
                taker.till.take(raw)
        else:
            self.tally["gift lost"] += 1

    # On the ground

    async def _land(self) -> None:
        for till in self.working:
            till.till.close()
        if len(self.flight.tills) > 1 and self.random.random() < 0.4:
            self.lost.append(self.random.choice(self.flight.tills))
            self.tally["till lost"] += 1
        here = [till for till in self.flight.tills if till not in self.lost]
        self.random.shuffle(here)
        for till in here:
            await self._report(till)
        for till in here:  # what was cut or damaged is told again
            await self.flight.tell(_told(till) or b"nothing")
        if (await self.flight.report())["flight"]["status"] != "closed":
            self.house.clock.advance(2 * DAY_MS)
            self.tally["time limit passed"] += 1
            await self.house.lounge.post(f"{self.flight.path}/settle", {}, None)
        if self.lost and self.random.random() < 0.5:
            await self.flight.tell(_told(self.lost.pop()) or b"nothing")
            self.tally["found too late"] += 1

    async def _report(self, till: GroundTill) -> None:
        content = _told(till) or b"nothing"
        how = self.random.randint(0, 4)
        if how == 1:
            pieces = [record(raw) for raw in records(content) if isinstance(raw, bytes)]
            self.random.shuffle(pieces)
            for start in range(0, len(pieces), 3):
                await self.flight.tell(b"".join(pieces[start : start + 3]))
            self.tally["told in pieces"] += 1
        elif how == 2:
            damaged = bytearray(content)
            for _ in range(self.random.randint(1, 5)):
                damaged[self.random.randrange(len(damaged))] ^= self.random.randint(1, 255)
            await self.flight.tell(bytes(damaged[: self.random.randint(1, len(damaged))]))
            self.tally["upload damaged"] += 1
        else:
            await self.flight.tell(content)
        if how == 3:
            await self.flight.tell(content)
            self.tally["told twice"] += 1
        heard = [entry for entries in till.hearing.heard.values() for entry in entries]
        if heard and how == 4:
            await self.flight.tell(b"".join(record(entry.raw) for entry in heard))
            self.tally["told by another"] += 1

    # What must be so

    async def _balances(self) -> dict[str, int]:
        found = {}
        for who in WHO:
            account = (await getattr(self.house, who).get("/v1/me")).body["account"]
            found[who] = await self.house.available(account)
        return found | {"risk": await self.house.available(self.risk)}

    async def _audit(self, before: dict[str, int]) -> None:
        report, after = await self.flight.report(), await self._balances()
        self._require_within_allowances()
        paid = {who: before[who] - after[who] for who in before}
        assert report["flight"]["status"] == "closed", report
        assert report["ties"], report
        assert report["pending_minor"] == report["held_minor"] == 0
        assert report["unpaid_minor"] <= sum(self.forgotten.values()), "by nobody's fault"
        self._require_charged_within_allowances()
        assert paid["risk"] == report["risk_minor"]
        assert sum(paid[who] for who in WHO) == report["captured_minor"]
        assert report["complete"] == self._all_told(report), "a gap has no name"
        handed_over = sum(self.goods.minor.values())
        assert report["sold_minor"] <= handed_over
        if not self.lost and not self.broken and not self.tally["till set back"]:
            assert report["complete"]
            assert report["sold_minor"] == handed_over
            assert report["unpaid_minor"] == 0
        self._require_fair(report)

    def _require_charged_within_allowances(self) -> None:
        """By the hold and the risk account together, whatever the tills told."""
        claims = FLIGHT_CLAIMS.c
        total = func.sum(claims.amount_minor)
        mine = (claims.flight == self.flight.id) & (claims.pays != Pays.NOBODY)
        query = select(claims.allowance, total).where(mine).group_by(claims.allowance)
        with self.house.gateway._parts.store.read() as connection:
            for allowance, minor in connection.execute(query):
                assert minor <= self.set_aside[allowance], (
                    f"{allowance} was charged {minor}"
                )

    def _require_within_allowances(self) -> None:
        """Nothing beyond what was set aside leaves a trolley, but for what nobody knew of."""
        for allowance, minor in self.goods.minor.items():
            within = self.set_aside[allowance] + self.forgotten[allowance]
            assert minor <= within, f"{allowance} sold {minor}"
        if self.broken or self.forgotten:
            return
        sold: Counter[bytes] = Counter()
        for till in self.flight.tills:
            for entry in till.till.entries:
                if isinstance(entry.body.what, Sold):
                    frame = open_frame(entry.body.what.frame, till.till.plan.keys)
                    sold[frame.allowance.id] += entry.body.what.amount_minor
        assert sum(sold.values()) == sum(self.goods.minor.values())

    def _all_told(self, report: Json) -> bool:
        return all(till["reported"] for till in report["tills"])

    def _require_fair(self, report: Json) -> None:
        kinds = [case["kind"] for case in report["cases"]]
        for kind in ("spent_twice", "two_stories"):
            self.tally[kind.replace("_", " ")] += kinds.count(kind)
        self.tally["sold beyond"] += kinds.count("beyond")
        assert set(kinds) <= {"spent_twice", "late", "two_stories", "beyond"}, kinds
        if self.honest:
            assert set(kinds) <= {"late"}, "an honest passenger became a case"
        if not self.tally["till set back"]:
            assert set(kinds) <= {"late", "spent_twice"}, "an honest till became a case"
        at_risk = {"late"} | (
            {"spent_twice"} if self.rules["spent_twice"] == "risk" else set()
        )
        if not at_risk & set(kinds):
            assert report["risk_minor"] == 0, "the airline's loss"

    async def _close_cases(self) -> None:
        for case in (await self.flight.report())["cases"]:
            await self.house.operator.post(f"/v1/flight-cases/{case['id']}/close", {}, None)


def _told(till: GroundTill) -> bytes:
    """As `airside crew tell` finds it on the disk: what it did and what it heard, if readable."""
    found = records(till.log.content + till.heard.content)
    return b"".join(record(raw) for raw in found if isinstance(raw, bytes))


def _flip(file: MemoryFile, random: Random) -> None:
    damaged = bytearray(file.content)
    damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    file.content = bytes(damaged)


async def fly_all(house: House, seed: int, flights: int, first: int = 0) -> Counter[str]:
    """So many flights; what happened on them, counted. A failure names its flight."""
    tally: Counter[str] = Counter()
    for who in WHO:
        await house.wallet(who, QAR=10**9)
    opened = {"kind": "company", "currencies": ["QAR"], "label": "Risk"}
    risk = (await house.operator.post("/v1/accounts", opened)).body["id"]
    await house.top_up(risk, 10**9, evidence="risk of all flights")
    for number in range(first, first + flights):
        flight = SimulatedFlight(house, Random(f"{seed}.{number}"), risk)
        try:
            await flight.fly()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, flight {number}: {error}") from error
        tally += flight.tally
    return tally


__all__ = ["MISHAPS", "Ground", "fly_all"]
