"""The socket of a partition and the road to it: broken frames, slow peers, lost connections.

The server runs in a thread of its own, as in its process; everything else is real too.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from actors.desk import Desk
from actors.frame import (
    ANSWER_BYTES_MAX,
    FRAME_BYTES_MAX,
    LENGTH,
    Commands,
    Heartbeat,
    Request,
    decode_replies,
    decode_statistics,
    encode,
    framed,
)
from actors.partition import Partition
from actors.runtime import PartitionUnavailable
from actors.socket_road import ANSWER_S, SocketRoad
from actors.socket_server import BUSY_TURNS_MAX, Connection, SocketServer
from ledger.clock import ManualClock
from ledger.commands import (
    Authorise,
    CaptureMode,
    Deliver,
    Envelope,
    OpenAccount,
    ReadAccount,
    ReadEntries,
)
from ledger.errors import AppendFailed, Happened
from ledger.events import AccountKind, Origin
from ledger.ids import Ref
from ledger.money import Money
from ledger.replies import AccountReply, EntriesReply
from ledger.sqlite_store import SqliteStore
from tests.books import OneDesk, account_of, asked, sale, tip_of

AMIRA = account_of("amira")
OPENING = asked(OpenAccount(account=AMIRA, kind=AccountKind.WALLET, pots=("QAR",)), "open")
READ = Envelope(ReadAccount(account=AMIRA))
TOP_UP = Envelope(
    Deliver(
        account=AMIRA,
        source=Ref(account_of("bank"), 1),
        pot="QAR",
        amount_minor=10_000,
        origin=Origin(7, 1),
    )
)
HOLD = asked(
    Authorise(
        account=AMIRA,
        amount=Money(500, "QAR"),
        sale=sale("lounge", "A-1"),
        capture=CaptureMode.MANUAL,
        hold_ms=1_000,
    ),
    "A-1",
)
STATEMENT = Envelope(ReadEntries(account=AMIRA, before=0, limit=100))


class Served:
    """A partition behind its socket, and how its loop ended."""

    def __init__(self, partition: Partition, path: Path) -> None:
        self.path = path
        self.partition = partition
        self.server = SocketServer(Desk(partition), path)
        self.ended: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.server.run()
        except AppendFailed as error:
            self.ended = error

    def stop(self) -> None:
        self.server.stop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer, suppress(OSError):
            peer.connect(str(self.path))  # wakes the loop, if it has not ended yet
        self._thread.join()

    def join(self) -> None:
        self._thread.join()

    def connect(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(10)
        peer.connect(str(self.path))
        return peer


@pytest.fixture
def served(desk: OneDesk, tmp_path: Path) -> Iterator[Served]:
    running = Served(desk.partition, tmp_path / "p0.sock")
    yield running
    running.stop()


@pytest.fixture
async def road(served: Served) -> AsyncIterator[SocketRoad]:
    async def resolve(_partition: int) -> str:
        return str(served.path)

    opened = SocketRoad(resolve)
    yield opened
    await opened.close()


def receive(peer: socket.socket) -> bytes:
    (length,) = LENGTH.unpack(_exactly(peer, LENGTH.size))
    return _exactly(peer, length)


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = peer.recv(count - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data


def gone(peer: socket.socket) -> bool:
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True


async def test_a_frame_is_answered_in_its_order(road: SocketRoad) -> None:
    answer = await road.send(0, encode(Commands([OPENING, READ, OPENING])))

    first, read, again = decode_replies(answer)
    assert isinstance(first, AccountReply)
    assert isinstance(read, AccountReply)
    assert isinstance(again, AccountReply)
    assert again.replayed


async def test_a_heartbeat_passes_the_same_queue(road: SocketRoad) -> None:
    await road.send(0, encode(Commands([OPENING])))

    statistics = decode_statistics(await road.send(0, encode(Heartbeat())))

    assert (statistics.partition, statistics.commands, statistics.batches) == (0, 1, 1)


def test_a_frame_may_come_in_any_pieces(served: Served) -> None:
    frame = framed(encode(Commands([OPENING]))) + framed(encode(Commands([READ])))
    with served.connect() as peer:
        for cut in range(len(frame)):
            peer.sendall(frame[cut : cut + 1])

        assert isinstance(decode_replies(receive(peer))[0], AccountReply)
        assert isinstance(decode_replies(receive(peer))[0], AccountReply)


BROKEN = {
    "one byte too long": LENGTH.pack(FRAME_BYTES_MAX + 1),
    "as long as can be": LENGTH.pack(2**32 - 1) + b"x",
    "nothing": framed(b""),
    "no msgpack": framed(b"\xc1"),
    "no request": framed(encode([7])),
    "cut": framed(encode(Commands([OPENING]))[:-1]),
    "another protocol": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_peer_that_breaks_the_protocol_loses_its_connection_and_nobody_else_does(
    served: Served, broken: bytes
) -> None:
    with served.connect() as good, served.connect() as bad:
        bad.sendall(broken)
        assert gone(bad)

        good.sendall(framed(encode(Commands([OPENING]))))
        assert isinstance(decode_replies(receive(good))[0], AccountReply)


def test_a_peer_that_leaves_in_the_middle_disturbs_nobody(served: Served) -> None:
    frame = framed(encode(Commands([OPENING])))
    with served.connect() as good:
        for cut in (0, 3, len(frame) - 1, len(frame)):
            with served.connect() as bad:
                bad.sendall(frame[:cut])

        good.sendall(frame)
        assert isinstance(decode_replies(receive(good))[0], AccountReply)


def test_a_peer_that_does_not_read_holds_up_nobody_and_loses_nothing(
    served: Served,
) -> None:
    """Its answers, some 3 MB, are more than the kernel keeps for it."""
    declined = [asked(OPENING.command, f"open again {n}") for n in range(80)]
    with served.connect() as slow, served.connect() as quick:
        quick.sendall(framed(encode(Commands([OPENING, *declined]))))
        receive(quick)
        slow.sendall(framed(encode(Commands([STATEMENT] * 50))) * 10)

        for _ in range(5):
            quick.sendall(framed(encode(Commands([READ]))))
            assert isinstance(decode_replies(receive(quick))[0], AccountReply)
        for _ in range(10):
            answers = decode_replies(receive(slow))
            assert len(answers) == 50
            for answer in answers:
                assert isinstance(answer, EntriesReply)
                assert len(answer.bodies) == 81


class NeverIdle(SocketServer):
    """Somebody waits at every turn."""

    def __init__(self, desk: Desk, path: Path, turns: int) -> None:
        super().__init__(desk, path)
        self._left = turns

    def _collect(self, timeout_s: float) -> list[tuple[Connection, Request]]:
        self._left -= 1
        if not self._left:
            self.stop()
        return [(Connection(socket.socket()), Heartbeat())]

    def _answer(self, batch: list[tuple[Connection, Request]]) -> None:
        for connection, _ in batch:
            connection.sock.close()


def test_a_hold_expires_although_somebody_always_waits(
    desk: OneDesk, clock: ManualClock, store: SqliteStore, tmp_path: Path
) -> None:
    desk.ask_all([OPENING, TOP_UP, HOLD])
    before = tip_of(store).seq
    clock.advance(1_000)

    NeverIdle(Desk(desk.partition), tmp_path / "a.sock", BUSY_TURNS_MAX - 1).run()
    assert tip_of(store).seq == before
    NeverIdle(Desk(desk.partition), tmp_path / "b.sock", BUSY_TURNS_MAX).run()
    assert tip_of(store).seq == before + 1


def test_only_its_owner_can_connect(served: Served) -> None:
    assert served.path.stat().st_mode & 0o777 == 0o600


async def test_a_failed_append_is_told_to_everybody_who_waits_and_ends_the_loop(
    served: Served, road: SocketRoad, desk: OneDesk
) -> None:
    await road.send(0, encode(Commands([OPENING])))
    desk._journal._db.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]
    other = asked(
        OpenAccount(account=account_of("b"), kind=AccountKind.WALLET, pots=()), "b"
    )

    with pytest.raises(PartitionUnavailable) as caught:
        await road.send(0, encode(Commands([other])))

    assert caught.value.happened is Happened.NO
    served.join()
    assert isinstance(served.ended, AppendFailed)


async def test_a_road_to_nowhere_says_that_nothing_happened(tmp_path: Path) -> None:
    async def resolve(_partition: int) -> str:
        return str(tmp_path / "nobody.sock")

    with pytest.raises(PartitionUnavailable) as caught:
        await SocketRoad(resolve).send(0, encode(Heartbeat()))

    assert caught.value.happened is Happened.NO


class Peer:
    """The other side of a road, as a test wants it to behave."""

    def __init__(self, path: Path, answer: bytes, *, stays: bool = False) -> None:
        self.path = path
        self._answer = answer
        self._stays = stays
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        await reader.readexactly(length)
        writer.write(self._answer)
        await writer.drain()
        if self._stays:
            await reader.read()  # until the other side has had enough
        writer.close()

    async def resolve(self, _partition: int) -> str:
        return str(self.path)


HALF_ANSWERS = {
    "nothing": b"",
    "half a length": b"\x00\x00",
    "half a body": framed(b"half")[:-1],
}


@pytest.mark.parametrize("answer", HALF_ANSWERS.values(), ids=HALF_ANSWERS)
async def test_of_a_frame_whose_answer_broke_the_outcome_is_unknown(
    tmp_path: Path, answer: bytes
) -> None:
    async with Peer(tmp_path / "peer.sock", answer) as peer:
        road = SocketRoad(peer.resolve)

        with pytest.raises(PartitionUnavailable) as caught:
            await road.send(0, encode(Heartbeat()))
        assert caught.value.happened is Happened.UNKNOWN

        with pytest.raises(PartitionUnavailable):
            await road.send(0, encode(Heartbeat()))
        assert peer.connections == 2
        await road.close()


async def test_an_answer_that_is_announced_too_long_is_not_waited_for(
    tmp_path: Path,
) -> None:
    answer = LENGTH.pack(ANSWER_BYTES_MAX + 1)
    async with Peer(tmp_path / "peer.sock", answer, stays=True) as peer:
        road = SocketRoad(peer.resolve)

        async with asyncio.timeout(ANSWER_S / 2):
            with pytest.raises(PartitionUnavailable):
                await road.send(0, encode(Heartbeat()))
        await road.close()


async def test_an_answer_that_never_comes_is_unknown_and_its_connection_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.socket_road.ANSWER_S", 0.01)
    silent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    silent.bind(str(tmp_path / "silent.sock"))
    silent.listen()

    async def resolve(_partition: int) -> str:
        return str(tmp_path / "silent.sock")

    road = SocketRoad(resolve)
    for _ in range(2):
        with pytest.raises(PartitionUnavailable) as caught:
            await road.send(0, encode(Heartbeat()))
        assert caught.value.happened is Happened.UNKNOWN
    await road.close()
    silent.close()


async def test_a_partition_that_starts_again_is_found_again(
    served: Served, road: SocketRoad, desk: OneDesk
) -> None:
    await road.send(0, encode(Commands([OPENING])))
    served.stop()
    desk.restart()
    again = Served(desk.partition, served.path)
    try:
        replies: list[object] = []
        while not replies:
            with suppress(PartitionUnavailable):
                replies += decode_replies(await road.send(0, encode(Commands([READ]))))
        assert isinstance(replies[0], AccountReply)
    finally:
        again.stop()
