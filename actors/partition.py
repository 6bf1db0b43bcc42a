"""A partition: the one writer of many accounts. The hot path stands here, top to bottom.

For each command: is it ours → was its key answered → due expiries → decide → apply; then one
durable commit for the whole batch; only then are the answers given. A failed append voids this
incarnation: memory may be ahead of the disk, and only a replay may say what is true.
"""

from collections.abc import Callable, Sequence

from actors.draft import Draft
from actors.reads import read
from actors.recall import cause_of, recall
from actors.residents import REPLAY_PAGE, Residents
from actors.scrub import Scrub
from ledger.account import Account, AccountStatus
from ledger.answer import answer
from ledger.clock import Clock
from ledger.commands import (
    Change,
    CutStripe,
    Deliver,
    DeliverSweep,
    Envelope,
    Fund,
    Read,
    Relayed,
    Reverse,
)
from ledger.credit import draw_for, repayment
from ledger.decide import decide
from ledger.decide_payment import expire
from ledger.decline import DeclineReason
from ledger.entry import FORMAT_VERSION, GENESIS_HASH, Place, build, chain, seal, unseal
from ledger.errors import Fenced, JournalDamaged, StoreTooNew
from ledger.events import (
    AccountClosed,
    AccountKind,
    AccountOpened,
    PartitionOpened,
    TransferRefused,
)
from ledger.ids import AccountId
from ledger.images import mark_of
from ledger.journal import Journal, Tip
from ledger.replies import DeclinedReply, Noted, Refusal, RefusalKind, Reply

# Expiries written in one tick, so that a wave of them cannot keep payments waiting: at some
# 30 µs each, 2 ms.
EXPIRIES_PER_TICK = 64
NO_ACCOUNT = AccountId(b"")
# Commands that open the account which they are about, if it is not there yet.
OPENED_BY: dict[type[Change], AccountKind] = {
    Fund: AccountKind.FUNDING,
    CutStripe: AccountKind.STRIPE,
}

# A promise that is written down, or the plain one that memory has what memory names.
BROKEN_PROMISE = (AssertionError, LookupError)

Owns = Callable[[AccountId], bool]


