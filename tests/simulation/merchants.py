"""What merchants' settlement asks for: cuts, sweeps, settlements, payouts.

How much a stripe has taken is the auditor's own sum; `verify` adds the journal up again at rest, so
the two must agree. Each merchant's money goes to one of the wallets, which lives its own life.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from actors.directory import Directory
from ledger.commands import (
    AnyCommand,
    ApprovePayout,
    CancelPayout,
    CutStripe,
    PayOut,
    RequestPayout,
    Settle,
    SweepStripe,
)
from ledger.ids import AccountId
from ledger.money import Money
from tests.ledger.model_settlement import due
from tests.ledger.model_wallet import Wallet
from tests.simulation.ask import Ask
from tests.simulation.notebook import Notebook

MERCHANTS = ("mer_lounge", "mer_dutyfree")
PERSONS = ("prn_olga", "prn_piet")
EVIDENCE = tuple(f"bank {number}".encode() for number in range(12))

Keyed = Callable[[AnyCommand, Random], Ask]


class Merchants:
    """books: the auditor's wallets. homes: where each merchant's money goes."""

    def __init__(
        self,
        directory: Directory,
        books: Mapping[AccountId, Wallet],
        notebook: Notebook,
        homes: Sequence[AccountId],
        keyed: Keyed,
    ) -> None:
        self._directory = directory
        self._books = books
        self._notebook = notebook
        self._homes = dict(zip(MERCHANTS, homes, strict=True))
        self._keyed = keyed

    def _stripe(self, dice: Random) -> tuple[str, AccountId]:
        merchant = dice.choice(MERCHANTS)
        partition = dice.randrange(self._directory.partition_count)
        return merchant, self._directory.stripe_of(merchant, partition)

    def cut(self, dice: Random) -> Ask:
        merchant, stripe = self._stripe(dice)
        if dice.random() < 0.03:
            stripe = self._homes[merchant]  # a wallet is no stripe
        return self._keyed(CutStripe(account=stripe, merchant=merchant), dice)

    def sweep(self, dice: Random) -> Ask:
        merchant, stripe = self._stripe(dice)
        found = self._books.get(stripe)
        pot = dice.choice(["QAR", "QAR", "AVIOS"])
        cut, minor = 0, 1
        if found is not None and found.stripe is not None:
            cut, minor = found.stripe.cut, due(found, pot)
        command = SweepStripe(
            account=stripe,
            cut=cut if dice.random() < 0.97 else cut - 1,
            target=self._homes[merchant],
            pot=pot,
            amount_minor=minor,
        )
        return self._keyed(command, dice)

    def settle(self, dice: Random) -> Ask:
        account = self._homes[dice.choice(MERCHANTS)]
        found = self._books.get(account)
        gross = dict(found.arrived) if found else {}
        if dice.random() < 0.1:
            gross["QAR"] = gross.get("QAR", 0) + 1
        fees = (Money(dice.choice([1, 1, 25, 10_000, 0]), dice.choice(["QAR", "AVIOS"])),)
        command = Settle(
            account=account,
            gross=tuple(Money(minor, pot) for pot, minor in gross.items()),
            fees=fees if dice.random() < 0.5 else (),
        )
        return self._keyed(command, dice)

    def ask_payout(self, dice: Random) -> Ask:
        account = self._homes[dice.choice(MERCHANTS)]
        free = self._notebook.free(account, "QAR")
        minor = dice.choice([free, free + 1, free // 3 or 1, 1])
        amount = Money(minor, dice.choice(["QAR", "QAR", "QAR", "AVIOS"]))
        command = RequestPayout(account=account, amount=amount, by=dice.choice(PERSONS))
        return self._keyed(command, dice)

    def decide_payout(self, dice: Random) -> Ask:
        payouts = self._notebook.payouts
        if not payouts:
            return self.ask_payout(dice)
        ref = dice.choice(payouts[-6:] if dice.random() < 0.8 else payouts)
        account, ordinal = ref.account, ref.ordinal
        by = dice.choice(PERSONS)
        command: AnyCommand = ApprovePayout(account=account, ordinal=ordinal, by=by)
        draw = dice.random()
        if draw < 0.15:
            command = CancelPayout(account=account, ordinal=ordinal, by=by)
        elif draw < 0.5:
            evidence = dice.choice(EVIDENCE)
            command = PayOut(account=account, ordinal=ordinal, evidence=evidence)
        elif draw < 0.53:
            command = ApprovePayout(account=account, ordinal=10**6, by=by)
        return self._keyed(command, dice)
