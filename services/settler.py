"""The settler: carries each open settlement to its end, a step at a time.

    cut every stripe → wait until the books are told up to the cuts → sweep each stripe, be it below
    zero → wait until all has arrived → settle it in the merchant's account, less fees

Each step is asked under a key that follows from the settlement, so it may be asked again after any
crash, by this settler or another: it happens once. Payments go on meanwhile; what comes after a cut
is for the next settlement.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from actors.directory import Directory
from ledger.account import TransferStatus
from ledger.clock import Clock
from ledger.commands import Change, CutStripe, OpenAccount, Settle, SweepStripe
from ledger.entry import Cause
from ledger.events import AccountKind
from ledger.keys import key_digest, request_digest
from ledger.money import Money
from ledger.replies import CutReply, DeclinedReply, Reply, SettledReply, TransferReply
from services.asking import Accounts
from services.bookkeeping import has_told
from services.fees import Rates, rates_of
from services.settlements import (
    Cut,
    Settlement,
    Sums,
    Total,
    account_of_merchant,
    cuts_of,
    open_ones,
    save_cut,
    save_settled,
    sums_of,
)
from services.store import Store

# Who asks, in the journal: no principal is called so.
CALLER = "settlement"

OnTrouble = Callable[[Settlement, str], None]


class SettlementStuck(Exception):
    """A step was refused for good: a person must look."""


class Settler:
    """on_trouble: told why a settlement does not go on; it is tried again all the same."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        directory: Directory,
        *,
        clock: Clock,
        on_trouble: OnTrouble,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._directory = directory
        self._clock = clock
        self._on_trouble = on_trouble

    async def step(self) -> bool:
        """Take each open settlement as far as it goes now. True if one is still open."""
        waiting = False
        for settlement in await asyncio.to_thread(open_ones, self._store):
            try:
                waiting = not await self._advance(settlement) or waiting
            except SettlementStuck as error:
                waiting = True
                self._on_trouble(settlement, str(error))
        return waiting

    async def _advance(self, settlement: Settlement) -> bool:
        """Whether it is settled."""
        cuts = await self._cut(settlement)
        ends = {cut.partition: cut.upto for cut in cuts}
        if not await asyncio.to_thread(has_told, self._store, ends):
            return False
        merchant = settlement.merchant
        rates = Rates(await asyncio.to_thread(rates_of, self._store, merchant))
        sums = await asyncio.to_thread(sums_of, self._store, merchant, cuts, rates)
        if not await self._sweep(settlement, cuts, sums):
            return False
        await self._settle(settlement, sums)
        return True

    async def _cut(self, settlement: Settlement) -> list[Cut]:
        cuts = await asyncio.to_thread(cuts_of, self._store, settlement.id)
        missing = set(range(self._directory.partition_count)) - {c.partition for c in cuts}
        if not missing:
            return cuts
        account = account_of_merchant(settlement.merchant)
        opening = OpenAccount(account=account, kind=AccountKind.MERCHANT, pots=())
        await self._ask(opening, f"open.{settlement.merchant}")
        for partition in sorted(missing):
            stripe = self._directory.stripe_of(settlement.merchant, partition)
            command = CutStripe(account=stripe, merchant=settlement.merchant)
            reply = await self._ask(command, f"{settlement.id}.cut.{partition}")
            if not isinstance(reply, CutReply):
                raise SettlementStuck(f"the stripe of partition {partition} cannot be cut")
            cut = Cut(partition, reply.previous, reply.cut)
            await asyncio.to_thread(save_cut, self._store, settlement.id, cut)
            cuts.append(cut)
        return cuts

    async def _sweep(self, settlement: Settlement, cuts: Iterable[Cut], sums: Sums) -> bool:
        """Whether all of it has arrived. What is asked again answers how far it is."""
        arrived = True
        upto = {cut.partition: cut.upto for cut in cuts}
        for (partition, pot), minor in sorted(sums.stripes.items()):
            if not minor:
                continue
            command = SweepStripe(
                account=self._directory.stripe_of(settlement.merchant, partition),
                cut=upto[partition],
                target=account_of_merchant(settlement.merchant),
                pot=pot,
                amount_minor=minor,
            )
            reply = await self._ask(command, f"{settlement.id}.sweep.{partition}.{pot}")
            if not isinstance(reply, TransferReply):
                raise SettlementStuck(f"the stripe of partition {partition} was not swept")
            if reply.status is TransferStatus.RETURNED:
                raise SettlementStuck("the merchant's account took no sweep")
            arrived = arrived and reply.status is TransferStatus.DELIVERED
        return arrived

    async def _settle(self, settlement: Settlement, sums: Sums) -> None:
        command = Settle(
            account=account_of_merchant(settlement.merchant),
            gross=_amounts((pot, sums.gross(pot)) for pot in sums.pots),
            fees=_amounts(sorted(sums.fees.items())),
        )
        reply = await self._ask(command, f"{settlement.id}.settle")
        if not isinstance(reply, SettledReply):
            reason = reply.reason.text if isinstance(reply, DeclinedReply) else "no answer"
            raise SettlementStuck(f"it cannot be settled: {reason}")
        pots = sorted({*sums.pots, *reply.credited, *reply.carried})
        totals = [
            Total(
                pot,
                sums.payments.get(pot, 0),
                sums.refunds.get(pot, 0),
                sums.fees.get(pot, 0),
                reply.credited.get(pot, 0),
                reply.carried.get(pot, 0),
            )
            for pot in pots
        ]
        now_ms = self._clock.now_ms()
        await asyncio.to_thread(
            save_settled, self._store, settlement.id, totals, now_ms=now_ms
        )

    async def _ask(self, command: Change, key: str) -> Reply:
        request = request_digest(msgspec.msgpack.encode(command))
        cause = Cause(key_digest(CALLER, key), request, CALLER)
        return await self._accounts.change(command, cause)


def _amounts(sums: Iterable[tuple[str, int]]) -> tuple[Money, ...]:
    return tuple(Money(minor, pot) for pot, minor in sums if minor)
