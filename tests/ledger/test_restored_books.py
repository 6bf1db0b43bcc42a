"""Backed up while it works, restored, rebuilt, a ledger is the same: its bytes and its answers."""

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from actors.rebuild import rebuild
from ledger.account import Account
from ledger.apply import apply
from ledger.backup import Line, back_up, line_of, put_back
from ledger.balances import balances, balances_table
from ledger.commands import AnyCommand, ReadPayment, Refund
from ledger.decline import DeclineReason
from ledger.entry import Sealed, unseal
from ledger.events import Event
from ledger.ids import AccountId, Ref
from ledger.images import draw_whole
from ledger.journal import Image, Journal, Mark, Reader, Store, Tip
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.postgres_store import PostgresStore
from ledger.replies import (
    AccountReply,
    DeclinedReply,
    PaymentReply,
    Refusal,
    Reply,
    ReverseReply,
    TransferReply,
)
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import asked, memory_folder
from tests.ledger.busy_books import Asked, BusyBooks, captured
from tests.ledger.busy_trade import Trade
from tests.postgres_server import the_server

KEYS = 10_000
CAPS = 40
# The books hold every kind of event, or the proof is about less than it says.
KINDS = set(get_args(Event))
EVERYTHING = 1_000_000

Place = Callable[[Path], Store]


def in_a_folder(folder: Path) -> Store:
    return SqliteStore(folder)


def in_a_database(_folder: Path) -> Store:
    return PostgresStore(the_server().empty_database())


def in_another_database(_folder: Path) -> Store:
    return PostgresStore(the_server().another_database())


class UpTo:
    """A store as it was when its journals ended at this line."""

    def __init__(self, store: Store, line: Line) -> None:
        self._store = store
        self._line = line

    def partitions(self) -> list[int]:
        return sorted(self._line.ends)

    def writer(self, partition: int) -> Journal:
        raise AssertionError(f"partition {partition} is only looked at")

    def reader(self, partition: int) -> "UpToReader":
        return UpToReader(self._store.reader(partition), self._line.ends[partition])


class UpToReader:
    def __init__(self, reader: Reader, end: Tip) -> None:
        self._reader = reader
        self._end = end

    def tip(self) -> Tip:
        return self._end

    def read(self, after: int, limit: int) -> list[Sealed]:
        return self._reader.read(after, max(0, min(limit, self._end.seq - after)))

    def images(self, _limit: int, _after: bytes) -> list[Image]:
        return []

    def mark(self) -> Mark:
        return Mark()

    def close(self) -> None:
        self._reader.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as name:
        yield Path(name)


