"""The supervisor: `airside serve`. Starts everything on one machine, and keeps it running.

It holds the lock of the data folder, starts a Ray head of its own, the partitions and the gateways,
and runs the relay. Ray starts a partition again when its process dies, but does not notice one
that is stopped or stuck; so the supervisor asks each for a heartbeat and kills what is silent.
Where a server of Ray's own was stopped, it is told to go on. When the head itself dies, every old
partition is killed first, then all is started again. Gateways are its own children, and are looked
after in gateways.py.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from actors import garbage
from actors.directory import Directory
from actors.engine import Engine
from actors.partition_spec import PartitionSpec
from actors.ray_head import HeadSpec, RayHead
from actors.relay import Relay, load_cursors, save_cursors
from actors.socket_road import SocketRoad
from gateway.back_office import BackOffice, OfficeParts
from gateway.config import Config
from gateway.gateways import Gateways
from gateway.layout import Layout
from gateway.logs import get
from gateway.pulse import MISSED_MAX, Pulse
from gateway.start_failed import StartFailed
from gateway.webhook_sender import WebhookSender
from ledger.clock import SystemClock
from ledger.stores import open_journals
from services.asking import Accounts
from services.keyring import open_keyring

if TYPE_CHECKING:
    from actors.ray_runtime import RayRuntime

# Between two looks of the relay at journals where nothing new was: the delay of a transfer.
RELAY_POLL_S = 0.01
# Lost cursors only cost a second look at entries that were carried already.
SAVE_CURSORS_S = 1.0
# Everything must be up within this at start, or the start has failed.
START_S = 60.0
POLL_S = 0.05
# A gateway ends by itself once its own time to drain is over; this much later it is ended.
DRAIN_GRACE_S = 5

_log = get("supervisor")

Say = Callable[[str], None]


class Supervisor:
    def __init__(
        self, config: Config, directory: Directory, head: HeadSpec, say: Say
    ) -> None:
        self._config = config
        self._directory = directory
        self._layout = Layout(Path(config.data))
        self._journals = self._layout.journals_at(config.store)
        self._head = RayHead(head)
        self._say = say
        self._runtime: RayRuntime | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._gateways: Gateways | None = None
        self._processes: dict[int, int] = {}  # of each partition, as last seen
        self._tasks: list[asyncio.Task[None]] = []
        self._pulse = Pulse(self._locate, config.heartbeat_s)
        self._relay_road = SocketRoad(self._resolve)

    async def start(self) -> None:
        """Raises StartFailed, RayHeadFailed."""
        await self._start_engine()
        await self._until_listening()
        garbage.look_seldom()
        self._tasks = [
            asyncio.create_task(self._keep("relay", self._carry)),
            asyncio.create_task(self._keep("watch", self._watch)),
            asyncio.create_task(self._keep("back office", self._look_through)),
        ]

    async def _start_engine(self) -> None:
        started = time.monotonic()
        self._say("Ray: starting (this takes some seconds)")
        self._head.start()
        self._gateways = Gateways(
            self._config.gateways,
            {**os.environ, **self._head.spec.environment},
            MISSED_MAX * self._config.heartbeat_s,
        )
        # Ray reads its settings from the environment when it is imported, so not before this.
        os.environ.update(self._head.spec.environment)
        from actors.ray_runtime import RayRuntime  # noqa: PLC0415

        if self._runtime:
            await asyncio.to_thread(self._runtime.disconnect)
        await self._until_ready()
        self._runtime = RayRuntime(self._head.spec)
        self._connecting = asyncio.create_task(asyncio.to_thread(self._runtime.connect))
        await asyncio.shield(self._connecting)
        self._say(f"Ray: up after {time.monotonic() - started:.1f} s")
        for number in range(self._directory.partition_count):
            spec = PartitionSpec(
                number, self._journals, self._head.spec.folder, self._directory
            )
            self._runtime.start_partition(spec)
        await self._until_beating()
        self._say(f"partitions: {self._directory.partition_count} up")
        self._gateways.tell(self._gateway_spec())
        await asyncio.to_thread(self._runtime.stand_by)

    def _gateway_spec(self) -> bytes:
        return msgspec.json.encode(
            {
                "config": self._config,
                "head": self._head.spec,
                "directory": self._directory,
            }
        )

    async def _until_ready(self) -> None:
        """To connect earlier would be to wait inside of Ray, where nothing can interrupt us."""
        deadline = time.monotonic() + START_S
        while not self._head.ready():
            if time.monotonic() > deadline:
                raise StartFailed("Ray does not come up")
            await asyncio.sleep(POLL_S)

    async def _until_beating(self) -> None:
        deadline = time.monotonic() + START_S
        for number in range(self._directory.partition_count):
            while not await self._pulse.beats(number):
                self._head.require_alive()
                if time.monotonic() > deadline:
                    raise StartFailed(f"partition {number} does not answer")
                await asyncio.sleep(POLL_S)

    async def _locate(self, partition: int) -> tuple[int, str]:
        """Raises OSError while it is not up."""
        if self._runtime is None or not self._runtime.connected:
            raise ConnectionRefusedError("Ray is being started again")
        pid, path = await self._runtime.address(partition)
        if self._processes.setdefault(partition, pid) != pid:
            self._processes[partition] = pid
            await asyncio.to_thread(self._runtime.stand_by)  # it took the one that stood by
        return pid, path

    async def _resolve(self, partition: int) -> str:
        _, path = await self._locate(partition)
        return path

    async def _until_listening(self) -> None:
        deadline = time.monotonic() + START_S
        while not await _connects(self._config.host, self._config.port):
            if self._gateways and self._gateways.any_ended:
                raise StartFailed("a gateway ended while it started")
            if time.monotonic() > deadline:
                raise StartFailed("the gateway does not listen")
            await asyncio.sleep(POLL_S)

    async def _keep(self, part: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run it for as long as we live: a transfer must not stand still because one look at a
        journal failed.
        """
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 — whatever it was, it is logged and tried again
                _log.error("a part of the supervisor failed", part=part, exc_info=error)
                await asyncio.sleep(self._config.heartbeat_s)

    async def _carry(self) -> None:
        """The relay, for as long as we live. After a failure another one takes its place, so what
        this one had open is let go: a database counts its sessions.
        """
        cursors = load_cursors(self._layout.relay_cursors)
        store = open_journals(self._journals)
        relay = Relay(self._directory, self._relay_road, store, cursors)
        try:
            await self._step_by_step(relay)
        finally:
            relay.close()

    async def _step_by_step(self, relay: Relay) -> None:
        saved, saved_at = relay.cursors, time.monotonic()
        while True:
            await relay.step()
            if relay.cursors != saved and time.monotonic() - saved_at > SAVE_CURSORS_S:
                saved, saved_at = relay.cursors, time.monotonic()
                await asyncio.to_thread(self._save, saved)
            # Also under load: looking again at once would find one new entry at a time, and
            # cost more than the payments. A step carries a page, so 25,000 entries a second.
            await asyncio.sleep(RELAY_POLL_S)

    def _save(self, cursors: dict[int, int]) -> None:
        """A full disk is no reason to let a transfer wait."""
        try:
            save_cursors(self._layout.relay_cursors, cursors)
        except OSError as error:
            _log.warning("the relay's place could not be written", problem=error.strerror)

    async def _look_through(self) -> None:
        """The back office, for as long as we live. Opened anew after a failure, like the relay."""
        store = self._layout.open_store()
        engine = Engine(self._directory, SocketRoad(self._resolve))
        office = BackOffice(
            OfficeParts(
                journals=open_journals(self._journals),
                store=store,
                directory=self._directory,
                accounts=Accounts(engine, SystemClock()),
                keyring=open_keyring(self._layout.folder, random_bytes=secrets.token_bytes),
                clock=SystemClock(),
                dice=secrets.SystemRandom(),
                sender=WebhookSender(inside_allowed=self._config.webhooks_inside),
            )
        )
        try:
            await office.run()
        finally:
            await office.close()
            await engine.close()
            store.close()

    async def _watch(self) -> None:
        while True:
            await self._until_next_look()
            if not self._head.alive():
                await self._start_again()
                continue
            for server in self._head.wake():
                _log.warning("a server of Ray was stopped, and goes on", server=server)
            count = self._directory.partition_count
            await asyncio.gather(*[self._look_after(number) for number in range(count)])
            if self._gateways:
                self._gateways.look_after()

    async def _until_next_look(self) -> None:
        """Sooner when somebody has ended: to see that costs nothing."""
        deadline = time.monotonic() + self._config.heartbeat_s / 2
        while time.monotonic() < deadline and self._head.alive():
            if self._gateways and self._gateways.any_lost:
                return
            await asyncio.sleep(POLL_S)

    async def _look_after(self, partition: int) -> None:
        """Kill its process if that lives and is silent. One that has ended is Ray's to replace,
        and its number may be anybody's by now.
        """
        if await self._pulse.beats(partition):
            return
        pid = self._pulse.silent_process(partition)
        if pid is not None and self._head.owns(pid):
            _log.warning(
                "a partition is silent and is killed", partition=partition, pid=pid
            )
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _start_again(self) -> None:
        """The head is gone. No old partition may be left when new ones start: it would be fenced
        by its store, and until then it would answer reads.
        """
        _log.warning("Ray ended and is started again")
        self._head.stop()
        self._pulse.forget()
        self._processes.clear()
        drained = asyncio.create_task(self._drain(self._gateways))
        try:
            await self._start_engine()
        except BaseException:
            self._head.stop()  # half a start is none: the next look tries again
            raise
        finally:
            await drained

    async def stop(self) -> None:
        """Gateways drain first; then nothing asks the partitions any more, and they may end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drain(self._gateways)
        await self._pulse.close()
        await self._relay_road.close()
        if self._connecting:
            await asyncio.wait([self._connecting])
        if self._runtime:
            await asyncio.to_thread(self._runtime.disconnect)
        self._head.stop()

    async def _drain(self, gateways: Gateways | None) -> None:
        """They answer what they have accepted, and end."""
        if gateways:
            await gateways.drain(self._config.drain_s + DRAIN_GRACE_S)


async def _connects(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
