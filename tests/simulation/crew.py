"""Who talks to partitions: gateways, which ask for callers, and relays, which carry transfers."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping

from actors.engine import Engine
from actors.relay import Relay
from ledger.errors import StoreUnreadable
from services.asking import Accounts
from tests.simulation.faulty_store import FaultyStore
from tests.simulation.host import Host
from tests.simulation.sim_road import SimRoad
from tests.simulation.stage import HostClock, Stage

RELAY_POLL_S = 0.05
OnError = Callable[[BaseException], None]


class Gateway:
    """One process: callers' requests run in it and end with it."""

    def __init__(self, stage: Stage, hosts: Mapping[int, Host], clock: HostClock) -> None:
        self._stage = stage
        self._road = SimRoad(stage, hosts)
        self._tasks: dict[asyncio.Task[None], None] = {}
        engine = Engine(stage.directory, self._road, stage.loop.time)
        self.accounts = Accounts(engine, clock, stage.loop.pause)

    def run(self, work: Coroutine[None, None, None], on_error: OnError) -> None:
        task = self._stage.loop.create_task(work)
        self._tasks[task] = None

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.pop(task, None)
            error = None if task.cancelled() else task.exception()
            if error:
                on_error(error)

        task.add_done_callback(ended)

    def crash(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        self._road.hang_up()

    async def idle(self) -> None:
        while self._tasks:
            await self._stage.loop.pause(RELAY_POLL_S)


class Carrier:
    """The real relay, its loop, and the file where its place is saved."""

    def __init__(
        self,
        stage: Stage,
        hosts: Mapping[int, Host],
        store: FaultyStore,
        on_error: OnError,
    ) -> None:
        self._stage = stage
        self._hosts = hosts
        self._store = store
        self._on_error = on_error
        self._saved: dict[int, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, steps: int = 2**62) -> None:
        """One that ends after so many steps. There may be several at once."""
        work = self._keep(lambda: self._carry(steps))
        self._tasks.append(self._stage.loop.create_task(work))

    def crash(self, *, forget: bool = False) -> None:
        """All of them end, and one begins from the saved place, or from the beginning."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if forget:
            self._saved = {}
        self.start()

    async def _keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """As the supervisor does: whatever ends the work, it begins again."""
        while True:
            try:
                await work()
            except StoreUnreadable:
                await self._stage.loop.pause(RELAY_POLL_S)
            except Exception as error:  # noqa: BLE001 - the simulation fails with it
                self._on_error(error)
                return
            else:
                return

    async def _carry(self, steps: int) -> None:
        road = SimRoad(self._stage, self._hosts)
        relay = Relay(self._stage.directory, road, self._store, dict(self._saved))
        try:
            while steps:
                steps -= 1
                if not await relay.step():
                    self._saved = relay.cursors
                    await self._stage.loop.pause(RELAY_POLL_S)
        finally:
            relay.close()
