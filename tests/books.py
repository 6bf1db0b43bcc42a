"""What the tests of ledger and actors share: people, merchants, keys, and one partition's desk."""

import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from actors.partition import Partition
from actors.relay import promises
from actors.tail import Tail
from ledger.clock import Clock
from ledger.commands import AnyCommand, Envelope
from ledger.events import Sale
from ledger.ids import AccountId, derive_account
from ledger.journal import Journal, Store, Tip
from ledger.keys import key_digest, request_digest
from ledger.money import Money, exponent
from ledger.replies import Reply

CALLER = "prn_doha"

# A file system in memory, where there is one.
MEMORY = Path("/dev/shm")


def memory_folder() -> tempfile.TemporaryDirectory[str]:
    """For tests of what is answered, not of what the disk keeps: syncing it would be nearly all of
    their time.
    """
    return tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


def account_of(name: str) -> AccountId:
    return derive_account(CALLER, name)


def evidence_of(reference: str) -> AccountId:
    return derive_account("bank", reference)


def money(amount: str, commodity: str) -> Money:
    """Money of an amount as people write it: 240.00, 1,000.00, 500."""
    sign = -1 if amount.startswith("-") else 1
    whole, _, part = amount.lstrip("-").replace(",", "").partition(".")
    assert len(part) == exponent(commodity), f"{amount} {commodity}: wrong decimals"
    return Money(sign * int(whole + part), commodity)


def sale(merchant: str, order: str) -> Sale:
    return Sale(f"mer_{merchant}", order.encode(), "terminal", "DOH-B12", "till_b12")


def asked(command: AnyCommand, key: str, *, deadline_ms: int = 0) -> Envelope:
    """The envelope of this command as CALLER sends it; its request digest is its content's."""
    request = request_digest(repr(command).encode())
    return Envelope(command, CALLER, key_digest(CALLER, key), request, deadline_ms)


def tip_of(store: Store, partition: int = 0) -> Tip:
    """The last entry, as anybody else reads it."""
    with closing(store.reader(partition)) as reader:
        return reader.tip()


def open_partition(
    journal: Journal, clock: Clock, *, number: int = 0, token: bytes = b"token"
) -> Partition:
    """A partition that owns everything."""
    partition = Partition(number, owns=lambda _account: True, journal=journal, clock=clock)
    partition.open(token)
    return partition


class OneDesk:
    """One partition on one journal, and a relay that only knows this one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._tail = Tail(store, 0)
        self._journal = store.writer(0)
        self.partition = open_partition(self._journal, clock)

    def ask(self, envelope: Envelope) -> Reply:
        [reply] = self.partition.handle([envelope])
        return reply

    def ask_all(self, envelopes: Iterable[Envelope]) -> list[Reply]:
        return self.partition.handle(list(envelopes))

    def cut_of(self, stripe: AccountId) -> int:
        """The entry of its latest cut."""
        account = self.partition.residents.get(stripe)
        return account.stripe.cut if account and account.stripe else 0

    def deliver(self) -> None:
        """Until nothing is under way."""
        while page := self._tail.next():
            batch = [Envelope(command, "relay") for command in promises(0, page)]
            self.partition.handle(batch)

    def restart(self) -> None:
        """As after kill -9: memory is gone, the journal is there."""
        self._journal.close()
        self._journal = self._store.writer(0)
        self.partition = open_partition(self._journal, self._clock)

    def close(self) -> None:
        self._tail.close()
        self._journal.close()
