"""The generator of old ledgers, in small: its books verify, and a start reads what it must."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from actors.directory import Directory, load_or_create, plan
from actors.partition import Partition
from actors.rebuild import rebuild_old
from actors.residents import TAIL_MAX
from benchmarks import old_books, old_plan
from benchmarks.machine import look
from benchmarks.old_age import BEGIN, END, write
from benchmarks.old_books import Books
from benchmarks.old_measure import Cost, OldAge, Start
from benchmarks.old_plan import Plan, Share, wallet_of
from gateway.layout import Layout
from ledger.account_line import account_line
from ledger.clock import ManualClock
from ledger.commands import Envelope
from ledger.entry import Sealed, unseal
from ledger.events import Authorised, Purchased
from ledger.ids import AccountId
from ledger.journal import Image
from ledger.replies import Reply
from ledger.sqlite_store import SqliteJournal, SqliteStore
from ledger.verify import verify

NOW_MS = ManualClock().now_ms()
PARTITIONS = 2


@pytest.fixture(autouse=True)
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_plan, "HISTORIES", {100: 1, 10: 4})
    monkeypatch.setattr(old_books, "CHUNK", 64)
    monkeypatch.setattr(old_books, "BATCH", 128)
    monkeypatch.setattr(old_books, "NOTED_EVERY", 2)


class Ledger:
    def __init__(self, folder: Path, wallets: int, entries: int) -> None:
        self.layout = Layout(folder)
        self.plan = Plan(wallets, entries, PARTITIONS, NOW_MS)
        self.store = SqliteStore(self.layout.journals)
        self.directory: Directory = load_or_create(self.layout.directory, plan(PARTITIONS))

    def books(self, number: int) -> Books:
        return Books(self.layout, self.plan, self.directory, number)

    def write(self) -> None:
        for number in range(PARTITIONS):
            with closing(self.books(number)) as books:
                books.write()
                while books._partition.tick():
                    pass  # at rest: every image is saved

    def payments(self) -> Counter[AccountId]:
        """That were made, by who made them."""
        found: Counter[AccountId] = Counter()
        for number in range(PARTITIONS):
            with closing(self.store.reader(number)) as reader:
                for sealed in reader.read(0, 100_000):
                    entry = unseal(sealed.body)
                    if isinstance(entry.event, Purchased | Authorised):
                        found[entry.account] += 1
        return found


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path, 300, 3_000)
    made.write()
    return made


def test_its_books_verify_and_have_what_was_asked_for(ledger: Ledger) -> None:
    report = verify(ledger.store)

    assert not report.findings
    assert report.at_rest
    assert report.accounts == 300 + len(funded(ledger))
    assert 3_000 <= report.entries <= 3_000 + 4 * PARTITIONS


def funded(ledger: Ledger) -> list[AccountId]:
    shares = [Share(ledger.plan, ledger.directory, n) for n in range(PARTITIONS)]
    return [account for share in shares for account in share.funded]


def test_histories_have_the_length_that_the_plan_says(ledger: Ledger) -> None:
    made = ledger.payments()

    for number in range(PARTITIONS):
        share = Share(ledger.plan, ledger.directory, number)
        assert [made[account] for _, account in share.histories] == [
            length for length, _ in share.histories
        ]
        assert [length for length, _ in share.histories][:1] == [100]
    assert sum(made.values()) == sum(
        Share(ledger.plan, ledger.directory, n).payments for n in range(PARTITIONS)
    )


def test_a_run_that_was_ended_goes_on_and_does_nothing_twice(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Ledger(tmp_path / "ended", 300, 3_000)
    plainly = Books._ask
    asked = 0

    def until_killed(
        books: Books, envelopes: Iterable[Envelope], kind: type[Reply]
    ) -> list[Reply]:
        nonlocal asked
        asked += 1
        if asked % 7 == 0:
            raise InterruptedError
        return plainly(books, envelopes, kind)

    monkeypatch.setattr(Books, "_ask", until_killed)
    for number in range(PARTITIONS):
        while not write_a_part(other, number):
            pass

    assert asked > 14
    assert not verify(other.store).findings
    assert other.payments() == ledger.payments()


def write_a_part(ledger: Ledger, number: int) -> bool:
    with closing(ledger.books(number)) as books:
        try:
            books.write()
        except InterruptedError:
            return False
    return True


class CountingJournal(SqliteJournal):
    """Counts what is read."""

    def __init__(self, partition: int, path: Path) -> None:
        self.read_entries = self.read_images = 0
        super().__init__(partition, path)

    def read(self, after: int, limit: int) -> list[Sealed]:
        page = super().read(after, limit)
        self.read_entries += len(page)
        return page

    def images(self, limit: int, after: bytes = b"") -> list[Image]:
        page = super().images(limit, after)
        self.read_images += len(page)
        return page

    def image(self, account: AccountId) -> Image | None:
        self.read_images += 1
        return super().image(account)


def started(ledger: Ledger) -> Iterator[Partition]:
    for number in range(PARTITIONS):
        journal = CountingJournal(number, ledger.store.path(number))
        clock = ManualClock(NOW_MS)
        partition = Partition(number, owns=lambda _: True, journal=journal, clock=clock)
        partition.open(b"started")
        yield partition
        partition.close()


@pytest.mark.parametrize("times", [1, 4])
def test_what_a_start_reads_and_keeps_does_not_grow_with_the_accounts(
    tmp_path: Path, times: int
) -> None:
    """One entry, which says that it was opened; no image; nobody in memory."""
    ledger = Ledger(tmp_path, 300 * times, 1_500 * times)
    ledger.write()

    for partition in started(ledger):
        journal = partition._journal
        assert isinstance(journal, CountingJournal)
        assert (journal.read_entries, journal.read_images) == (1, 0)
        assert len(partition.residents) == 0
        assert partition.residents.items == 0
        assert len(partition.residents._due) == 0


def test_the_time_of_an_old_ledger_ends_now(ledger: Ledger) -> None:
    with closing(ledger.store.reader(0)) as reader:
        times = [unseal(sealed.body).at_ms for sealed in reader.read(0, 100_000)]

    assert times == sorted(times)
    assert NOW_MS - times[0] == old_plan.YEARS_MS
    assert 0 <= NOW_MS - times[-1] < old_plan.YEARS_MS // 3


def test_images_of_another_version_are_drawn_anew_before_anybody_waits_for_them(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.images.IMAGE_VERSION", 99)
    monkeypatch.setattr("ledger.images._VERSION", bytes([99]))
    said: list[Sequence[int]] = []

    rebuild_old(ledger.store, lambda *what: said.append(what))
    assert said == []  # a short one is replayed in no time
    monkeypatch.setattr("actors.rebuild.TAIL_MAX", 100)
    rebuild_old(ledger.store, lambda *what: said.append(what))
    first, again = len(said), said[:]
    rebuild_old(ledger.store, lambda *what: said.append(what))

    assert first == 2 * PARTITIONS
    assert said == again
    assert said[0] == (0, 0, said[0][2])
    for partition in started(ledger):
        assert len(partition.residents) == 0
    assert not verify(ledger.store).findings
    assert TAIL_MAX > 100


def test_the_tables_stand_between_the_marks_of_the_document(tmp_path: Path) -> None:
    cost = Cost("a history of 10 payments", 999, 90, 280, 4_200, 9.2, 28.0, 4.0)
    start = Start(4.2, 17)
    memory = {"gateway": 90, "partitions": 400}
    found = OldAge(
        look(tmp_path), 1_000_000, 5_000_001, 10**9, [start, start], [cost], memory
    )
    document = tmp_path / "old-age.md"
    document.write_text(f"before\n{BEGIN}old\n{END}after\n")

    write(document, [found])
    write(document, [found])

    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert text.count("| a history of 10 payments | 1,000,000 | 90 | 280 B | 4.2 kB |") == 1
    assert "| 1,000,000 | 5,000,001 | 1,000 MB | 4.2 s | 4.2 s | 17 entries |" in text


def test_wallets_are_spread_over_the_partitions() -> None:
    directory = plan(PARTITIONS)
    homes = Counter(directory.partition_of(wallet_of(number)) for number in range(1_000))

    assert min(homes.values()) > 400


def test_a_history_is_one_line_of_entries(ledger: Ledger) -> None:
    [(length, account), *_] = Share(ledger.plan, ledger.directory, 0).histories
    with closing(ledger.store.reader(0)) as reader:
        events = [entry.event for entry in account_line(0, reader, account)]

    assert sum(isinstance(event, Purchased | Authorised) for event in events) == length
