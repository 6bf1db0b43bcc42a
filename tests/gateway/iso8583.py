"""A till that speaks ISO 8583 at the real gateway, and a wire that can be cut anywhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from terminals.iso8583 import mac
from terminals.iso8583.frames import FrameReader, frame
from terminals.iso8583.message import Message, decode
from terminals.iso8583.till import Iso8583Till, NoAnswer, Setup
from terminals.iso8583.till_book import Book, Line
from tests.gateway.harness import House, Json, copy_folder, reserve_port
from tests.gateway.registry import register

# Only a test that fails waits for so long.
PATIENCE_S = 20.0


@asynccontextmanager
async def iso_house(furnished: Path, folder: Path, **settings: str) -> AsyncIterator[House]:
    """A house that listens for ISO 8583 too."""
    reserved = reserve_port()
    port = reserved.getsockname()[1]
    house = House(copy_folder(furnished, folder), iso8583_port=port, **settings)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()
        reserved.close()


class Killed(BaseException):
    """The process ends here: nothing after this line happens."""


class MortalBook(Book):
    """Ends the process before or after its n-th write to the disk."""

    def __init__(self, path: Path, writes: int, *, after: bool) -> None:
        self._left = writes
        self._after = after
        self._alive = False
        super().__init__(path)
        self._alive = True

    def _put(self, line: Line) -> None:
        self._left -= 1
        dies = self._alive and self._left < 0
        if dies and not self._after:
            raise Killed
        super()._put(line)
        if dies:
            raise Killed


class Counter:
    """A registered terminal with its key, and as many tills on its book as are opened."""

    def __init__(self, house: House, made: Json, key: Json, folder: Path) -> None:
        self.house = house
        self.id: str = made["id"]
        self.tid: str = made["tid"]
        self.path = folder / "book.jsonl"
        self._opened: Book | None = None
        self.setup = Setup(
            host="127.0.0.1",
            port=house.config.iso8583_port,
            terminal=self.tid,
            key=bytes.fromhex(key["key"]),
            answer_s=PATIENCE_S,
        )

    def till(self, port: int = 0) -> Iso8583Till:
        """Opened anew, as after the process was killed. port: of a wire in between."""
        setup = Setup(
            host=self.setup.host,
            port=port or self.setup.port,
            terminal=self.tid,
            key=self.setup.key,
            answer_s=self.setup.answer_s,
        )
        return Iso8583Till(setup, self.book, self.house.clock)

    def mortal(self, writes: int, *, after: bool) -> MortalBook:
        self.let_go()
        self._opened = MortalBook(self.path, writes, after=after)
        return self._opened

    @property
    def book(self) -> Book:
        """Opened anew; whoever had it open has been killed."""
        self.let_go()
        self._opened = Book(self.path)
        return self._opened

    def let_go(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None


async def counter(house: House, folder: Path) -> Counter:
    made = await register(house)
    key = await house.operator.post(f"/v1/terminals/{made['id']}/message-key", key=None)
    assert key.status == 201, key.raw
    return Counter(house, made, key.body, folder)


class Raw:
    """A till without manners: sends what a test says, reads what comes."""

    def __init__(self, desk: Counter) -> None:
        self.desk = desk
        self.frames = FrameReader()
        self.got: list[bytes] = []

    async def __aenter__(self) -> Self:
        setup = self.desk.setup
        self.reader, self.writer = await asyncio.open_connection(setup.host, setup.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.writer.close()

    def message(self, mti: str, stan: int, **elements: str) -> bytes:
        """Elements by name: e4="…"."""
        named = {name[1:]: text for name, text in elements.items()}
        own = {"11": f"{stan:06d}", "13": "1122", "41": self.desk.tid}
        assert self.desk.setup.key is not None
        return mac.sign(Message(mti, own | named), self.desk.setup.key)

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def next(self) -> Message | None:
        """None when the gateway has closed."""
        async with asyncio.timeout(20):
            while not self.got:
                raw = await self.reader.read(4_096)
                if not raw:
                    return None
                self.got += self.frames.feed(raw)
        answer = decode(self.got[0])
        if mac.is_signed(answer):
            assert self.desk.setup.key is not None
            assert mac.verify(self.got[0], answer, self.desk.setup.key)
        self.got.pop(0)
        return answer

    async def ask(self, raw: bytes) -> Message:
        await self.send(frame(raw))
        answer = await self.next()
        assert answer is not None
        return answer


async def purchase(raw: Raw, stan: int, code: str, **elements: str) -> Message:
    """Of 240.00 riyals, unless an element says otherwise."""
    plain = {"e3": "000000", "e4": "000000024000", "e49": "634", "e62": code}
    return await raw.ask(raw.message("0200", stan, **(plain | elements)))


class Wire:
    """Between till and gateway: lets so many bytes through each way, then cuts.

    A whole connection that is not to be cut has no limit. `cuts` are taken one per connection.
    """

    def __init__(self, port: int, cuts: list[tuple[int | None, int | None]]) -> None:
        self._port = port
        self._cuts = cuts
        self.passed: list[list[int]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = self._cuts.pop(0) if self._cuts else (None, None)
        passed = [0, 0]
        self.passed.append(passed)
        out, into = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [
            asyncio.create_task(_pass(reader, into, there, passed, 0)),
            asyncio.create_task(_pass(out, writer, back, passed, 1)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, into):
            end.close()


async def _pass(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    limit: int | None,
    passed: list[int],
    index: int,
) -> None:
    """Until the limit is reached, or the side has ended."""
    while limit is None or passed[index] < limit:
        left = 65_536 if limit is None else limit - passed[index]
        raw = await reader.read(left)
        if not raw:
            return
        passed[index] += len(raw)
        writer.write(raw)
        await writer.drain()


async def until_settled(counter: Counter, again: Callable[[], Iso8583Till]) -> None:
    """As a till does after each start: until nothing is owed."""
    for _ in range(5):
        till = again()
        try:
            await till.settle()
        except NoAnswer:
            continue
        finally:
            await till.close()
        return
    raise AssertionError("it is still owed")