class Partition:
    """Not thread-safe: whoever holds it calls open(), handle() and tick() from one thread."""

    def __init__(self, number: int, *, owns: Owns, journal: Journal, clock: Clock) -> None:
        self.number = number
        self._owns = owns
        self._journal = journal
        self._clock = clock
        self.residents = Residents(number, journal)
        self.quarantined: set[AccountId] = set()
        self._blocked_origins: set[int] = set()
        self._draft = Draft(journal, self.residents, Tip())
        self._scrub = Scrub(number, journal)
        self.damage = ""  # why it has stopped, as a sentence that says what to do

    def open(self, token: bytes) -> None:
        """Take the partition over, then replay. Raises Fenced if another was quicker."""
        tip = self._journal.tip()
        number = self._check_tail(tip) + 1
        event = PartitionOpened(self.number, token, FORMAT_VERSION, number)
        place = Place(tip.seq + 1, max(self._clock.now_ms(), self._written_at_ms(tip)))
        opened = seal(build(NO_ACCOUNT, event, place), tip.hash)
        self._journal.append([opened])

        self.residents.replay()
        self._draft = Draft(self._journal, self.residents, Tip(opened.seq, opened.hash))

    def _check_tail(self, tip: Tip) -> int:
        """Every entry that a replay reads must be what a release up to this one wrote.

        Returns the number of the last incarnation.
        """
        mark = mark_of(self.number, self._journal)
        before = self._journal.entry(mark.seq)
        if mark.seq and before is None:
            raise JournalDamaged(self.number, f"the mark names entry {mark.seq}")
        seq, previous_hash, number = (
            mark.seq,
            before.hash if before else GENESIS_HASH,
            mark.incarnation,
        )
        while page := self._journal.read(seq, REPLAY_PAGE):
            for sealed in page:
                if (
                    sealed.seq != seq + 1
                    or chain(previous_hash, sealed.body) != sealed.hash
                ):
                    raise JournalDamaged(self.number, f"entry {sealed.seq} is damaged")
                seq, previous_hash = sealed.seq, sealed.hash
                event = unseal(sealed.body).event
                if isinstance(event, PartitionOpened):
                    number = self._readable(event)
        if seq > tip.seq:
            raise Fenced(self.number, tip.seq, seq)  # an older incarnation is still writing
        return number

    def _written_at_ms(self, tip: Tip) -> int:
        """When the last entry was written: since then the machine's clock may have stepped back."""
        last = self._journal.entry(tip.seq)
        return unseal(last.body).at_ms if last else 0

    def _readable(self, opened: PartitionOpened) -> int:
        if opened.format_version > FORMAT_VERSION:
            raise StoreTooNew(self.number, opened.format_version)
        return opened.number

    def handle(self, batch: Sequence[Envelope]) -> list[Reply]:
        """Decide each, commit all, answer all. Raises AppendFailed or Fenced: then stop."""
        at_ms = self._now_ms()
        try:
            if not self.damage:
                replies = [self._handle_one(envelope, at_ms) for envelope in batch]
                self._draft.commit(idle=False)
                return replies
        except JournalDamaged as error:
            self.damage = str(
                error
            )  # of this batch nothing was written, and nothing will be
        return [Refusal(RefusalKind.STOPPED) for _ in batch]

    def tick(self, *, idle: bool = True) -> bool:
        """Expire what is due and, when nobody is waiting, save images: those of busy accounts
        would be drawn again and again. True if there is more to do.

        A damaged journal stops the partition for good: it answers that it has stopped, and lives,
        for a process that ends is started again, and would serve until it meets the damage anew.
        """
        if self.damage:
            return False
        try:
            more = self._tick(idle=idle)
            self._scrub.step()
        except JournalDamaged as error:
            self.damage = str(error)
            return False
        return more

    def _tick(self, *, idle: bool) -> bool:
        at_ms = self._now_ms()
        due = self.residents.due(at_ms, EXPIRIES_PER_TICK, apart_from=self.quarantined)
        for account_id in due:
            try:
                account = self.residents.get(account_id)
                assert account is not None, "an account with a hold is open"
                self._expire_due(account, at_ms)
            except BROKEN_PROMISE:
                self._quarantine(account_id)
        saved = self._draft.commit(idle=idle)
        return bool(due) or saved

    def close(self) -> None:
        """Let the journal go. Nothing is saved: what was answered is durable already."""
        self._journal.close()

    def _now_ms(self) -> int:
        """Time of this partition never runs backwards, whatever the machine's clock does."""
        return max(self._clock.now_ms(), self.residents.last_at_ms)

    def _handle_one(self, envelope: Envelope, at_ms: int) -> Reply:
        command = envelope.command
        if not self._owns(command.account):
            return Refusal(RefusalKind.NOT_OWNED)
        if envelope.deadline_ms and at_ms > envelope.deadline_ms:
            return Refusal(RefusalKind.DEADLINE_PASSED)
        if command.account in self.quarantined:
            return self._refuse_quarantined(command, at_ms)
        try:
            if isinstance(command, Read):
                return self._read(command, at_ms)
            if isinstance(command, Relayed):
                return self._take_over(command, at_ms)
            return self._change(envelope, command, at_ms)
        except BROKEN_PROMISE:
            self._quarantine(command.account)
            return self._refuse_quarantined(command, at_ms)

    def _change(self, envelope: Envelope, command: Change, at_ms: int) -> Reply:
        account = self.residents.get(command.account)
        if account is not None:
            remembered = recall(self._draft, account, envelope, at_ms)
            if remembered is not None:
                # It shows accounts and transfers as they stand now: no stale memory may.
                self._journal.require_sole_writer()
                return remembered
            self._expire_due(account, at_ms)
        event = decide(account, command, at_ms)
        drawn = draw_for(account, command, event, at_ms) if account else None
        if drawn:
            self._draft.write(command.account, drawn, at_ms)
            event = decide(account, command, at_ms)
        if account is None:
            kind = OPENED_BY.get(type(command))
            if kind is None and not isinstance(event, AccountOpened):
                self._journal.require_sole_writer()
                return DeclinedReply(DeclineReason.ACCOUNT_NOT_FOUND)
            if kind is not None:
                self._draft.write(command.account, AccountOpened(kind, ()), at_ms)
        entry = self._draft.write(command.account, event, at_ms, cause_of(envelope))
        account = self.residents.get(command.account)
        assert account is not None, "an account that was written to is open"
        self._settle(account, at_ms)
        return answer(account, entry, reverse=isinstance(command, Reverse))

    def _take_over(self, command: Relayed, at_ms: int) -> Reply:
        """From the relay, in the order of the source's journal; what was taken is taken."""
        if command.origin.seq <= self.residents.inbox.get(command.origin.partition, 0):
            return Noted()
        if command.origin.partition in self._blocked_origins:
            return Refusal(RefusalKind.QUARANTINED)
        account = self.residents.get(command.account)
        event = decide(account, command, at_ms)
        refused = isinstance(event, TransferRefused)
        self._draft.write(NO_ACCOUNT if refused else command.account, event, at_ms)
        if account is not None:
            self._settle(account, at_ms)
        return Noted()

    def _read(self, command: Read, at_ms: int) -> Reply:
        account = self.residents.get(command.account)
        if account is not None:
            self._expire_due(account, at_ms)
        reply = read(account, command, self._draft)
        self._journal.require_sole_writer()
        return reply

    def _expire_due(self, account: Account, at_ms: int) -> None:
        for ordinal in account.due_holds(at_ms):
            self._draft.write(account.id, expire(account, ordinal), at_ms)
            # Before the next: what is there and owed is no rest.
            self._repay(account, at_ms)

    def _settle(self, account: Account, at_ms: int) -> None:
        """What follows by itself from the entry that was written."""
        self._repay(account, at_ms)
        if account.status is AccountStatus.CLOSING and account.ended:
            self._draft.write(account.id, AccountClosed(), at_ms)

    def _repay(self, account: Account, at_ms: int) -> None:
        while (repaid := repayment(account)) is not None:
            self._draft.write(account.id, repaid, at_ms)

    def _quarantine(self, account_id: AccountId) -> None:
        """A promise is broken in one account: it stops, its partition goes on. What it wrote
        before stands in the journal. Raises Fenced instead in a stale incarnation: its memory
        lacks what another wrote, so it is the one that is wrong.
        """
        self._journal.require_sole_writer()
        self.quarantined.add(account_id)
        self.residents.discard(account_id)

    def _refuse_quarantined(self, command: Change | Relayed | Read, at_ms: int) -> Reply:
        """A transfer to a quarantined account goes back, so that others behind it arrive."""
        blocked = isinstance(command, Relayed) and (
            command.origin.partition in self._blocked_origins
        )
        if isinstance(command, Deliver | DeliverSweep) and not blocked:
            reason = DeclineReason.ACCOUNT_FROZEN
            event = TransferRefused(command.source, command.account, reason, command.origin)
            if command.origin.seq > self.residents.inbox.get(command.origin.partition, 0):
                self._draft.write(NO_ACCOUNT, event, at_ms)
            return Noted()
        if isinstance(command, Relayed):
            # Taking a later one from there would raise the inbox past this one, and lose it.
            self._blocked_origins.add(command.origin.partition)
        return Refusal(RefusalKind.QUARANTINED)
