"""What one partition must answer, as tests/ledger/model.py tells it."""

from collections.abc import Callable

from ledger.account import TransferStatus
from ledger.commands import Authorise, ReadEntries, RecordDelivered, ReturnTransfer
from ledger.ids import AccountId
from ledger.replies import EntriesReply
from tests.ledger.model import ONE_WAY, Model
from tests.ledger.model_wallet import Asked, Wallet

NEVER = 2**62


class PartitionBook(Model):
    """What one partition must answer. Wallets are shared, so that a transfer has both its ends.

    lines: the entries of each account, by sequence number.
    """

    def __init__(
        self, wallets: dict[AccountId, Wallet], lives_here: Callable[[AccountId], bool]
    ) -> None:
        super().__init__()
        self._lives_here = lives_here
        self.wallets = wallets
        self._seq = 0
        self.lines: dict[AccountId, list[int]] = {}
        self.floor_ms = 0
        self.inbox: dict[int, int] = {}
        self._begun = 0
        self._soonest_ms: dict[
            AccountId, int
        ] = {}  # before it, no hold of the account ends

    def _beside(self, wallet: Wallet, _stripe: Wallet) -> bool:
        return self._lives_here(wallet.id)

    def begin(self, clock_ms: int) -> int:
        """A turn: its time. Time never runs backwards."""
        self._at_ms = max(clock_ms, self.floor_ms)
        self._begun = self._seq
        return self._at_ms

    def end(self) -> None:
        if self._seq > self._begun:
            self.floor_ms = self._at_ms

    def overdue(self) -> bool:
        """Is there a hold whose time is up?"""
        for account, soonest_ms in self._soonest_ms.items():
            if soonest_ms <= self._at_ms:
                self._soonest_ms[account] = _soonest_ms(self.wallets[account])
        return min(self._soonest_ms.values(), default=NEVER) <= self._at_ms

    def _expire(self, wallet: Wallet) -> None:
        """Holds are only looked through when one may be due: this is called for each command."""
        if self._soonest_ms.get(wallet.id, NEVER) <= self._at_ms:
            super()._expire(wallet)
            self._soonest_ms[wallet.id] = _soonest_ms(wallet)

    def _accept(self, wallet: Wallet, command: Authorise, seq: int) -> Asked:
        asked = super()._accept(wallet, command, seq)
        self._soonest_ms[wallet.id] = _soonest_ms(wallet)
        return asked

    def arrive(self, source: Wallet, ordinal: int) -> tuple[type, int]:
        """What has to follow, and the entry that it follows from."""
        seq = self._seq + 1
        self._arrive(source, ordinal, source.wires[ordinal])
        what, _, _ = self._outbox.pop()
        return RecordDelivered if what == "delivered" else ReturnTransfer, seq

    def settle(self, source: Wallet, ordinal: int, status: TransferStatus) -> None:
        wire = source.wires[ordinal]
        wire.status = status
        back = status is TransferStatus.RETURNED
        if back and source.kind not in ONE_WAY and source.takes(wire):
            source.purses[wire.pot].free += wire.minor
        self._written(source)
        self._close_if_finished(source)

    def _written(self, wallet: Wallet | None) -> int:
        self._seq += 1
        if wallet:
            wallet.last_seq = self._seq
            self.lines.setdefault(wallet.id, []).append(self._seq)
        return self._seq

    def statement(self, command: ReadEntries) -> EntriesReply:
        """Bodies are compared by their sequence numbers; verify() looks at what is in them."""
        wallet = self.wallets[command.account]
        self._expire(wallet)
        line = self.lines[wallet.id]
        newest = command.before or wallet.last_seq
        if newest not in line:
            return EntriesReply((), 0)
        end = line.index(newest) + 1
        start = max(end - command.limit, 0)
        told = tuple(b"%d" % seq for seq in reversed(line[start:end]))
        return EntriesReply(told, line[start - 1] if start else 0)


def _soonest_ms(wallet: Wallet) -> int:
    return min((expires_at_ms for expires_at_ms, _ in wallet.holds()), default=NEVER)
