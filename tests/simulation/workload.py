"""What callers ask for. It knows what it asked and what it was told, and nothing else.

Most of it is meant to succeed; some of it meets an edge: the last coin, one more, an account that
is closed, a code that is too old, a key that was used.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from random import Random

from actors.directory import Directory
from ledger.account import AccountStatus
from ledger.clock import DAY_MS, SECOND_MS
from ledger.commands import (
    AnyCommand,
    Authorise,
    Capture,
    CaptureMode,
    CloseAccount,
    FreezeAccount,
    Fund,
    GrantCredit,
    Increase,
    LookUp,
    OpenAccount,
    PresentedCard,
    ReadAccount,
    ReadEntries,
    ReadPayment,
    ReadTransfer,
    Refund,
    Reverse,
    ScannedCode,
    SendTransfer,
    UnfreezeAccount,
    Void,
)
from ledger.decline import DeclineReason
from ledger.events import AccountKind, CardUse, Sale
from ledger.ids import AccountId, Ref, derive_account
from ledger.keys import key_digest
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.replies import Reply
from tests.ledger.model_wallet import Wallet
from tests.simulation.ask import Ask, Shown, keyed
from tests.simulation.merchants import MERCHANTS, Merchants
from tests.simulation.notebook import Notebook, Paid

CALLERS = ("prn_lounge", "prn_amira")
POTS = ("QAR", "AVIOS")
NOBODY = derive_account("nobody", "0")
HOLDS_MS = (SECOND_MS, 30 * SECOND_MS, *(3_600_000, 7 * DAY_MS) * 4)
# When a code was drawn, before now: well in time, and at each side of each edge.
CODE_AGES_MS = (0, 0, 0, 10_000, 59_990, 60_000, 70_000, -4_000, -5_500, -20_000)
# What a cryptogram, or the state of a card, says against it.
CARD_REFUSALS = (
    DeclineReason.CARD_NOT_AUTHENTIC,
    DeclineReason.CARD_LOST,
    DeclineReason.CARD_BLOCKED,
    DeclineReason.CARD_PIN_NEEDED,
)
# What the rules of a channel say against a payment.
CHANNEL_REFUSALS = (
    DeclineReason.EXCEEDS_CHANNEL_LIMIT,
    DeclineReason.NOT_SOLD_IN_CHANNEL,
)
FUNDED_MINOR = 100_000
# Of the wallets, in their order: each third is a business, and may owe.
KINDS = (AccountKind.WALLET, AccountKind.WALLET, AccountKind.AGENT)


class Deed(StrEnum):
    OPEN = "open"
    FUND = "fund"
    SEND = "send"
    PAY = "pay"
    HOLD = "hold"
    SHOW = "show"
    TAP = "tap"
    INCREASE = "increase"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    REVERSE = "reverse"
    REVERSE_EARLY = "reverse early"
    ARRIVE_LATE = "arrive late"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CLOSE = "close"
    GRANT = "grant credit"
    READ = "read"
    LOOK_UP = "look up"
    READ_ENTRIES = "read entries"
    RETRY = "retry"
    REUSE = "reuse"
    CUT = "cut"
    SWEEP = "sweep"
    SETTLE = "settle"
    ASK_PAYOUT = "ask for a payout"
    DECIDE_PAYOUT = "decide on a payout"


class Workload:
    def __init__(
        self,
        clock: Callable[[], int],
        directory: Directory,
        books: Mapping[AccountId, Wallet],
    ) -> None:
        self._clock = clock
        self.asks: list[Ask] = []  # with a key, in the order in which they were first asked
        self.wallets: list[AccountId] = []
        self._notebook = Notebook()
        self._shown: list[Shown] = []
        self._taps: list[Shown] = []
        self._counters: dict[bytes, int] = {}
        self._evidence: list[AccountId] = []
        self._late: list[tuple[AccountId, str]] = []
        self._keys = 0
        homes = [wallet_id(number) for number in range(len(MERCHANTS))]
        merchants = Merchants(directory, books, self._notebook, homes, self._keyed)
        self._doing: dict[Deed, Callable[[Random], Ask]] = {
            Deed.OPEN: self._open,
            Deed.FUND: self._fund,
            Deed.SEND: self._send,
            Deed.PAY: self._pay,
            Deed.HOLD: self._hold,
            Deed.SHOW: self._show,
            Deed.TAP: self._tap,
            Deed.INCREASE: self._increase,
            Deed.CAPTURE: self._capture,
            Deed.VOID: self._void,
            Deed.REFUND: self._refund,
            Deed.REVERSE: self._reverse,
            Deed.REVERSE_EARLY: self._reverse_early,
            Deed.ARRIVE_LATE: self._arrive_late,
            Deed.FREEZE: self._freeze,
            Deed.UNFREEZE: self._unfreeze,
            Deed.CLOSE: self._close,
            Deed.GRANT: self._grant,
            Deed.READ: self._read,
            Deed.LOOK_UP: self._look_up,
            Deed.READ_ENTRIES: self._read_entries,
            Deed.RETRY: self._retry,
            Deed.REUSE: self._reuse,
            Deed.CUT: merchants.cut,
            Deed.SWEEP: merchants.sweep,
            Deed.SETTLE: merchants.settle,
            Deed.ASK_PAYOUT: merchants.ask_payout,
            Deed.DECIDE_PAYOUT: merchants.decide_payout,
        }

    def ask(self, deed: Deed, dice: Random) -> Ask:
        return self._doing[deed](dice)

    def learn(self, ask: Ask, reply: Reply) -> None:
        self._notebook.learn(ask, reply)
        ask.replies.append(reply)

    @property
    def names(self) -> dict[bytes, str]:
        """Of accounts, for people."""
        names: dict[bytes, str] = {NOBODY: "nobody"}
        names |= {account: f"wallet {n}" for n, account in enumerate(self.wallets)}
        names |= {account: f"stmt {n}" for n, account in enumerate(self._evidence)}
        return names

    def _keyed(self, command: AnyCommand, dice: Random, key: str = "") -> Ask:
        self._keys += 1
        caller = CALLERS[0] if key else dice.choice(CALLERS)
        ask = keyed(command, caller, key or f"key {self._keys}")
        self.asks.append(ask)
        return ask

    # Whose, and how much

    def _wallet(self, dice: Random) -> AccountId:
        """Mostly one that is alive."""
        if not self.wallets or dice.random() < 0.02:
            return NOBODY
        for _ in range(3):
            account = dice.choice(self.wallets)
            status = self._notebook.statuses.get(account)
            if status is None or status is AccountStatus.OPEN or dice.random() < 0.1:
                return account
        return account

    def _amount(self, dice: Random, account: AccountId) -> Money:
        """Mostly of a pot with something in it."""
        pots = sorted(POTS, key=lambda pot: self._notebook.free(account, pot))
        pot = pots[-1] if dice.random() < 0.7 else pots[0]
        free = self._notebook.free(account, pot)
        if dice.random() < 0.05:
            free += dice.choice([20_000, 50_000])  # as much as may be owed
        return Money(_near(dice, free), pot if dice.random() < 0.97 else "BHD")

    def _payment(self, dice: Random, fits: Callable[[Paid], int] = lambda _: 1) -> Paid:
        """Mostly one of the last: something may still be on its way to it."""
        payments = list(self._notebook.payments.values())
        if not payments or dice.random() < 0.03:
            return Paid(Ref(NOBODY, 1_000_000), b"no key", "", "QAR")
        if dice.random() < 0.85:
            fitting = [paid for paid in payments[-30:] if fits(paid)]
            payments = fitting[-10:] or payments
        return dice.choice(payments)

    def _merchant(self, dice: Random, paid: Paid) -> str:
        """Whom the caller says it is: an operator, the right merchant, another."""
        return dice.choices(["", paid.merchant, dice.choice(MERCHANTS)], [6, 3, 1])[0]

    def _part(self, dice: Random, paid: Paid, left_minor: int) -> Money | None:
        if dice.random() < 0.4:
            return None
        pot = paid.pot if dice.random() < 0.96 else dice.choice(POTS)
        return Money(_near(dice, left_minor, 6), pot)

    # Accounts and transfers

    def _open(self, dice: Random) -> Ask:
        if self.wallets and dice.random() < 0.2:
            account = dice.choice(self.wallets)
        else:
            account = wallet_id(len(self.wallets))
            self.wallets.append(account)
        lends = self.wallets.index(account) % len(KINDS)
        command = OpenAccount(account=account, kind=KINDS[lends], pots=POTS)
        return self._keyed(command, dice)

    def _grant(self, dice: Random) -> Ask:
        """Mostly to one that may owe, in the pot that can be lent; it may end soon."""
        businesses = self.wallets[len(KINDS) - 1 :: len(KINDS)]
        if businesses and dice.random() < 0.8:
            account = dice.choice(businesses)
        else:
            account = self._wallet(dice)
        pot = dice.choices(["QAR", "AVIOS", "BHD"], [90, 5, 5])[0]
        minor = dice.choice([50_000, 50_000, 20_000, 1_000, 0, -1])
        until_ms = dice.choice([0, 0, 0, self._clock() + 60_000, self._clock()])
        command = GrantCredit(account=account, limit=Money(minor, pot), until_ms=until_ms)
        return self._keyed(command, dice)

    def _fund(self, dice: Random) -> Ask:
        target, pot = self._wallet(dice), dice.choices([*POTS, "BHD"], [60, 37, 3])[0]
        empty = self._notebook.empty(self.wallets, POTS)
        if empty and dice.random() < 0.6:
            target, pot = dice.choice(empty)
        if self._evidence and dice.random() < 0.1:
            evidence = dice.choice(self._evidence)
        else:
            evidence = derive_account("bank", f"stmt {len(self._evidence)}")
            self._evidence.append(evidence)
        room = AMOUNT_MINOR_MAX - self._notebook.free(target, pot)
        much = dice.choices([FUNDED_MINOR, AMOUNT_MINOR_MAX, room, 0], [20, 2, 3, 1])[0]
        command = Fund(account=evidence, target=target, amount=Money(much, pot))
        return self._keyed(command, dice)

    def _send(self, dice: Random) -> Ask:
        source, target = self._wallet(dice), self._wallet(dice)
        ending = self._notebook.with_status(AccountStatus.CLOSING)
        if ending and dice.random() < 0.3:
            source = dice.choice(ending)
            pot = dice.choice(POTS)
            amount = Money(self._notebook.free(source, pot), pot)
        else:
            amount = self._amount(dice, source)
        if self._evidence and dice.random() < 0.02:
            target = dice.choice(self._evidence)
        command = SendTransfer(account=source, target=target, amount=amount)
        return self._keyed(command, dice)

    def _freeze(self, dice: Random) -> Ask:
        return self._keyed(FreezeAccount(account=self._wallet(dice)), dice)

    def _unfreeze(self, dice: Random) -> Ask:
        frozen = self._notebook.with_status(AccountStatus.FROZEN)
        account = dice.choice(frozen) if frozen else self._wallet(dice)
        return self._keyed(UnfreezeAccount(account=account), dice)

    def _close(self, dice: Random) -> Ask:
        return self._keyed(CloseAccount(account=self._wallet(dice)), dice)

    # Payments

    def _pay(self, dice: Random) -> Ask:
        account = self._wallet(dice)
        return self._keyed(self._authorise(dice, account), dice)

    def _hold(self, dice: Random) -> Ask:
        account = self._wallet(dice)
        return self._keyed(self._authorise(dice, account, CaptureMode.MANUAL), dice)

    def _authorise(
        self, dice: Random, account: AccountId, mode: CaptureMode = CaptureMode.AUTOMATIC
    ) -> Authorise:
        sale = Sale(dice.choice(MERCHANTS), b"order %d" % self._keys, "terminal")
        return Authorise(
            account=account,
            amount=self._amount(dice, account),
            sale=sale,
            capture=mode,
            hold_ms=dice.choice(HOLDS_MS),
            refusal=dice.choice(CHANNEL_REFUSALS) if dice.random() < 0.03 else None,
        )

    def _show(self, dice: Random) -> Ask:
        """A code is scanned: a new one, or one that was scanned before."""
        return self._scan(dice, self._shown, lambda _: None)

    def _tap(self, dice: Random) -> Ask:
        """A card is tapped, or what it said is sent once more, or a copy of it is used."""
        return self._scan(dice, self._taps, lambda account: self._card(dice, account))

    def _card(self, dice: Random, account: AccountId) -> PresentedCard:
        card = account[:8] + b"%d" % dice.randrange(2)
        latest = self._counters.get(card, 0)
        if latest and dice.random() < 0.2:
            counter = dice.randint(1, latest)
        else:
            counter = self._counters[card] = latest + dice.choice([1, 1, 1, 7])
        refusal = dice.choice(CARD_REFUSALS) if dice.random() < 0.15 else None
        return PresentedCard(CardUse(card, counter), refusal)

    def _scan(
        self,
        dice: Random,
        before: list[Shown],
        card_of: Callable[[AccountId], PresentedCard | None],
    ) -> Ask:
        if before and dice.random() < 0.5:
            recent = dice.random() < 0.8
            shown = dice.choice(before[-4:] if recent else before)
            order = shown.order if dice.random() < 0.7 else b"another"
        else:
            account = self._wallet(dice)
            issued_at_ms = self._clock() - dice.choice(CODE_AGES_MS)
            order = b"order %d" % self._keys
            shown = Shown(
                account,
                dice.randbytes(8),
                issued_at_ms,
                dice.choice(MERCHANTS),
                order,
                self._amount(dice, account),
                card_of(account),
            )
            before.append(shown)
        command = Authorise(
            account=shown.account,
            amount=shown.amount,
            sale=Sale(shown.merchant, order, "terminal"),
            capture=dice.choice([CaptureMode.AUTOMATIC, CaptureMode.MANUAL]),
            hold_ms=dice.choice(HOLDS_MS),
            code=ScannedCode(shown.code_id, shown.issued_at_ms),
            card=shown.card,
        )
        return self._keyed(command, dice)

    def _increase(self, dice: Random) -> Ask:
        paid = self._payment(dice, _remaining)
        free = self._notebook.free(paid.ref.account, paid.pot)
        amount = self._part(dice, paid, free) or Money(1, paid.pot)
        command = Increase(
            account=paid.ref.account,
            ordinal=paid.ref.ordinal,
            merchant=self._merchant(dice, paid),
            amount=amount,
            ceiling_minor=dice.choice([None, None, None, FUNDED_MINOR // 4]),
        )
        return self._keyed(command, dice)

    def _capture(self, dice: Random) -> Ask:
        paid = self._payment(dice, _remaining)
        command = Capture(
            account=paid.ref.account,
            ordinal=paid.ref.ordinal,
            merchant=self._merchant(dice, paid),
            amount=self._part(dice, paid, paid.remaining_minor),
            final=dice.random() < 0.5,
        )
        return self._keyed(command, dice)

    def _void(self, dice: Random) -> Ask:
        paid = self._payment(dice, _remaining)
        merchant = self._merchant(dice, paid)
        ref = paid.ref
        command = Void(account=ref.account, ordinal=ref.ordinal, merchant=merchant)
        return self._keyed(command, dice)

    def _refund(self, dice: Random) -> Ask:
        paid = self._payment(dice, _refundable)
        command = Refund(
            account=paid.ref.account,
            ordinal=paid.ref.ordinal,
            merchant=self._merchant(dice, paid),
            amount=self._part(dice, paid, paid.refundable_minor),
        )
        return self._keyed(command, dice)

    def _reverse(self, dice: Random) -> Ask:
        """By the key of a payment, or of something that may still be on its way."""
        paid = self._payment(dice)
        account, original = paid.ref.account, paid.key
        if self.asks and dice.random() < 0.4:
            recent = dice.choice(self.asks[-8:])
            account, original = recent.command.account, recent.key
        command = Reverse(
            account=account, original=original, merchant=self._merchant(dice, paid)
        )
        return self._keyed(command, dice)

    def _reverse_early(self, dice: Random) -> Ask:
        account, key = self._wallet(dice), f"late {self._keys}"
        self._late.append((account, key))
        command = Reverse(account=account, original=key_digest(CALLERS[0], key))
        return self._keyed(command, dice)

    def _arrive_late(self, dice: Random) -> Ask:
        """The request itself, after its reversal."""
        if not self._late:
            return self._pay(dice)
        account, key = dice.choice(self._late)
        if dice.random() < 0.2:
            return self._keyed(FreezeAccount(account=account), dice, key)
        return self._keyed(self._authorise(dice, account), dice, key)

    # Looking, and asking again

    def _read(self, dice: Random) -> Ask:
        draw = dice.random()
        if draw < 0.5:
            return Ask(ReadAccount(account=self._wallet(dice)))
        if draw < 0.8 or not self._notebook.transfers:
            paid = self._payment(dice)
            account, ordinal = paid.ref.account, paid.ref.ordinal
            merchant = self._merchant(dice, paid)
            return Ask(ReadPayment(account=account, ordinal=ordinal, merchant=merchant))
        ref = dice.choice(self._notebook.transfers)
        ordinal = ref.ordinal if draw < 0.97 else 0
        return Ask(ReadTransfer(account=ref.account, ordinal=ordinal))

    def _look_up(self, dice: Random) -> Ask:
        if self.asks and dice.random() < 0.9:
            asked = dice.choice(self.asks[-30:])
            account, original = asked.command.account, asked.key
        else:
            account, original = self._wallet(dice), b"no such key"
        merchant = dice.choice(["", "", *MERCHANTS])
        return Ask(LookUp(account=account, original=original, merchant=merchant))

    def _read_entries(self, dice: Random) -> Ask:
        account, before = self._wallet(dice), 0
        if self._notebook.cursors and dice.random() < 0.5:
            account, before = dice.choice(self._notebook.cursors)
        limit = dice.choice([1, 3, 50])
        return Ask(ReadEntries(account=account, before=before, limit=limit))

    def _retry(self, dice: Random) -> Ask:
        if not self.asks:
            return self._open(dice)
        recent = dice.random() < 0.5
        return dice.choice(self.asks[-10:] if recent else self.asks)

    def _reuse(self, dice: Random) -> Ask:
        """The key of one request with another one."""
        if not self.asks:
            return self._open(dice)
        asked = dice.choice(self.asks)
        ask = Ask(asked.command, asked.caller, asked.key, dice.randbytes(16))
        self.asks.append(ask)
        return ask


def wallet_id(number: int) -> AccountId:
    """Of the first wallet that is opened, the second, and so on."""
    return derive_account(CALLERS[0], f"wallet {number}")


def _remaining(paid: Paid) -> int:
    return paid.remaining_minor


def _refundable(paid: Paid) -> int:
    return paid.refundable_minor


def _near(dice: Random, edge: int, parts: int = 20) -> int:
    """Mostly a part; sometimes the edge, one less, one more, or nothing."""
    if dice.random() * parts > 3:
        return dice.randint(1, max(1, edge // parts))
    return dice.choice([edge, edge, edge, edge - 1, edge + 1, edge + 1, 1, 0, -1])
