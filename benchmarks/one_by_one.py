"""The naive gateway: the same door, the same ledger, the same journal, and one Ray call for each
payment.

Import it only once HeadSpec.environment is in os.environ, as benchmarks/naive.py does: Ray reads
some of it when imported.
"""

import asyncio
import secrets
from pathlib import Path

import msgspec
import ray
from ray.actor import ActorHandle

from actors import garbage
from actors.directory import Directory
from actors.engine import Engine
from actors.partition import Partition
from actors.partition_spec import PartitionSpec
from actors.ray_head import HeadSpec
from actors.ray_runtime import RayRuntime
from actors.runtime import PartitionUnavailable
from actors.socket_road import SocketRoad
from gateway.bootstrap import Gateway
from gateway.config import Config
from gateway.layout import Layout
from gateway.parts import Parts
from gateway.runner import serve
from ledger.clock import SystemClock
from ledger.commands import Envelope
from ledger.errors import Happened
from ledger.ids import AccountId
from ledger.replies import Reply
from ledger.stores import open_journals


class OneByOne:
    """A partition's process. Ray sends this class there by value, so it makes its codecs here."""

    def __init__(self, packed_spec: bytes) -> None:
        spec = msgspec.msgpack.decode(packed_spec, type=PartitionSpec)

        def owns(account: AccountId) -> bool:
            return spec.directory.owns(spec.number, account)

        journal = open_journals(spec.journals).writer(spec.number)
        self._partition = Partition(
            spec.number, owns=owns, journal=journal, clock=SystemClock()
        )
        self._partition.open(secrets.token_bytes(8))
        garbage.look_seldom()
        self._decode = msgspec.msgpack.Decoder(Envelope).decode
        self._encode = msgspec.msgpack.Encoder().encode

    def ask(self, envelope: bytes) -> bytes:
        [reply] = self._partition.handle([self._decode(envelope)])
        return self._encode(reply)


class NaiveEngine(Engine):
    """Asks by a plain Ray call each."""

    def __init__(self, directory: Directory, actors: list[ActorHandle[OneByOne]]) -> None:
        super().__init__(directory, SocketRoad(_no_socket))
        self._actors = actors
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)

    def ask(self, envelope: Envelope) -> asyncio.Future[Reply]:
        return asyncio.ensure_future(self._call(envelope))

    async def _call(self, envelope: Envelope) -> Reply:
        partition = self.directory.partition_of(envelope.command.account)
        try:
            answer: bytes = await self._actors[partition].ask.remote(self._encode(envelope))
        except ray.exceptions.RayError as error:
            raise PartitionUnavailable(partition, Happened.UNKNOWN) from error
        return self._decode.decode(answer)


async def _no_socket(partition: int) -> str:
    raise ConnectionRefusedError(f"partition {partition} has no socket")


def start_actors(
    config: Config, head: HeadSpec, directory: Directory
) -> list[ActorHandle[OneByOne]]:
    """One actor for each partition. They end with this process, their owner."""
    journals = Layout(Path(config.data)).journals_at(config.store)
    remote = ray.remote(OneByOne).options(num_cpus=0, max_concurrency=1)
    actors = []
    for number in range(directory.partition_count):
        partition = PartitionSpec(number, journals, head.folder, directory)
        actor = remote.remote(msgspec.msgpack.encode(partition))
        assert isinstance(actor, ActorHandle)
        actors.append(actor)
    return actors


async def run(
    config: Config, head: HeadSpec, directory: Directory, told_to_stop: asyncio.Event
) -> None:
    runtime = RayRuntime(head)
    await asyncio.to_thread(runtime.connect)
    layout = Layout(Path(config.data))
    road = SocketRoad(_no_socket)
    parts = Parts(
        config=config,
        directory=directory,
        road=road,
        pulse=road,
        journals=open_journals(layout.journals_at(config.store)),
        store=layout.open_store(),
        clock=SystemClock(),
    )
    actors = start_actors(config, head, directory)
    # A start takes a second of processor, which nobody else shall pay for.
    for actor in actors:
        await actor.__ray_ready__.remote()
    gateway = Gateway(parts, NaiveEngine(directory, actors))
    garbage.look_seldom()
    await serve(gateway, config, told_to_stop)
    await asyncio.to_thread(runtime.disconnect)
