"""A small ledger on small pages, every bit of which can be flipped; and what it means."""

import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import NamedTuple

from ledger.clock import SECOND_MS, ManualClock
from ledger.commands import Authorise, Capture, CaptureMode, Fund, OpenAccount, Refund
from ledger.events import AccountKind
from ledger.ids import AccountId
from ledger.money import Money
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import OneDesk, account_of, asked, evidence_of, memory_folder, sale

# The smallest that SQLite has: so few rows already fill inner pages, leaves and overflow pages.
PAGE_BYTES = 512
WALLETS = 6
FUNDS = Money(90_000, "QAR")


class Flip(NamedTuple):
    """One bit of one file."""

    file: str
    place: int
    bit: int

    def of(self, folder: Path) -> None:
        path = folder / self.file
        content = bytearray(path.read_bytes())
        content[self.place] ^= 1 << self.bit
        path.write_bytes(content)


def live(store: SqliteStore, *, fold: bool) -> None:
    """fold: the log is folded into the file before the last payments, and holds only those."""
    with closing(sqlite3.connect(store.path(0))) as db:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("VACUUM")
    clock = ManualClock()
    desk = OneDesk(store, clock)
    wallets = [account_of(f"traveller {number}") for number in range(WALLETS)]
    for wallet in wallets:
        opening = OpenAccount(account=wallet, kind=AccountKind.WALLET, pots=("QAR",))
        desk.ask(asked(opening, f"open {wallet!r}"))
        fund = Fund(account=evidence_of(wallet.hex()), target=wallet, amount=FUNDS)
        desk.ask(asked(fund, f"fund {wallet!r}"))
    desk.deliver()
    for wallet in wallets:
        _pay(desk, wallet, 1)
    _rest(desk, clock)
    if fold:
        desk.restart()
    _pay(desk, wallets[0], 2)
    _pay(desk, wallets[1], 2)
    _rest(desk, clock)
    _pay(desk, wallets[2], 2)


def _rest(desk: OneDesk, clock: ManualClock) -> None:
    while desk.partition.tick():
        clock.advance(SECOND_MS)


def _pay(desk: OneDesk, wallet: AccountId, number: int) -> None:
    for capture in (CaptureMode.AUTOMATIC, CaptureMode.MANUAL):
        pay = Authorise(
            account=wallet,
            amount=Money(1_000 * number, "QAR"),
            sale=sale("lounge", f"A-{number}"),
            capture=capture,
            hold_ms=3_600 * SECOND_MS,
        )
        desk.ask(asked(pay, f"{capture} {number}"))
    part, back = Money(500, "QAR"), Money(100, "QAR")
    ordinal = 2 * number
    capture_ = Capture(account=wallet, ordinal=ordinal, amount=part, final=False)
    desk.ask(asked(capture_, f"capture {number}"))
    refund = Refund(account=wallet, ordinal=ordinal, amount=back)
    desk.ask(asked(refund, f"refund {number}"))


def copy_as_after_a_kill(source: SqliteStore, target: Path) -> None:
    """The files as they stand; the index of the log (-shm) is made anew by whoever opens it."""
    path = source.path(0)
    for each in (path, path.with_name(f"{path.name}-wal")):
        shutil.copy(each, target / each.name)


def meaning(store: SqliteStore) -> list[object]:
    """Everything that anybody ever reads of a journal, by every way that it is read."""
    with closing(store.reader(0)) as reader:
        entries = reader.read(0, 10_000)
        queries = (
            "SELECT due_ms, account FROM images WHERE due_ms > 0 ORDER BY due_ms",
            "SELECT type, name, tbl_name, sql FROM sqlite_schema",
            "PRAGMA user_version",
            "PRAGMA integrity_check",
        )
        one_by_one = [reader.read(sealed.seq - 1, 1) for sealed in entries]
        answers = [reader._rows(query) for query in queries]
        images = reader.images(10_000)
        return [entries, one_by_one, images, reader.mark(), reader.tip(), *answers]


class Verdict(StrEnum):
    ENTRY = "the entry is named"
    FILE = "the damaged file, or what in it, is named"
    MEANINGLESS = "nothing that is ever read has changed"
    MISSED = "missed"


class Specimen:
    """A sound ledger in a folder of its own, and what it means."""

    def __init__(self, folder: Path, *, fold: bool) -> None:
        self.folder = folder
        with memory_folder() as running:
            store = SqliteStore(Path(running))
            live(store, fold=fold)
            copy_as_after_a_kill(store, folder)
        with self.copy() as store:
            assert verify(store).sound
            self._meaning = meaning(store)

    @contextmanager
    def copy(self) -> Iterator[SqliteStore]:
        with memory_folder() as folder:
            shutil.copytree(self.folder, folder, dirs_exist_ok=True)
            yield SqliteStore(Path(folder))

    def judge(self, flip: Flip) -> Verdict:
        with self.copy() as store:
            flip.of(store.path(0).parent)
            findings = verify(store).findings
            if any(f.partition == 0 and f.seq for f in findings):
                return Verdict.ENTRY
            if any(f.partition == 0 for f in findings):
                return Verdict.FILE
            same = not findings and meaning(store) == self._meaning
            return Verdict.MEANINGLESS if same else Verdict.MISSED

    def drawn(self, seed: int, every: int) -> list[Flip]:
        """In each byte, or in one of so many, one bit."""
        random = Random(seed)
        return [
            Flip(path.name, place, random.randrange(8))
            for path in sorted(self.folder.iterdir())
            for place in range(random.randrange(every), path.stat().st_size, every)
        ]


def main() -> int:
    """python -m tests.ledger.flips: one bit of every byte. Some minutes; 1 when one is missed."""
    missed = 0
    for fold in (True, False):
        with memory_folder() as folder:
            specimen = Specimen(Path(folder), fold=fold)
            counts: Counter[tuple[str, Verdict]] = Counter()
            for flip in specimen.drawn(seed=1, every=1):
                verdict = specimen.judge(flip)
                counts[flip.file.rpartition(".")[2], verdict] += 1
                if verdict is Verdict.MISSED:
                    sys.stdout.write(f"missed: {flip}\n")
        for (file, verdict), count in sorted(counts.items()):
            sys.stdout.write(f"{file:<12}{count:>8,}  {verdict}\n")
        missed += sum(n for (_, verdict), n in counts.items() if verdict is Verdict.MISSED)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
