"""Money between accounts, and money in. Both travel by the relay (actors/relay.py), which takes
milliseconds; the caller waits for that a moment, so that most answers are final.

Money in needs evidence: a bank's or an acquirer's reference. The reference names an account of its
own, which sends the money on, and each account of that kind sends once: so one reference brings
money in once, for one wallet, however often and for whomever it is shown.
"""

import asyncio
from collections.abc import Awaitable, Callable

from actors.batcher import MailboxFull
from ledger.account import TransferStatus
from ledger.commands import Fund, ReadTransfer, SendTransfer
from ledger.decline import DeclineReason
from ledger.entry import Cause
from ledger.ids import AccountId, Ref, derive_account
from ledger.money import Money
from ledger.replies import DeclinedReply, Reply, TransferReply
from services.asking import Accounts, Refused, Unanswered
from services.own_limits import OwnLimits

# How often, and how long, a transfer is looked at before the answer says "on its way".
LOOK_S = 0.01
LOOKS_MAX = 150


def evidence_account(source: str, reference: str) -> AccountId:
    return derive_account(f"evidence\x00{source}", reference)


class Transfers:
    """own: the limits that senders have set to themselves."""

    def __init__(
        self,
        accounts: Accounts,
        own: OwnLimits,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._accounts = accounts
        self._own = own
        self._sleep = sleep

    async def fund(
        self, evidence: AccountId, target: AccountId, amount: Money, cause: Cause
    ) -> Reply:
        command = Fund(account=evidence, target=target, amount=amount)
        reply = await self._accounts.change(command, cause)
        return await self._wait(reply, cause.caller)

    async def send(
        self, source: AccountId, target: AccountId, amount: Money, cause: Cause
    ) -> Reply:
        command = SendTransfer(account=source, target=target, amount=amount)
        allowed = await self._own.allow(source, amount, cause)
        if isinstance(allowed, DeclineReason):
            return DeclinedReply(allowed)
        reply = await self._own.asked(allowed, self._accounts.change(command, cause))
        return await self._wait(reply, cause.caller)

    async def _wait(self, reply: Reply, caller: str) -> Reply:
        """The transfer once it has arrived, or as it stands when patience ends."""
        if not isinstance(reply, TransferReply):
            return reply
        looks = LOOKS_MAX
        latest = reply
        while latest.status is TransferStatus.SENT and looks:
            await self._sleep(LOOK_S)
            looks -= 1
            try:
                again = await self.read(reply.ref, caller)
            except (Unanswered, Refused, MailboxFull):
                return latest  # it was sent; only how far it is cannot be seen just now
            assert isinstance(again, TransferReply), "a transfer that was sent is there"
            latest = again
        return latest

    async def read(self, ref: Ref, caller: str) -> Reply:
        command = ReadTransfer(account=ref.account, ordinal=ref.ordinal)
        return await self._accounts.read(command, caller)
