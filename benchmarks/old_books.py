"""One partition's share of an old ledger: `python -m benchmarks.old_books FOLDER PARTITION`.

Nothing is faked: every entry is decided, applied and appended by the partition that would do it in
service, in batches with one durable commit each; money comes in on evidence, and is carried by the
relay's own rules. Only the road is short, and the clock runs through three years.

What is asked is a function of the plan and of a number that counts up. So a run that was ended goes
on where its last note says, and asks a little again: the same keys, so the same answers.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import islice
from pathlib import Path
from secrets import token_bytes
from typing import TypeVar

import msgspec

from actors.directory import Directory, load
from actors.partition import Partition
from actors.relay import promises
from actors.tail import Tail
from benchmarks.old_plan import FUNDED_EVERY, HOLD_EVERY, OPENER, Plan, Share
from benchmarks.workload import CURRENCY, FUNDS_MINOR, PRICES_MINOR
from gateway.layout import Layout
from ledger.clock import ManualClock
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Change,
    Envelope,
    Fund,
    OpenAccount,
)
from ledger.events import AccountKind, Sale
from ledger.ids import AccountId
from ledger.keys import DIGEST_BYTES, key_digest
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import AccountReply, Noted, PaymentReply, Reply, TransferReply
from ledger.sqlite_store import SqliteStore
from services.payments import HOLD_MS
from services.transfers import evidence_account

# Commands in one batch, so in one commit: as when four full frames arrive together.
BATCH = 1_024
# Wallets that are opened and then filled.
CHUNK = 4_096
# Batches between two notes of how far it is; so many may be asked again.
NOTED_EVERY = 8
PLAN = "old-plan.json"

T = TypeVar("T")


class Unexpected(Exception):
    """The ledger answered otherwise than it must."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the ledger answered {reply!r}")


class Note(msgspec.Struct, frozen=True):
    """How far it is: wallets that are there and filled, batches of payments that are made; and
    up to where the relay has carried.
    """

    wallets: int = 0
    batches: int = 0
    carried: int = 0


