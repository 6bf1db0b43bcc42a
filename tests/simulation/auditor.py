"""The auditor: says what every answer must be, and what must be true when all is quiet.

It stands at the doors of the partitions and at the desks of the callers. From the order in which
frames went in, the time on the clock, and what the simulated disk kept of a turn that died (all of
them decisions of the simulation) the whole answer to each command follows, sequence number
included: tests/ledger/model.py computes it. It never looks into a partition or a journal to
learn what is right. One thing it takes from the disk: in which order a tick ended holds that were
due together, for any order is right.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from actors.directory import Directory
from actors.frame import Commands, decode_request
from ledger.account import TransferStatus
from ledger.balances import LedgerAccount
from ledger.commands import (
    AnyCommand,
    Authorise,
    Deliver,
    DeliverSweep,
    Envelope,
    Fund,
    ReadEntries,
    RecordDelivered,
    Relayed,
    SendTransfer,
    SweepStripe,
)
from ledger.decline import DeclineReason
from ledger.entry import Entry, unseal
from ledger.events import AccountKind, CreditRepaid, Expired, Origin
from ledger.ids import AccountId, Ref
from ledger.money import POINTS_UNITS
from ledger.posting import Book
from ledger.replies import (
    DeclinedReply,
    EntriesReply,
    Noted,
    PaymentReply,
    Refusal,
    RefusalKind,
    Reply,
    ReverseReply,
    TransferReply,
)
from tests.ledger.model_wallet import Wallet
from tests.simulation.partition_book import PartitionBook
from tests.simulation.words import Names, words


class Broken(Exception):
    """A promise of the system is broken."""


class Auditor:
    def __init__(self, directory: Directory, names: Callable[[], Names]) -> None:
        """names: of accounts, for what a breach is told with."""
        self._directory = directory
        self._names = names
        self.wallets: dict[AccountId, Wallet] = {}
        self._books = [
            PartitionBook(self.wallets, self._home_is(number))
            for number in range(directory.partition_count)
        ]
        self._due_messages: dict[Ref, tuple[type, Origin]] = {}
        self._door: dict[tuple[bytes, AnyCommand], list[tuple[int, Reply]]] = {}
        self._pardoned: set[bytes] = set()
        self.served_count = 0
        self.declines: Counter[DeclineReason] = Counter()
        self.refusals: Counter[RefusalKind] = Counter()
        self.commands: Counter[str] = Counter()

    # At the doors of partitions

    def opened(self, partition: int, clock_ms: int) -> None:
        """An incarnation's first entry is on the disk."""
        book = self._books[partition]
        book.begin(clock_ms)
        book._written(None)
        book.end()

    def served(
        self,
        partition: int,
        clock_ms: int,
        envelopes: Sequence[Envelope],
        replies: Sequence[Reply] | None,
        *,
        newest: bool,
    ) -> None:
        """One turn. replies: None when it died after its commit, and nobody was answered."""
        book = self._books[partition]
        at_ms = book.begin(clock_ms)
        for index, envelope in enumerate(envelopes):
            answer = replies[index] if replies is not None else None
            if newest:
                expected = self._expect(partition, envelope, at_ms)
            else:
                expected = self._expect_of_ghost(partition, envelope, at_ms, answer)
            if answer is not None:
                self._compare(partition, envelope, expected, answer)
        book.end()

    def ticked(
        self,
        partition: int,
        clock_ms: int,
        entries: Sequence[Entry],
        *,
        newest: bool,
        finished: bool,
    ) -> None:
        book = self._books[partition]
        if not newest:
            if entries:
                raise Broken(f"a stale incarnation of partition {partition} wrote")
            return
        at_ms = book.begin(clock_ms)
        for account in dict.fromkeys(entry.account for entry in entries):
            ended = list(_ended(entries, account))
            if account not in self.wallets or ended != self.wallets[account].due(at_ms):
                raise Broken(f"a tick of partition {partition} wrote what was not due")
            book._expire(self.wallets[account])
        book.end()
        if finished and book.overdue():
            raise Broken(f"partition {partition} is idle, and holds that are due stand")

    def _words(self, value: object) -> str:
        return words(value, self._names())

    def _home_is(self, partition: int) -> Callable[[AccountId], bool]:
        return lambda account: self._home(account) == partition

    def _home(self, account: AccountId) -> int:
        return self._directory.partition_of(account)

    def _expect(self, partition: int, envelope: Envelope, at_ms: int) -> Reply:
        refusal = self._refusal(partition, envelope, at_ms)
        if refusal:
            return refusal
        command = envelope.command
        book = self._books[partition]
        if isinstance(command, Relayed):
            return self._take_over(partition, command)
        if isinstance(command, ReadEntries) and command.account in self.wallets:
            return book.statement(command)
        reply = book.answer(envelope, at_ms)
        fresh = isinstance(reply, TransferReply) and not reply.replayed
        if fresh and isinstance(command, Fund | SendTransfer):
            assert isinstance(reply, TransferReply)
            sent = Origin(partition, self.wallets[command.account].last_seq)
            self._due_messages[reply.ref] = Deliver, sent
        if fresh and isinstance(command, SweepStripe):
            assert isinstance(reply, TransferReply)
            sent = Origin(partition, self.wallets[command.account].last_seq)
            self._due_messages[reply.ref] = DeliverSweep, sent
        return reply

    def _refusal(self, partition: int, envelope: Envelope, at_ms: int) -> Refusal | None:
        if self._home(envelope.command.account) != partition:
            return Refusal(RefusalKind.NOT_OWNED)
        if envelope.deadline_ms and at_ms > envelope.deadline_ms:
            return Refusal(RefusalKind.DEADLINE_PASSED)
        return None

    def _expect_of_ghost(
        self, partition: int, envelope: Envelope, at_ms: int, answer: Reply | None
    ) -> Reply:
        """A stale incarnation may repeat what is written, and say what needs no judgement."""
        command = envelope.command
        refusal = self._refusal(partition, envelope, at_ms)
        if refusal:
            return refusal
        if isinstance(command, Relayed):
            taken = self._books[partition].inbox.get(command.origin.partition, 0)
            if command.origin.seq <= taken:
                return Noted()
        wallet = self.wallets.get(command.account)
        asked = wallet.keys.get(envelope.key) if wallet and envelope.key else None
        if asked and not (asked.barred and isinstance(command, Authorise)):
            return self._books[partition].answer(envelope, at_ms)
        said = f"{self._words(command)} -> {self._words(answer)}"
        raise Broken(f"a stale incarnation of partition {partition} answers {said}")

    def _compare(
        self, partition: int, envelope: Envelope, expected: Reply, answer: Reply
    ) -> None:
        told = answer
        if isinstance(answer, EntriesReply):
            lines = tuple(_line_of(body, envelope.command) for body in answer.bodies)
            told = msgspec.structs.replace(answer, bodies=lines)
        if told != expected:
            raise Broken(
                f"partition {partition} answers {self._words(envelope.command)}\n"
                f"  expected {self._words(expected)}\n  answered {self._words(told)}"
            )
        self.served_count += 1
        reason = reason_of(answer)
        if isinstance(answer, Refusal):
            self.refusals[answer.kind] += 1
        elif reason:
            self.declines[reason] += 1
        else:
            self.commands[type(envelope.command).__name__] += 1
        if not isinstance(envelope.command, Relayed):
            log = self._door.setdefault((envelope.key, envelope.command), [])
            log.append((self.served_count, answer))

    def _take_over(self, partition: int, command: Relayed) -> Reply:
        book = self._books[partition]
        origin = command.origin
        if origin.seq <= book.inbox.get(origin.partition, 0):
            return Noted()
        book.inbox[origin.partition] = origin.seq
        if isinstance(command, Deliver | DeliverSweep):
            self._deliver(book, partition, command)
        else:
            status = TransferStatus.RETURNED
            if isinstance(command, RecordDelivered):
                status = TransferStatus.DELIVERED
            ref = Ref(command.account, command.ordinal)
            self._require_due(ref, type(command), origin)
            del self._due_messages[ref]
            book.settle(self.wallets[command.account], command.ordinal, status)
        return Noted()

    def _deliver(
        self, book: PartitionBook, partition: int, command: Deliver | DeliverSweep
    ) -> None:
        ref = command.source
        self._require_due(ref, type(command), command.origin)
        source = self.wallets[ref.account]
        wire = source.wires[ref.ordinal]
        told = (command.account, command.pot, command.amount_minor)
        if told != (wire.target, wire.pot, wire.minor):
            raise Broken(f"the relay brings {self._words(command)}, and {wire} was sent")
        following, seq = book.arrive(source, ref.ordinal)
        self._due_messages[ref] = following, Origin(partition, seq)

    def _require_due(self, ref: Ref, kind: type, origin: Origin) -> None:
        if self._due_messages.get(ref) != (kind, origin):
            raise Broken(
                f"the relay brings {kind.__name__} of {self._words(ref)} from {origin};"
                f" due is {self._due_messages.get(ref)}"
            )

    # At the desks of callers

    def require_given(
        self, key: bytes, command: AnyCommand, since: int, told: Reply | RefusalKind
    ) -> None:
        """What the caller was told, some partition must have answered since it asked."""
        for count, reply in reversed(self._door.get((key, command), ())):
            if count <= since:
                break
            if reply == told or (isinstance(reply, Refusal) and reply.kind is told):
                return
        raise Broken(f"nobody answered {self._words(told)} to {self._words(command)}")

    def pardon(self, frame: bytes) -> None:
        """A frame was doubled, which no real road does: the copy may be carried out after its
        sender was told, and rightly, that nothing had happened.
        """
        request = decode_request(frame)
        assert isinstance(request, Commands)
        self._pardoned.update(envelope.key for envelope in request.envelopes)

    def require_undone(self, account: AccountId, key: bytes, request: bytes) -> None:
        """All who asked for it were told that nothing happened."""
        wallet = self.wallets.get(account)
        asked = wallet.keys.get(key) if wallet else None
        done = asked is not None and not asked.barred and asked.request == request
        if done and key not in self._pardoned:
            raise Broken(f"key {key.hex()} was denied to all who asked, and it was done")

    # When all is quiet

    def under_way(self) -> int:
        return len(self._due_messages)

    def balances(self) -> dict[LedgerAccount, int]:
        """Of all ledger accounts that are not zero; debits are positive."""
        sums: Counter[LedgerAccount] = Counter()
        for wallet in self.wallets.values():
            for pot, purse in wallet.purses.items():
                sums[LedgerAccount(Book.AVAILABLE, wallet.id, pot)] -= purse.free
                sums[LedgerAccount(Book.HELD, wallet.id, pot)] -= purse.held
                sums[LedgerAccount(Book.RECEIVABLE, wallet.id, pot)] += purse.drawn
            for attempt in wallet.attempts.values():
                owner = attempt.sale.merchant.encode()
                earned = attempt.captured - attempt.refunded
                sums[LedgerAccount(Book.MERCHANT, owner, attempt.pot)] -= earned
            for wire in wallet.wires.values():
                points = wire.pot in POINTS_UNITS
                book = Book.POINTS_ISSUED if points else Book.SAFEGUARDED
                backing = LedgerAccount(book, b"", wire.pot)
                if wallet.kind is AccountKind.FUNDING:
                    sums[backing] += wire.minor
                elif wire.status is TransferStatus.PAID:
                    sums[backing] -= wire.minor
                elif wire.by and wire.away:
                    sums[LedgerAccount(Book.PAYOUT, wallet.id, wire.pot)] -= wire.minor
            for account, minor in _earned(wallet):
                sums[account] -= minor
        owed: Counter[str] = Counter()
        for account, minor in sums.items():
            owed[account.pot] += minor
        for pot, minor in owed.items():
            sums[LedgerAccount(Book.UNCLAIMED, b"", pot)] -= minor
        return {account: minor for account, minor in sums.items() if minor}


