"""Settlements over four partitions while payments go on, and everything dies at any step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from actors.engine import Engine
from ledger.balances import balances
from ledger.clock import Clock
from ledger.commands import Change, ReadAccount
from ledger.entry import Cause
from ledger.posting import Book
from ledger.replies import AccountReply, Reply
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from services.asking import Accounts
from services.bookkeeping import Bookkeeper
from services.fees import FeeRate, Rates, rates_of, set_rate
from services.keyring import open_keyring
from services.merchant_tables import MERCHANT_LINES
from services.settlements import (
    Settlement,
    SettlementStatus,
    account_of_merchant,
    cuts_of,
    get_settlement,
    lines_of,
    open_settlement,
    place_of,
    sums_of,
    totals_of,
)
from services.settler import Settler
from services.store import Store, open_store
from services.tables import MERCHANTS
from tests.books import memory_folder
from tests.ledger.busy_books import BusyBooks

PARTITIONS = 4
LOUNGE = "mer_lounge"
# More steps than any settlement takes: a test that needs more is stuck.
STEPS_MAX = 400


class Died(Exception):
    """The process was killed."""


class Mortal:
    """Decides when the process dies: before or after what it does to the world, often."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.deaths = 0

    @contextmanager
    def risk(self) -> Iterator[None]:
        draw = self._dice.random()
        if draw < 0.15:
            self._die()
        yield
        if draw > 0.85:
            self._die()

    def _die(self) -> None:
        self.deaths += 1
        raise Died


class MortalAccounts(Accounts):
    """The answer may be lost with the process that waited for it."""

    def __init__(self, engine: Engine, clock: Clock, mortal: Mortal) -> None:
        super().__init__(engine, clock, _at_once)
        self._mortal = mortal

    async def change(self, command: Change, cause: Cause) -> Reply:
        with self._mortal.risk():
            return await super().change(command, cause)


class MortalStore(Store):
    """A commit may be the last thing that a process does, or what it did not come to."""

    def __init__(self, store: Store, mortal: Mortal) -> None:
        self.__dict__.update(store.__dict__)
        self._mortal = mortal

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._mortal.risk(), super().write() as connection:
            yield connection


async def _at_once(_seconds: float) -> None:
    """A partition that died is back with the next frame."""


class Town:
    """Four partitions, one merchant, travellers who pay all the time."""

    def __init__(self, store: Store, folder: Path, seed: int) -> None:
        self.dice = Random(seed)
        self.mortal = Mortal(self.dice)
        self.store = store
        self.journals = SqliteStore(folder)
        self.books = BusyBooks(self.journals, seed)
        self.engine = Engine(self.books.directory, self.books.runtime)
        row = {"id": LOUNGE, "name": "L", "mcc": "4582", "city": "Doha", "country": "QA"}
        with store.write() as connection:
            connection.execute(insert(MERCHANTS), row)
        set_rate(store, FeeRate(LOUNGE, "", 0, 175))

    async def settle(self, number: int, *, pays: bool = True) -> Settlement:
        """One settlement, through as many deaths as it takes."""
        name = f"stl_{number}"
        now_ms = self.books.clock.now_ms()
        open_settlement(self.store, name, LOUNGE, opened_by="prn_olga", now_ms=now_ms)
        for _ in range(STEPS_MAX):
            if pays:
                await self.books.live(self.dice.randrange(1, 8))
            await self._try()
            found = get_settlement(self.store, name)
            if found.status is SettlementStatus.SETTLED:
                return found
        raise AssertionError("it is never settled")

    async def _try(self) -> None:
        """A back office that lives until it dies."""
        store = MortalStore(self.store, self.mortal)
        accounts = MortalAccounts(self.engine, self.books.clock, self.mortal)
        keeper = Bookkeeper(self.store, self.journals, PARTITIONS)
        keeper.close()
        if self.dice.random() < 0.3:
            self.books.runtime.kill(self.dice.randrange(PARTITIONS))
        try:
            keeper = Bookkeeper(store, self.journals, PARTITIONS)
            keeper.step()
            settler = Settler(
                store,
                accounts,
                self.books.directory,
                clock=self.books.clock,
                on_trouble=_fail,
            )
            await settler.step()
        except Died:
            pass
        finally:
            keeper.close()
        await self.books.deliver()

    def tell_all(self) -> None:
        keeper = Bookkeeper(self.store, self.journals, PARTITIONS)
        while keeper.step():
            pass
        keeper.close()

    def lines(self) -> list[Any]:
        columns = MERCHANT_LINES.c
        with self.store.read() as connection:
            query = select(columns.partition, columns.seq, columns.pot)
            return [tuple(row) for row in connection.execute(query)]


def _fail(settlement: Settlement, cause: str) -> None:
    raise AssertionError(f"{settlement.id}: {cause}")


@pytest.fixture
def memory() -> Iterator[Path]:
    """What is tested is what is written, not what a disk keeps of it: syncing would be the time."""
    with memory_folder() as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_each_line_stands_in_exactly_one_statement_whatever_dies(
    memory: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.ledger.busy_books.PARTITIONS", PARTITIONS)
    keyring = open_keyring(memory, random_bytes=Random(1).randbytes)
    store = open_store(f"sqlite:///{memory / 'store.db'}", keyring)
    town = Town(store, memory / "journals", seed)
    await town.books.open_wallets()

    settlements = [await town.settle(number) for number in range(2)]
    settlements.append(await town.settle(2, pays=False))
    town.tell_all()

    stated = [
        place_of(line)
        for settlement in settlements
        for line in lines_of(store, LOUNGE, cuts_of(store, settlement.id), limit=10**6)
    ]
    assert len(stated) == len(set(stated)), "none twice"
    assert set(stated) == set(town.lines()), "none left out"
    assert len(stated) > 40
    assert town.mortal.deaths > 10
    await require_ties(town, settlements)
    await town.books.runtime.close()
    store.close()


async def require_ties(town: Town, settlements: list[Settlement]) -> None:
    """What the statements say is what the ledger has."""
    rates = Rates(rates_of(town.store, LOUNGE))
    credited = fees = 0
    for settlement in settlements:
        totals = totals_of(town.store, settlement.id)
        sums = sums_of(town.store, LOUNGE, cuts_of(town.store, settlement.id), rates)
        for total in totals:
            assert total.gross_minor == sums.gross(total.pot)
            assert total.fees_minor == sums.fees[total.pot]
            credited += total.credited_minor
            fees += total.fees_minor
    found = balances(town.journals).totals()["QAR"]
    command = ReadAccount(account=account_of_merchant(LOUNGE))
    account = await town.engine.read(command)
    assert isinstance(account, AccountReply)
    assert account.pots["QAR"].available_minor == credited > 0
    assert -found[Book.FEES] == fees > 0
    assert (found[Book.MERCHANT], found[Book.SETTLING], found[Book.TRANSIT]) == (0, 0, 0)
    assert verify(town.journals).findings == ()