class Books:
    """The partition, and who asks it."""

    def __init__(
        self, layout: Layout, plan: Plan, directory: Directory, number: int
    ) -> None:
        self._number = number
        self._note_path = layout.folder / f"old-note-{number}.json"
        self._directory = directory
        self.share = Share(plan, directory, number)
        self.note = _read(self._note_path)
        store = SqliteStore(layout.journals)
        self._clock = ManualClock(self.share.at_ms(0, 1))
        self._journal = store.writer(number)
        self._partition = Partition(
            number, owns=self._owns, journal=self._journal, clock=self._clock
        )
        self._partition.open(token_bytes(8))
        self._tail = Tail(store, number, self.note.carried)

    def _owns(self, account: AccountId) -> bool:
        return self._directory.owns(self._number, account)

    def close(self) -> None:
        self._tail.close()
        self._partition.close()

    def write(self) -> None:
        """All that is missing."""
        steps = len(self.share.wallets) + self.share.payments
        for start in range(self.note.wallets, len(self.share.wallets), CHUNK):
            self._set_clock(start, steps)
            self._open_chunk(self.share.wallets[start : start + CHUNK], start)
            self._write_note(wallets=start + CHUNK)
        for batch in range(self.note.batches, -(-self.share.payments // BATCH)):
            self._set_clock(len(self.share.wallets) + batch * BATCH, steps)
            self._pay(batch)
            if batch % NOTED_EVERY == NOTED_EVERY - 1:
                self._write_note(batches=batch + 1)
        self._write_note(batches=-(-self.share.payments // BATCH))

    def _set_clock(self, step: int, steps: int) -> None:
        self._clock.advance(self.share.at_ms(step, steps) - self._clock.now_ms())

    def _open_chunk(self, wallets: Sequence[AccountId], start: int) -> None:
        self._ask((_open(wallet) for wallet in wallets), AccountReply)
        # As counted from the partition's first wallet, wherever the chunk begins.
        funded = wallets[-start % FUNDED_EVERY :: FUNDED_EVERY]
        self._ask((self._fill(wallet) for wallet in funded), TransferReply)
        while page := self._tail.next():
            envelopes = [Envelope(c, "relay") for c in promises(self._number, page)]
            self._ask(envelopes, Noted)

    def _fill(self, wallet: AccountId) -> Envelope:
        """Of the references that a bank might use, one whose account is of this partition."""
        for attempt in range(1_000):
            evidence = evidence_account("bank", f"{wallet.hex()}-{attempt}")
            if self._owns(evidence):
                amount = Money(FUNDS_MINOR, CURRENCY)
                command = Fund(account=evidence, target=wallet, amount=amount)
                return _envelope(command, b"fill" + wallet)
        raise AssertionError("of a thousand ids one falls into each partition")

    def _pay(self, batch: int) -> None:
        numbers = range(batch * BATCH, min((batch + 1) * BATCH, self.share.payments))
        asked = [payment_of(self.share.payer(number), number) for number in numbers]
        holds = [
            reply.ref
            for reply in self._ask(asked, PaymentReply)
            if isinstance(reply, PaymentReply) and reply.state is PaymentState.AUTHORISED
        ]
        captures = [
            _envelope(
                Capture(account=ref.account, ordinal=ref.ordinal),
                b"capture" + ref.account + ref.ordinal.to_bytes(8, "big"),
            )
            for ref in holds
        ]
        self._ask(captures, PaymentReply)

    def _ask(self, envelopes: Iterable[Envelope], kind: type[Reply]) -> list[Reply]:
        replies: list[Reply] = []
        for batch in _batches(envelopes, BATCH):
            replies += self._partition.handle(batch)
        for reply in replies:
            if not isinstance(reply, kind):
                raise Unexpected(reply)
        return replies

    def _write_note(self, **changed: int) -> None:
        self.note = msgspec.structs.replace(self.note, carried=self._tail.after, **changed)
        spare = self._note_path.with_suffix(".new")
        spare.write_bytes(msgspec.json.encode(self.note))
        spare.replace(self._note_path)
        print(f"{self._number} {self._partition.residents.last_seq}", flush=True)


def _read(path: Path) -> Note:
    return msgspec.json.decode(path.read_bytes(), type=Note) if path.exists() else Note()


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _open(wallet: AccountId) -> Envelope:
    command = OpenAccount(account=wallet, kind=AccountKind.WALLET, pots=(CURRENCY,))
    return _envelope(command, b"open" + wallet)


def payment_of(payer: AccountId, number: int) -> Envelope:
    digest = sha256(payer + number.to_bytes(8, "big")).digest()
    hold = number % HOLD_EVERY == 0
    merchant = f"mer_{'abcd'[number % 4] * 24}"
    place = number % 40
    sale = Sale(
        merchant, digest[:DIGEST_BYTES], "terminal", f"DOH-{place}", f"till_{place}"
    )
    command = Authorise(
        account=payer,
        amount=Money(PRICES_MINOR[number % len(PRICES_MINOR)], CURRENCY),
        sale=sale,
        capture=CaptureMode.MANUAL if hold else CaptureMode.AUTOMATIC,
        hold_ms=HOLD_MS,
    )
    return _envelope(command, b"pay" + number.to_bytes(8, "big"))


def _envelope(command: Change, what: bytes) -> Envelope:
    key = key_digest(OPENER, what.hex())
    return Envelope(command, "prn_" + "a" * 24, key, sha256(what).digest()[:DIGEST_BYTES])


def main() -> None:
    layout, number = Layout(Path(sys.argv[1])), int(sys.argv[2])
    plan = msgspec.json.decode((layout.folder / PLAN).read_bytes(), type=Plan)
    with closing(Books(layout, plan, load(layout.directory), number)) as books:
        books.write()


if __name__ == "__main__":
    main()
