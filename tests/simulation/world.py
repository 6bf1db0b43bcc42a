"""One seed, lived through: its steps, one after the other, and everyone who is there."""

from collections.abc import Callable
from random import Random
from typing import Any

from actors.batcher import MailboxFull
from actors.directory import plan as plan_map
from actors.runtime import PartitionUnavailable
from ledger.clock import DAY_MS, SECOND_MS
from ledger.commands import Change, Read
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import account_text
from ledger.replies import RefusalKind, Reply
from services.asking import Refused, Unanswered
from tests.simulation.ask import Ask
from tests.simulation.auditor import Auditor
from tests.simulation.crew import Carrier, Gateway
from tests.simulation.fault import Fault, Weather
from tests.simulation.faulty_store import FaultyStore
from tests.simulation.host import Host
from tests.simulation.mishap import befall
from tests.simulation.plan import Plan, Skip, Step
from tests.simulation.sqlite_folder import Files, SqliteFolder
from tests.simulation.stage import HostClock, Stage
from tests.simulation.tally import Tally
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.words import words
from tests.simulation.workload import Deed, Workload, wallet_id

GATEWAYS = 2
# A caller that got no answer may ask so many times more.
RETRIES = 2
# Past a second's hold, a code's minute, a day's and a week's hold, a key's month.
SKIPS_MS = {
    Skip.SECONDS: (1 * SECOND_MS, 10 * SECOND_MS, 61 * SECOND_MS, 70 * SECOND_MS),
    Skip.DAYS: (DAY_MS // 2, DAY_MS, 8 * DAY_MS),
    Skip.MONTH: (31 * DAY_MS,),
}

# Refusals that another attempt would only meet again.
_FINAL = frozenset({RefusalKind.KEY_REUSED, RefusalKind.KEY_EXPIRED})

Note = Callable[[str], None]


class World:
    """note: told what happens, in words, when somebody wants to read it."""

    def __init__(
        self,
        plan: Plan,
        loop: VirtualLoop,
        folder: SqliteFolder | None,
        note: Note | None = None,
    ) -> None:
        dice = Random(plan.world_seed)
        pinned = (account_text(wallet_id(0)),) if plan.pinned else ()
        directory = plan_map(plan.partitions, pinned)
        self._note = note
        self.loop = loop
        self.failure: BaseException | None = None
        self.weather = Weather()
        self.auditor = Auditor(directory, lambda: self.workload.names)
        self.stage = Stage(loop, dice, self.weather, self.auditor, directory, plan.tick_s)
        self.store = FaultyStore(self.weather, dice, folder)
        self.hosts = {
            number: Host(number, self.stage, self.store, self.restart_everything)
            for number in range(directory.partition_count)
        }
        self.clocks = [HostClock(self.stage) for _ in range(GATEWAYS)]
        self.gateways = [self.new_gateway(clock) for clock in self.clocks]
        self.carrier = Carrier(self.stage, self.hosts, self.store, self.fail)
        self.workload = Workload(lambda: self.stage.now_ms, directory, self.auditor.wallets)
        self._asked = 0
        loop.set_exception_handler(lambda _, context: self._unhandled(context))

    @property
    def tally(self) -> Tally:
        auditor = self.auditor
        return Tally(
            self._asked,
            self.weather.met,
            auditor.declines,
            auditor.refusals,
            auditor.commands,
        )

    def fail(self, error: BaseException) -> None:
        """Whatever it is, nothing that comes after it counts."""
        self.failure = self.failure or error
        self.loop.stop()

    def new_gateway(self, clock: HostClock) -> Gateway:
        return Gateway(self.stage, self.hosts, clock)

    def start(self) -> None:
        for host in self.hosts.values():
            host.start()
        self.carrier.start()

    async def live(self, steps: list[Step]) -> None:
        """Callers do not wait for each other: each step begins when its time has come."""
        for step in steps:
            await self.loop.pause(step.wait_s)
            dice = Random(step.seed)
            match step.what:
                case Deed():
                    self._ask_somewhere(step, step.what, dice)
                case Skip():
                    self.stage.skipped_ms += dice.choice(SKIPS_MS[step.what])
                    self.note(step, step.what.value)
                case Fault():
                    befall(self, step.what, dice)
                    self.note(step, step.what.value)

    def note(self, step: Step, what: str) -> None:
        if self._note:
            self._note(f"{self.loop.time():9.4f}s  step {step.number:<5}{what}")

    def restart_everything(self, torn: dict[int, Files]) -> None:
        """The power goes, and comes back. torn: what it left of a commit that was being written."""
        self.store.power_cut(torn)
        for host in self.hosts.values():
            host.kill_all()
            host.start_later()
        for index in range(GATEWAYS):
            self.crash_gateway(index)
        self.carrier.crash()

    def crash_gateway(self, index: int) -> None:
        self.gateways[index].crash()
        self.gateways[index] = self.new_gateway(self.clocks[index])

    def _ask_somewhere(self, step: Step, deed: Deed, dice: Random) -> None:
        """At one gateway; or, by a caller in a hurry, at all of them at once."""
        ask = self.workload.ask(deed, dice)
        first = dice.randrange(GATEWAYS)
        self._run(first, step, ask, dice)
        if dice.random() < 0.05:
            self._run((first + 1) % GATEWAYS, step, ask, dice)

    def _run(self, index: int, step: Step, ask: Ask, dice: Random) -> None:
        retries = RETRIES if dice.random() < 0.7 else 0
        gateway = self.gateways[index]
        gateway.run(self._insist(gateway, step, ask, retries), self.fail)

    async def _insist(self, gateway: Gateway, step: Step, ask: Ask, retries: int) -> None:
        while not await self._ask_once(gateway, step, ask) and retries:
            retries -= 1
            await self.loop.pause(0.1)

    async def _ask_once(self, gateway: Gateway, step: Step, ask: Ask) -> bool:
        """True when there is nothing more to ask for."""
        self._asked += 1
        since = self.auditor.served_count
        attempt = ask.begin()
        told: Reply | RefusalKind | str
        try:
            told = await _answer(gateway, ask)
        except MailboxFull:
            told, happened = "mailbox full", Happened.NO
        except Unanswered as error:
            told, happened = "no answer", error.happened
        except Refused as error:
            told, happened = error.kind, Happened.NO
            self.auditor.require_given(ask.key, ask.command, since, error.kind)
        else:
            happened = Happened.YES
            self.auditor.require_given(ask.key, ask.command, since, told)
            self.workload.learn(ask, told)
        ask.told[attempt] = happened
        if self._note:
            names = self.workload.names
            asked = f"{words(ask.command, names)} key {words(ask.key, names)}"
            self.note(step, f"{asked} -> {words(told, names)} ({happened})")
        return happened is Happened.YES or told in _FINAL

    def _unhandled(self, context: dict[str, Any]) -> None:
        """An exception in a callback, or one that nobody fetched."""
        error = context.get("exception")
        if isinstance(error, PartitionUnavailable):
            return  # its caller was gone before it came
        self.fail(error or AssertionError(context["message"]))


async def _answer(gateway: Gateway, ask: Ask) -> Reply:
    if isinstance(ask.command, Read):
        return await gateway.accounts.read(ask.command, ask.caller)
    assert isinstance(ask.command, Change), "callers do not relay"
    cause = Cause(ask.key, ask.request, ask.caller)
    return await gateway.accounts.change(ask.command, cause)
