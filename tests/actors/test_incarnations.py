"""Two incarnations of one partition, on every store: exactly one of them ever answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from actors.partition import Partition
from ledger.clock import ManualClock
from ledger.commands import Authorise, CaptureMode, Envelope, OpenAccount, ReadAccount
from ledger.entry import unseal
from ledger.errors import Fenced
from ledger.events import AccountKind
from ledger.journal import Journal, Store
from ledger.replies import PaymentReply
from ledger.verify import verify
from tests.books import account_of, asked, money, open_partition, sale
from tests.contracts.stores import BENCHES

AMIRA, BILAL = account_of("amira"), account_of("bilal")
PAYMENTS = 30


def opening_of(name: str) -> Envelope:
    account = account_of(name)
    command = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
    return asked(command, f"open {name}")


def payment(order: str) -> Envelope:
    """The wallet is empty: it is declined, and a decline is an entry too."""
    command = Authorise(
        account=AMIRA,
        amount=money("1.00", "QAR"),
        sale=sale("lounge", order),
        capture=CaptureMode.AUTOMATIC,
        hold_ms=0,
    )
    return asked(command, order)


# What needs an append to be answered, and what is answered from memory.
QUESTIONS = {
    "a new account": opening_of("bilal"),
    "a payment": payment("A-17"),
    "a payment answered before": payment("A-1"),
    "the balance of an account": Envelope(ReadAccount(account=AMIRA)),
    "the balance of no account": Envelope(ReadAccount(account=BILAL)),
}


@pytest.fixture(params=BENCHES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return BENCHES[request.param](tmp_path).store


@pytest.fixture
def writers(store: Store) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def incarnation(store: Store, writers: ExitStack, token: bytes) -> Partition:
    journal: Journal = writers.enter_context(closing(store.writer(0)))
    return open_partition(journal, ManualClock(), token=token)


@pytest.mark.parametrize("question", QUESTIONS)
def test_once_the_newer_is_open_the_older_answers_nothing(
    store: Store, writers: ExitStack, question: str
) -> None:
    older = incarnation(store, writers, b"older")
    older.handle([opening_of("amira"), payment("A-1")])
    newer = incarnation(store, writers, b"newer")

    with pytest.raises(Fenced):
        older.handle([QUESTIONS[question]])

    assert newer.handle([QUESTIONS[question]])
    assert not verify(store).findings


def test_the_older_saves_no_image_either(store: Store, writers: ExitStack) -> None:
    older = incarnation(store, writers, b"older")
    older.handle([opening_of("amira")])
    incarnation(store, writers, b"newer")

    with pytest.raises(Fenced):
        older.tick()

    with closing(store.reader(0)) as reader:
        assert reader.images(10, b"") == []


@pytest.mark.slow
def test_of_two_that_open_at_once_one_answers_everything_and_the_other_nothing(
    store: Store, writers: ExitStack
) -> None:
    """They open together, and answer together. Whoever loses may lose at either."""
    for round_ in range(5):
        rivals = [_Rival(store, writers, f"{round_} {name}") for name in ("one", "other")]
        for act in (_Rival.open, _Rival.answer):
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(act, rivals))

        assert sorted(len(rival.answers) for rival in rivals) == [0, PAYMENTS]
        assert [rival.partition is None for rival in rivals].count(True) == 1
        with closing(store.reader(0)) as reader:
            entries = [unseal(sealed.body) for sealed in reader.read(0, 10_000)]
        written = {entry.seq: entry.key for entry in entries}
        assert all(rival.answers.items() <= written.items() for rival in rivals)
        assert not verify(store).findings


class _Rival:
    """partition: None once it was fenced. answers: number of the entry, key of the payment."""

    def __init__(self, store: Store, writers: ExitStack, name: str) -> None:
        self._name = name
        self._journal = writers.enter_context(closing(store.writer(0)))
        self.partition: Partition | None = None
        self.answers: dict[int, bytes] = {}

    def open(self) -> None:
        with suppress(Fenced):
            token = self._name.encode()
            self.partition = open_partition(self._journal, ManualClock(), token=token)

    def answer(self) -> None:
        if self.partition is None:
            return
        try:
            self.partition.handle([opening_of("amira")])
            for number in range(PAYMENTS):
                envelope = payment(f"{self._name} {number}")
                [reply] = self.partition.handle([envelope])
                assert isinstance(reply, PaymentReply)
                self.answers[reply.seq] = envelope.key
        except Fenced:
            self.partition = None
