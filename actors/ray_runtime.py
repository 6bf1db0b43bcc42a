"""The runtime on Ray: the only file that imports it.

Import it only once HeadSpec.environment is in os.environ: Ray reads some of it when imported.

Ray places, names, restarts and finds partitions: each is a detached named actor, a process of
its own. Frames travel over the socket that the actor opens (actors/socket_server.py); a plain Ray
call carries them too, as the fallback behind the same contract suite.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import ray
from ray.actor import ActorHandle

from actors import garbage
from actors.desk import Desk
from actors.frame import ANSWER_BYTES_MAX, encode
from actors.partition import Partition
from actors.partition_spec import PartitionSpec
from actors.ray_head import HeadSpec
from actors.runtime import PartitionUnavailable
from actors.socket_road import ANSWER_S, SocketRoad, failure
from actors.socket_server import SocketServer
from ledger.clock import SystemClock
from ledger.errors import AppendFailed, Fenced, Happened, StoreUnreadable
from ledger.ids import AccountId
from ledger.stores import open_journals

NAMESPACE = "airside"
# How long a call of the control plane may take: Ray answers in milliseconds, or is down.
CONTROL_S = 5.0
# Between two attempts to open a store that cannot be opened now.
RETRY_S = 0.1
# Tasks that do nothing, for stand_by(): one alone would find a process, and start no other.
STAND_BY_TASKS = 2
# The thread that connects is the driver to Ray, and numbers the tasks that it submits; a new head
# gives its first driver the same name as the last one did. Had two threads connected, one after
# the other, their tasks would get the same numbers, and Ray would abort the process.
_DRIVER = ThreadPoolExecutor(1, thread_name_prefix="ray-driver")


class PartitionActor:
    """The process of one partition. Its loop runs in a thread, for Ray keeps the main one."""

    def __init__(self, packed_spec: bytes) -> None:
        self._spec = msgspec.msgpack.decode(packed_spec, type=PartitionSpec)
        try:
            desk = Desk(_open_when_possible(self._spec))
        except Fenced:
            os._exit(1)  # Ray starts the next incarnation, which looks at the disk afresh
        garbage.look_seldom()
        server = SocketServer(desk, self._spec.socket_path)
        threading.Thread(target=_serve, args=(server,), daemon=True).start()

    def address(self) -> tuple[int, str]:
        return os.getpid(), str(self._spec.socket_path)

    def call(self, frame: bytes) -> bytes:
        """The fallback road: through our own socket, so that all commands pass one queue."""
        try:
            return asyncio.run(_call_own_socket(str(self._spec.socket_path), frame))
        except PartitionUnavailable as error:
            return encode(error.happened)  # as the socket says it, and Ray would garble it


def _open_when_possible(spec: PartitionSpec) -> Partition:
    """Wait for a disk that is full or may not be written, and for a database that restarts: Ray
    gives up for good on an actor whose start fails with an error, and starting process after
    process would help nobody. Each attempt looks at the store afresh.
    """
    while True:
        try:
            return _open_partition(spec)
        except (AppendFailed, StoreUnreadable):
            time.sleep(RETRY_S)


def _open_partition(spec: PartitionSpec) -> Partition:
    def owns(account: AccountId) -> bool:
        return spec.directory.owns(spec.number, account)

    journal = open_journals(spec.journals).writer(spec.number)
    try:
        partition = Partition(spec.number, owns=owns, journal=journal, clock=SystemClock())
        partition.open(secrets.token_bytes(8))
    except BaseException:
        journal.close()
        raise
    return partition


def _serve(server: SocketServer) -> None:
    """Until the process ends. Whatever ends the loop ends the process: a partition that lost an
    append, or broke a promise, must not answer from its memory.
    """
    try:
        server.run()
    finally:
        os._exit(1)


def _nothing() -> None:
    """For stand_by()."""


def _as_driver(work: Callable[[], None]) -> None:
    """In the one thread that is the driver. Waits for it."""
    _DRIVER.submit(work).result()


async def _call_own_socket(path: str, frame: bytes) -> bytes:
    async def resolve(_partition: int) -> str:
        return path

    road = SocketRoad(resolve)
    try:
        return await road.send(0, frame)
    finally:
        await road.close()


class RayRuntime:
    """A driver: one per process that talks to partitions.

    namespace: partitions of one number in different namespaces know nothing of one another.
    """

    def __init__(self, spec: HeadSpec, namespace: str = NAMESPACE) -> None:
        self._spec = spec
        self._namespace = namespace
        self.connected = False

    def connect(self) -> None:
        """Raises ConnectionError while the head is not up yet."""
        _as_driver(self._connect)

    def _connect(self) -> None:
        assert os.environ.get("RAY_AUTH_TOKEN") == self._spec.token, (
            "set before Ray was imported"
        )
        try:
            ray.init(
                address=self._spec.address,
                namespace=self._namespace,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                _node_ip_address="127.0.0.1",
            )
        except BaseException:
            ray.shutdown()  # half a connection would be in the way of the next attempt
            raise
        self.connected = True

    def disconnect(self) -> None:
        self.connected = False
        _as_driver(ray.shutdown)

    def start_partition(self, spec: PartitionSpec) -> None:
        """Create the partition's actor, or find it running. Returns before it is up."""
        remote = ray.remote(PartitionActor).options(
            name=_name(spec.number),
            namespace=self._namespace,
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=1,
            lifetime="detached",
            get_if_exists=True,
        )
        remote.remote(msgspec.msgpack.encode(spec))

    def stand_by(self) -> None:
        """Have a process wait to become a partition, if none does: to start one takes most of a
        second. Ray starts processes ahead of time for tasks that wait for one. So one task gets the
        process that keeps to tasks; for the next one Ray starts another, which comes too late for
        it, and has done nothing yet when a partition needs it.
        """
        _as_driver(self._stand_by)

    def _stand_by(self) -> None:
        with contextlib.suppress(ray.exceptions.RayError):  # there will be another occasion
            task = ray.remote(_nothing).options(num_cpus=0, max_retries=0)
            for _ in range(STAND_BY_TASKS):
                task.remote()

    async def address(self, partition: int) -> tuple[int, str]:
        """The partition's process id and socket. Raises OSError while it is not up."""
        try:
            actor = await self.find(partition)
            async with asyncio.timeout(CONTROL_S):
                pid, path = await actor.address.remote()
        except (ray.exceptions.RayError, ValueError, TimeoutError) as error:
            raise ConnectionRefusedError(f"partition {partition} is not up") from error
        return pid, path

    async def find(self, partition: int) -> ActorHandle[PartitionActor]:
        """Raises ValueError when there is none of this number."""
        return await asyncio.to_thread(
            ray.get_actor, _name(partition), namespace=self._namespace
        )

    async def socket_path(self, partition: int) -> str:
        _, path = await self.address(partition)
        return path


class RayCallRoad:
    """Frames by plain Ray calls: slower (1.5 to 1.8 ms against 0.12 ms), same contract."""

    def __init__(self, runtime: RayRuntime) -> None:
        self._runtime = runtime

    async def send(self, partition: int, frame: bytes) -> bytes:
        try:
            actor = await self._runtime.find(partition)
        except (ray.exceptions.RayError, ValueError) as error:
            raise PartitionUnavailable(partition, Happened.NO) from error
        try:
            async with asyncio.timeout(ANSWER_S):
                answer: bytes = await actor.call.remote(frame)
        except (ray.exceptions.RayError, TimeoutError) as error:
            raise PartitionUnavailable(partition, Happened.UNKNOWN) from error
        assert len(answer) <= ANSWER_BYTES_MAX, "a partition bounds its answers"
        happened = failure(answer)
        if happened:
            raise PartitionUnavailable(partition, happened)
        return answer

    async def close(self) -> None:
        """Ray keeps no connection of ours."""


def _name(partition: int) -> str:
    return f"partition-{partition}"