@pytest.fixture(
    params=[
        (in_a_folder, in_a_folder),
        (in_a_database, in_another_database),
        (in_a_folder, in_a_database),
        (in_a_database, in_a_folder),
    ],
    ids=["sqlite", "postgres", "sqlite-to-postgres", "postgres-to-sqlite"],
)
async def story(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator["Story"]:
    source: Place
    target: Place
    source, target = request.param
    story = Story(source(folder / "original"), folder / "copy")
    await story.live()
    await story.back_up()
    story.restore(target(folder / "restored"))
    yield story
    await story.close()


class Story:
    """A ledger, its backup, and what came of it."""

    def __init__(self, original: Store, copy: Path) -> None:
        self.original = original
        self.copy = copy
        self.books = BusyBooks(original, 1)
        self.asked: list[Asked] = []  # before the backup began
        self.again: list[Reply] = []  # the answers to the same keys, a moment before it
        self.line = Line({})
        self.restored: Store = original

    async def live(self) -> None:
        await self.books.open_wallets()
        trade = Trade(self.books)
        await trade.live()
        self.asked = trade.done + await self.books.live(KEYS - len(trade.done))
        self.again = await self.books.ask([envelope for envelope, _ in self.asked])
        self.books.payments.clear()  # what is asked from now on is about new ones

    async def back_up(self) -> None:
        """Writing goes on all the while."""
        with ThreadPoolExecutor(1) as pool:
            backup = pool.submit(back_up, self.original, self.copy, lambda _step: None)
            while not backup.done():
                await self.books.live(50)
        self.line = backup.result()
        await self.books.live(50)

    def restore(self, target: Store) -> None:
        self.restored = target
        put_back(SqliteStore(self.copy), target, lambda _step: None)
        for partition in target.partitions():
            with closing(target.writer(partition)) as journal:
                rebuild(partition, journal)

    async def close(self) -> None:
        await self.books.aclose()


@pytest.mark.slow
async def test_a_restored_ledger_is_the_original_byte_for_byte_and_answer_for_answer(
    story: Story,
) -> None:
    """One test for all of it: to make the books takes longer than to look at them."""
    require_same_bytes(story)
    async with aclosing(BusyBooks(story.restored, 2)) as restored:
        restored.clock.advance(story.books.clock.now_ms() - restored.clock.now_ms())
        restored.runtime.start()
        await require_same_answers(story, restored)
        await require_same_caps(story, restored)
        await restored.live(100)
        restored.runtime.tick()

    assert verify(story.restored).findings == ()
    assert not any(balances(story.restored).trial_balance().values())


def require_same_bytes(story: Story) -> None:
    """Of every entry and every account, up to the line; the original has gone on since."""
    assert line_of(story.restored) == story.line
    gone_on = line_of(story.original).ends
    assert all(gone_on[number].seq > end.seq for number, end in story.line.ends.items())
    original = UpTo(story.original, story.line)
    kinds: set[type] = set()
    for partition in original.partitions():
        with (
            closing(original.reader(partition)) as before,
            closing(story.restored.reader(partition)) as after,
        ):
            entries = before.read(0, EVERYTHING)
            assert after.read(0, EVERYTHING) == entries
            kinds |= {type(unseal(sealed.body).event) for sealed in entries}
            assert after.mark().seq == after.tip().seq
            images = after.images(EVERYTHING, b"")
            assert {image.account: image for image in images} == replayed(before)
    assert balances_table(balances(story.restored)) == balances_table(balances(original))
    assert verify(story.restored).findings == ()
    assert kinds >= KINDS


def replayed(reader: Reader) -> dict[AccountId, Image]:
    """The state as a pure function of the journal."""
    accounts: dict[AccountId, Account] = {}
    for sealed in reader.read(0, EVERYTHING):
        entry = unseal(sealed.body)
        if entry.account:
            accounts[entry.account] = apply(accounts.get(entry.account), entry)
    return {
        image.account: image
        for account in accounts.values()
        for image in draw_whole(account)
    }


async def require_same_answers(story: Story, restored: BusyBooks) -> None:
    """To every old key, and nothing is written."""
    before = line_of(story.restored)
    answers = await restored.ask([envelope for envelope, _ in story.asked])

    assert line_of(story.restored) == before
    assert len(story.asked) == KEYS
    assert list(map(msgspec.msgpack.encode, answers)) == list(
        map(msgspec.msgpack.encode, story.again)
    )
    for (_, first), answer in zip(story.asked, answers, strict=True):
        assert not isinstance(answer, Refusal)
        if not isinstance(first, AccountReply | TransferReply):  # how it stands since
            assert _as_first(answer) == _as_first(first)


def _as_first(answer: Reply) -> Reply:
    """But for the note that it is a repetition."""
    if isinstance(answer, ReverseReply) and answer.payment:
        payment = msgspec.structs.replace(answer.payment, replayed=False)
        answer = msgspec.structs.replace(answer, payment=payment)
    return msgspec.structs.replace(answer, replayed=False)


async def require_same_caps(story: Story, restored: BusyBooks) -> None:
    """No unit more can be refunded than on the original, and not one less."""
    checked = 0
    for ref in dict.fromkeys(captured(story.asked)):
        payment = await read(story.books, ref)
        if payment.state is not PaymentState.CAPTURED or checked == CAPS:
            continue  # it was reversed since
        checked += 1
        left_minor = payment.captured["QAR"] - payment.refunded.get("QAR", 0)
        too_much = await refund(restored, ref, left_minor + 1, f"too much {checked}")
        assert too_much == DeclinedReply(DeclineReason.EXCEEDS_CAPTURED)
        if left_minor:
            reply = await refund(restored, ref, left_minor, f"all {checked}")
            assert isinstance(reply, PaymentReply)
            assert reply.refunded == payment.captured
        more = await refund(restored, ref, 1, f"one more {checked}")
        assert more == DeclinedReply(DeclineReason.EXCEEDS_CAPTURED)
    assert checked == CAPS


async def read(books: BusyBooks, ref: Ref) -> PaymentReply:
    reply = await one(books, ReadPayment(account=ref.account, ordinal=ref.ordinal), "")
    assert isinstance(reply, PaymentReply)
    return reply


async def refund(books: BusyBooks, ref: Ref, minor: int, key: str) -> Reply:
    amount = Money(minor, "QAR")
    command = Refund(account=ref.account, ordinal=ref.ordinal, amount=amount)
    return await one(books, command, key)


async def one(books: BusyBooks, command: AnyCommand, key: str) -> Reply:
    [reply] = await books.ask([asked(command, key)])
    return reply