def _earned(wallet: Wallet) -> Iterator[tuple[LedgerAccount, int]]:
    """What of a merchant's takings stands where, but for its stripes' own."""
    if wallet.stripe:
        owner = wallet.stripe.merchant.encode()
        for pot, minor in wallet.stripe.sent.items():
            yield LedgerAccount(Book.MERCHANT, owner, pot), -minor
    for sums in (wallet.arrived, wallet.carried):
        for pot, minor in sums.items():
            yield LedgerAccount(Book.SETTLING, wallet.id, pot), minor
    for pot, minor in wallet.fees.items():
        yield LedgerAccount(Book.FEES, b"", pot), minor


def reason_of(reply: Reply) -> DeclineReason | None:
    match reply:
        case DeclinedReply(reason=reason):
            return reason
        case PaymentReply(decline=decline):
            return decline
        case ReverseReply(payment=PaymentReply(decline=decline)):
            return decline
        case _:
            return None


def _ended(entries: Sequence[Entry], account: AccountId) -> Iterator[int]:
    """The holds of this account that these entries end; -1 for what ends none."""
    for entry in entries:
        if entry.account == account and not isinstance(entry.event, CreditRepaid):
            yield entry.event.ordinal if isinstance(entry.event, Expired) else -1


def _line_of(body: bytes, command: AnyCommand) -> bytes:
    entry = unseal(body)
    return b"%d" % entry.seq if entry.account == command.account else b"another's"
