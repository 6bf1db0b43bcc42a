"""Backups: copied at different moments, and yet one consistent line."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.directory import plan
from actors.engine import Engine
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from ledger import backup
from ledger.backup import NotEmpty, back_up, recovery_line
from ledger.clock import ManualClock
from ledger.commands import Envelope, Fund, OpenAccount, ReadAccount, SendTransfer
from ledger.entry import Sealed
from ledger.events import AccountKind, Origin
from ledger.ids import AccountId
from ledger.journal import Tip
from ledger.keys import key_digest, request_digest
from ledger.money import Money
from ledger.replies import AccountReply, Refusal, TransferReply
from ledger.sqlite_store import SqliteReader, SqliteStore
from ledger.verify import verify
from tests.books import tip_of

AMIRA = AccountId(bytes([0x10]) + bytes(14))  # slot 256: partition 0 of two
JONAS = AccountId(bytes([0xF0]) + bytes(14))  # slot 3840: partition 1
EVIDENCE = AccountId(bytes([0x11]) + bytes(14))
DIRECTORY = plan(2)


class Bank:
    """Two wallets in two partitions, and the relay between them."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder)
        runtime = LocalRuntime(
            DIRECTORY, self.store, clock=ManualClock(), random_bytes=secrets.token_bytes
        )
        self._engine = Engine(DIRECTORY, runtime)
        self._relay = Relay(DIRECTORY, runtime, self.store, {})

    async def ask(self, command: OpenAccount | Fund | SendTransfer, key: str) -> object:
        request = request_digest(repr(command).encode())
        return await self._engine.ask(
            Envelope(command, "bank", key_digest("bank", key), request)
        )

    async def open(self) -> None:
        for account, key in ((AMIRA, "open-amira"), (JONAS, "open-jonas")):
            await self.ask(
                OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",)), key
            )
        fund = Fund(account=EVIDENCE, target=AMIRA, amount=Money(100_000, "QAR"))
        await self.ask(fund, "fund")
        await self.rest()

    async def send(self, key: str) -> object:
        return await self.ask(
            SendTransfer(account=AMIRA, target=JONAS, amount=Money(1_000, "QAR")), key
        )

    async def rest(self) -> None:
        while await self._relay.step():
            pass

    async def balance(self, account: AccountId) -> int:
        reply = await self._engine.read(ReadAccount(account=account))
        assert isinstance(reply, AccountReply)
        return reply.pots["QAR"].available_minor


def test_a_transfer_that_arrives_between_two_copies_is_taken_once_after_a_restore(
    tmp_path: Path,
) -> None:
    """The copy of partition 1 knows entries that the copy of partition 0 does not have."""
    bank = Bank(tmp_path / "source")
    asyncio.run(bank.open())

    async def move_money() -> None:
        for n in range(5):
            await bank.send(f"send-{n}")
        await bank.rest()

    def between(step: str) -> None:
        if step == "copying partition 1":
            asyncio.run(move_money())

    back_up(bank.store, tmp_path / "copy", between)
    restored = Bank(tmp_path / "copy")

    async def go_on() -> tuple[int, int]:
        for n in range(5):
            await restored.send(f"again-{n}")
        await restored.rest()
        return await restored.balance(AMIRA), await restored.balance(JONAS)

    assert asyncio.run(go_on()) == (95_000, 5_000)
    report = verify(restored.store)
    assert report.findings == ()
    assert report.at_rest
    assert not any(report.transit.values())


def test_a_restored_ledger_gives_every_old_key_its_old_answer(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "source")

    async def live() -> list[object]:
        await bank.open()
        answers = [await bank.send(f"send-{n}") for n in range(20)]
        await bank.rest()
        return answers

    first = asyncio.run(live())
    back_up(bank.store, tmp_path / "copy", lambda _step: None)
    restored = Bank(tmp_path / "copy")

    async def ask_again() -> list[object]:
        return [await restored.send(f"send-{n}") for n in range(20)]

    again = asyncio.run(ask_again())

    for old, new in zip(first, again, strict=True):
        assert isinstance(old, TransferReply)
        assert isinstance(new, TransferReply)
        assert not isinstance(new, Refusal)
        assert (new.ref, new.replayed) == (old.ref, True)
    assert asyncio.run(restored.balance(AMIRA)) == 80_000


class WrittenTo(SqliteStore):
    """A store that is written to before each page that somebody reads."""

    def __init__(self, folder: Path, write: Callable[[], None]) -> None:
        super().__init__(folder)
        self._write = write

    def reader(self, partition: int) -> SqliteReader:
        reader = super().reader(partition)
        read = reader.read

        def read_behind(after: int, limit: int) -> list[Sealed]:
            self._write()
            return read(after, limit)

        reader.read = read_behind  # type: ignore[method-assign]
        return reader


def test_a_backup_ends_however_busy_the_ledger_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGE", 3)
    bank = Bank(tmp_path / "source")
    asyncio.run(bank.open())
    sent: list[str] = []

    def send() -> None:
        for _ in range(backup.PAGE + 1):
            sent.append(f"send-{len(sent)}")
            asyncio.run(bank.send(sent[-1]))
        assert len(sent) < 40, "it runs after the writer"

    asyncio.run(bank.send("before"))
    line = back_up(
        WrittenTo(tmp_path / "source", send), tmp_path / "copy", lambda _step: None
    )

    assert len(sent) >= 2
    assert line.ends[0].seq < tip_of(bank.store, 0).seq
    assert verify(SqliteStore(tmp_path / "copy")).findings == ()


def test_a_partition_that_was_first_opened_meanwhile_is_before_its_first_entry() -> None:
    knowledge = {0: [(2, Origin(0, 1)), (3, Origin(1, 1)), (4, Origin(0, 2))]}

    assert recovery_line(knowledge, {0: Tip(4)}) == {0: 2}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "source")
    asyncio.run(bank.open())
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "precious").write_text("do not lose me")

    with pytest.raises(NotEmpty, match="copy is not empty"):
        back_up(bank.store, tmp_path / "copy", lambda _step: None)


ENDS = st.integers(0, 30)


@given(
    ends=st.tuples(ENDS, ENDS, ENDS),
    messages=st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(1, 40), st.integers(0, 2), st.integers(1, 40)
        ),
        max_size=40,
    ),
)
def test_nobody_behind_the_line_knows_what_is_beyond_it(
    ends: tuple[int, int, int], messages: list[tuple[int, int, int, int]]
) -> None:
    knowledge: dict[int, list[tuple[int, Origin]]] = {0: [], 1: [], 2: []}
    for partition, seq, source, source_seq in messages:
        knowledge[partition].append((seq, Origin(source, source_seq)))
    for entries in knowledge.values():
        entries.sort(key=lambda known: known[0])
    tips = {n: Tip(end) for n, end in enumerate(ends)}

    line = recovery_line(knowledge, tips)

    for partition, entries in knowledge.items():
        assert 0 <= line[partition] <= ends[partition]
        for seq, origin in entries:
            if seq <= line[partition]:
                assert origin.seq <= line[origin.partition]
