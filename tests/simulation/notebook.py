"""What callers were told, and what they guess from it: enough to ask for something sensible."""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.account import AccountStatus
from ledger.commands import (
    ApprovePayout,
    Authorise,
    CancelPayout,
    Fund,
    PayOut,
    RequestPayout,
    SendTransfer,
)
from ledger.ids import AccountId, Ref
from ledger.payment import OPEN_STATES
from ledger.replies import (
    AccountReply,
    EntriesReply,
    PaymentReply,
    Reply,
    ReverseReply,
    TransferReply,
)
from tests.simulation.ask import Ask


@dataclass
class Paid:
    """A payment as it was last seen. key: what it was asked for with."""

    ref: Ref
    key: bytes
    merchant: str
    pot: str
    seq: int = 0
    remaining_minor: int = 0
    refundable_minor: int = 0


class Notebook:
    def __init__(self) -> None:
        self.payments: dict[Ref, Paid] = {}
        self.transfers: list[Ref] = []
        self.payouts: list[Ref] = []
        self.statuses: dict[AccountId, AccountStatus] = {}
        self.cursors: list[tuple[AccountId, int]] = []
        self._free: dict[tuple[AccountId, str], int] = {}

    def free(self, account: AccountId, pot: str) -> int:
        """What the account may have. Somebody else may have spent it."""
        return max(self._free.get((account, pot), 0), 0)

    def empty(
        self, accounts: Iterable[AccountId], pots: Iterable[str]
    ) -> list[tuple[AccountId, str]]:
        """Pots of open accounts with nothing in them."""
        return [
            (account, pot)
            for account in accounts
            if self.statuses.get(account) is AccountStatus.OPEN
            for pot in pots
            if self.free(account, pot) <= 0
        ]

    def with_status(self, status: AccountStatus) -> list[AccountId]:
        return [account for account, found in self.statuses.items() if found is status]

    def learn(self, ask: Ask, reply: Reply) -> None:
        match reply:
            case PaymentReply() | ReverseReply(payment=PaymentReply()):
                payment = reply.payment if isinstance(reply, ReverseReply) else reply
                assert payment
                self._learn_payment(ask, payment)
            case TransferReply() if not ask.replies:
                self._learn_transfer(ask, reply)
            case AccountReply():
                self.statuses[reply.account] = reply.status
                for pot, balance in reply.pots.items():
                    self._free[reply.account, pot] = balance.available_minor
            case EntriesReply() if reply.next:
                self.cursors.append((ask.command.account, reply.next))
            case _:
                pass

    def _learn_payment(self, ask: Ask, reply: PaymentReply) -> None:
        [pot] = reply.authorised
        paid = self.payments.get(reply.ref)
        if paid is None:
            paid = self.payments[reply.ref] = Paid(
                reply.ref, ask.key, reply.sale.merchant, pot
            )
            if isinstance(ask.command, Authorise) and not reply.decline:
                self._add(reply.ref.account, pot, -reply.authorised[pot])
        if reply.seq < paid.seq:
            return
        paid.seq = reply.seq
        captured = reply.captured.get(pot, 0)
        is_open = reply.state in OPEN_STATES
        paid.remaining_minor = reply.authorised[pot] - captured if is_open else 0
        paid.refundable_minor = captured - reply.refunded.get(pot, 0)

    def _learn_transfer(self, ask: Ask, reply: TransferReply) -> None:
        if isinstance(ask.command, ApprovePayout | CancelPayout | PayOut):
            return
        self.transfers.append(reply.ref)
        if isinstance(ask.command, RequestPayout):
            self.payouts.append(reply.ref)
            self._add(reply.ref.account, reply.pot, -reply.amount_minor)
        if isinstance(ask.command, Fund | SendTransfer):
            self._add(reply.ref.account, reply.pot, -reply.amount_minor)
            self._add(reply.target, reply.pot, reply.amount_minor)

    def _add(self, account: AccountId, pot: str, change_minor: int) -> None:
        held_minor = self._free.get((account, pot), 0)
        self._free[account, pot] = held_minor + change_minor
