"""What a ledger lives through beside payments: credit, freezes, settlement and its payouts, what is
sent to nobody, and what comes twice. Each once: it is the kinds that count here.
"""

from ledger.commands import (
    AnyCommand,
    ApprovePayout,
    Authorise,
    CancelPayout,
    CaptureMode,
    CloseAccount,
    CutStripe,
    FreezeAccount,
    Fund,
    GrantCredit,
    OpenAccount,
    PayOut,
    RequestPayout,
    Reverse,
    ScannedCode,
    SendTransfer,
    Settle,
    SweepStripe,
    UnfreezeAccount,
)
from ledger.events import AccountKind
from ledger.ids import AccountId
from ledger.keys import key_digest
from ledger.money import Money
from ledger.replies import CutReply, DeclinedReply, Refusal, Reply, TransferReply
from tests.books import CALLER, account_of, asked, evidence_of, sale
from tests.ledger.busy_books import HOLD_MS, PARTITIONS, WALLETS, Asked, BusyBooks

AGENCY, SHOP = account_of("agency"), account_of("shop")
GUEST, VISITOR = account_of("guest"), account_of("visitor")
TAKEN_MINOR = 500  # by the shop, in each partition


class Trade:
    """done: all that was asked, with the first answers."""

    def __init__(self, books: BusyBooks) -> None:
        self._books = books
        self.done: list[Asked] = []

    async def live(self) -> None:
        await self._lend()
        await self._come_and_go()
        await self._come_twice()
        await self._settle()
        await self._books.deliver()

    async def _ask(self, command: AnyCommand) -> Reply:
        envelope = asked(command, f"trade {len(self.done)}")
        [reply] = await self._books.ask([envelope])
        assert not isinstance(reply, DeclinedReply | Refusal), f"{command}: {reply}"
        self.done.append(Asked(envelope, reply))
        return reply

    async def _pay(
        self, account: AccountId, minor: int, code: ScannedCode | None = None
    ) -> None:
        order = "a scan" if code else f"a trade {len(self.done)}"
        command = Authorise(
            account=account,
            amount=qar(minor),
            sale=sale("shop" if account in WALLETS else "lounge", order),
            capture=CaptureMode.AUTOMATIC,
            hold_ms=HOLD_MS,
            code=code,
        )
        await self._ask(command)

    async def _lend(self) -> None:
        """An agency buys on credit, and half of it is repaid."""
        await self._ask(OpenAccount(account=AGENCY, kind=AccountKind.AGENT, pots=("QAR",)))
        await self._ask(GrantCredit(account=AGENCY, limit=qar(50_000)))
        await self._pay(AGENCY, 20_000)
        source = evidence_of("the agency repays")
        await self._ask(Fund(account=source, target=AGENCY, amount=qar(10_000)))
        await self._books.deliver()

    async def _come_and_go(self) -> None:
        """A guest is frozen for a while, and closes with money left; a visitor has gone, and what
        is sent there comes back.
        """
        for wallet in (GUEST, VISITOR):
            opening = OpenAccount(account=wallet, kind=AccountKind.WALLET, pots=("QAR",))
            await self._ask(opening)
        await self._ask(SendTransfer(account=WALLETS[0], target=GUEST, amount=qar(2)))
        await self._books.deliver()
        await self._ask(FreezeAccount(account=GUEST))
        await self._ask(UnfreezeAccount(account=GUEST))
        await self._ask(CloseAccount(account=GUEST))
        await self._ask(CloseAccount(account=VISITOR))
        await self._ask(SendTransfer(account=WALLETS[0], target=VISITOR, amount=qar(1)))
        await self._books.deliver()

    async def _come_twice(self) -> None:
        """One code for one order under two keys; and a reversal before what it reverses."""
        code = ScannedCode(b"a code", self._books.clock.now_ms())
        for _ in range(2):
            await self._pay(AGENCY, 100, code)
        unheard_of = key_digest(CALLER, "never asked")
        await self._ask(Reverse(account=AGENCY, original=unheard_of))

    async def _settle(self) -> None:
        """The shop's stripes of all partitions; one payout is paid, another one is not."""
        await self._ask(OpenAccount(account=SHOP, kind=AccountKind.MERCHANT, pots=()))
        for partition in range(PARTITIONS):
            await self._sweep(partition)
        await self._books.deliver()
        gross, fees = (qar(PARTITIONS * TAKEN_MINOR),), (qar(100),)
        await self._ask(Settle(account=SHOP, gross=gross, fees=fees))
        paid, cancelled = [await self._ask_payout(minor) for minor in (1_000, 200)]
        await self._ask(ApprovePayout(account=SHOP, ordinal=paid, by="prn_piet"))
        await self._ask(PayOut(account=SHOP, ordinal=paid, evidence=b"bank 1"))
        await self._ask(CancelPayout(account=SHOP, ordinal=cancelled, by="prn_olga"))

    async def _sweep(self, partition: int) -> None:
        owns = self._books.directory.owns
        await self._pay(next(w for w in WALLETS if owns(partition, w)), TAKEN_MINOR)
        stripe = self._books.directory.stripe_of("mer_shop", partition)
        cut = await self._ask(CutStripe(account=stripe, merchant="mer_shop"))
        assert isinstance(cut, CutReply)
        command = SweepStripe(
            account=stripe, cut=cut.cut, target=SHOP, pot="QAR", amount_minor=TAKEN_MINOR
        )
        await self._ask(command)

    async def _ask_payout(self, minor: int) -> int:
        """Its ordinal."""
        command = RequestPayout(account=SHOP, amount=qar(minor), by="prn_olga")
        held = await self._ask(command)
        assert isinstance(held, TransferReply)
        return held.ref.ordinal


def qar(minor: int) -> Money:
    return Money(minor, "QAR")
