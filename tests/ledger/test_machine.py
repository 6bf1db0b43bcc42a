"""Any order of commands, crashes and waits: every reply is the one that the auditor predicts.

Few rules with many choices in each, for the machine switches whole rules off in a run: with a rule
per command most runs would have nobody who pays. Amounts are drawn at the auditor's edges, never at
the ledger's own.
"""

from hashlib import sha256
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ledger.account import AccountStatus
from ledger.clock import DAY_MS, ManualClock
from ledger.commands import (
    AnyCommand,
    ApprovePayout,
    Authorise,
    CancelPayout,
    Capture,
    CaptureMode,
    CloseAccount,
    CutStripe,
    Envelope,
    FreezeAccount,
    Fund,
    GrantCredit,
    Increase,
    LookUp,
    OpenAccount,
    PayOut,
    PresentedCard,
    Read,
    ReadAccount,
    ReadPayment,
    ReadTransfer,
    Refund,
    RequestPayout,
    Reverse,
    ScannedCode,
    SendTransfer,
    Settle,
    SweepStripe,
    UnfreezeAccount,
    Void,
)
from ledger.decline import DeclineReason as R
from ledger.events import AccountKind, CardUse
from ledger.ids import AccountId, stripe_account
from ledger.keys import key_digest
from ledger.money import Money
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import CALLER, OneDesk, account_of, asked, evidence_of, memory_folder, sale
from tests.ledger.model import Model
from tests.ledger.model_settlement import due
from tests.ledger.model_wallet import MOST, Purse, Wallet

AMIRA, BILAL, CHEN = (account_of(name) for name in ("amira", "bilal", "chen"))
POTS = ("QAR", "AVIOS")
people = st.sampled_from([AMIRA] * 8 + [BILAL] * 3 + [CHEN])
pots = st.sampled_from(["QAR"] * 8 + ["AVIOS", "BHD"])
merchants = st.sampled_from(["lounge", "dutyfree"])
orders = st.sampled_from(["A-17", "A-18"])
callers = st.sampled_from([""] * 6 + ["mer_lounge", "mer_dutyfree"])
modes = st.sampled_from([CaptureMode.MANUAL, CaptureMode.MANUAL, CaptureMode.AUTOMATIC])
hold_times_ms = st.sampled_from([7 * DAY_MS, 7 * DAY_MS, 7 * DAY_MS, 60_000, 1_000, 1])
waits_ms = st.sampled_from([1] * 6 + [999, 5_000, 59_999, 60_000, DAY_MS, 30 * DAY_MS])
kinds = st.sampled_from(["refund", "refund", "increase", "void"])
turns = st.sampled_from(["open", "thaw", "thaw", "freeze", "close", "leave"])
channel_refusals = st.sampled_from([None] * 6 + [R.EXCEEDS_CHANNEL_LIMIT])
ceilings_minor = st.sampled_from([None, None, 2])
card_refusals = st.sampled_from([None] * 6 + [R.CARD_NOT_AUTHENTIC, R.CARD_LOST])
counters = st.integers(1, 6)
earnings = st.sampled_from(["cut", "sweep", "sweep", "settle"])
persons = st.sampled_from(["prn_olga", "prn_piet"])
decisions = st.sampled_from(["ask", "approve", "approve", "paid", "paid", "cancel"])
limits = st.sampled_from([0, 1, 7, 1_000, 24_000, 24_000, MOST, MOST + 1, -1])
evidences = st.sampled_from([""] * 4 + [f"stmt-{number}" for number in range(9)])


class OnePartition(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = memory_folder()
        self.store = SqliteStore(Path(self.folder.name))
        self.clock = ManualClock()
        self.desk = OneDesk(self.store, self.clock)
        self.model = Model()
        self.sent: list[Envelope] = []
        self.codes: list[ScannedCode] = []
        self.late: list[tuple[AccountId, str]] = []

    def ask(self, command: AnyCommand, key: str = "") -> None:
        self.sent.append(asked(command, key or f"key {len(self.sent)}"))
        self.compare(self.sent[-1])

    def compare(self, envelope: Envelope) -> None:
        expected = self.model.answer(envelope, self.clock.now_ms())
        assert self.desk.ask(envelope) == expected

    def wallet(self, account: AccountId) -> Wallet:
        nobody = Wallet(account, AccountKind.WALLET, 0, {})
        return self.model.wallets.get(account, nobody)

    def draw_minor(self, data: st.DataObject, edge: int) -> int:
        """At the edge, beside it, or well within."""
        parts = [1, *[edge // share or 1 for share in (5, 5, 3, 3, 2, 2)]]
        sharp = [edge - 1, edge, edge, edge + 1, edge + 1, 0, MOST]
        return data.draw(st.sampled_from(parts * 2 + sharp), label="minor")

    def draw_amount(self, data: st.DataObject, account: AccountId) -> Money:
        pot = data.draw(pots, label="pot")
        purse = self.wallet(account).purses.get(pot, Purse())
        lendable = data.draw(st.sampled_from([0, max(0, purse.limit - purse.drawn)]))
        return Money(self.draw_minor(data, purse.free + lendable), pot)

    def draw_part(self, data: st.DataObject, account: AccountId, ordinal: int) -> Money:
        attempt = self.wallet(account).attempts.get(ordinal)
        if attempt is None:
            return Money(1, "QAR")
        left = [m for m in (attempt.remaining, attempt.refundable) if m]
        left += [*left, attempt.authorised]  # where a wrong guard would draw its line
        pot = data.draw(st.sampled_from([attempt.pot] * 5 + ["AVIOS"]))
        return Money(self.draw_minor(data, data.draw(st.sampled_from(left))), pot)

    @initialize(minor=st.sampled_from([100, 24_000, MOST - 5]))
    def begin(self, minor: int) -> None:
        for number, account in enumerate([AMIRA, BILAL]):
            kind = AccountKind.AGENT if account == AMIRA else AccountKind.WALLET
            self.ask(OpenAccount(account=account, kind=kind, pots=POTS))
            source = evidence_of(f"stmt-{number}")
            self.ask(Fund(account=source, target=account, amount=Money(minor, "QAR")))
        self.deliver()

    @rule(account=people, mode=modes, hold_ms=hold_times_ms, data=st.data())
    def pay(
        self, account: AccountId, mode: CaptureMode, hold_ms: int, data: st.DataObject
    ) -> None:
        self.ask(
            Authorise(
                account=account,
                amount=self.draw_amount(data, account),
                sale=sale(data.draw(merchants), data.draw(orders)),
                capture=mode,
                hold_ms=hold_ms,
            )
        )

    @rule(minor=st.sampled_from([1, 1, 1, 2, MOST]), mode=modes, data=st.data())
    def pay_by_code(self, minor: int, mode: CaptureMode, data: st.DataObject) -> None:
        """Few choices, so that the same code meets the same order again."""
        fresh = not self.codes or data.draw(st.booleans())
        if fresh:
            ahead_ms = data.draw(st.sampled_from([0, 0, 0, 5_000, 5_001, -59_999, -60_000]))
            drawn_at_ms = self.clock.now_ms() + ahead_ms
            code = ScannedCode(f"code {len(self.codes)}".encode(), drawn_at_ms)
            self.codes.append(code)
        self.ask(
            Authorise(
                account=AMIRA,
                amount=Money(minor, "QAR"),
                sale=sale(data.draw(merchants), data.draw(orders)),
                capture=mode,
                hold_ms=60_000,
                code=self.codes[-1] if fresh else data.draw(st.sampled_from(self.codes)),
                refusal=data.draw(channel_refusals),
            )
        )

    @rule(minor=st.sampled_from([1, 1, 2, MOST]), refusal=card_refusals, data=st.data())
    def pay_by_card(self, minor: int, refusal: R | None, data: st.DataObject) -> None:
        """Two cards, few counters, and a tap that may be one from before."""
        ahead_ms = data.draw(st.sampled_from([0, 0, 0, 5_000, 5_001, -59_999, -60_000]))
        use = CardUse(data.draw(st.sampled_from([b"blue", b"red"])), data.draw(counters))
        tap = f"tap {use.card!r} {use.counter} {data.draw(st.integers(0, 2))}".encode()
        self.ask(
            Authorise(
                account=AMIRA,
                amount=Money(minor, "QAR"),
                sale=sale(data.draw(merchants), data.draw(orders)),
                capture=CaptureMode.AUTOMATIC,
                hold_ms=60_000,
                code=ScannedCode(tap, self.clock.now_ms() + ahead_ms),
                card=PresentedCard(use, refusal),
            )
        )

    @precondition(lambda self: self.model.holders())
    @rule(
        kind=st.sampled_from(["capture", "part", "part"]), merchant=callers, data=st.data()
    )
    def capture(self, kind: str, merchant: str, data: st.DataObject) -> None:
        self.follow_up(kind, merchant, data)

    @precondition(lambda self: any(w.attempts for w in self.model.wallets.values()))
    @rule(kind=kinds, merchant=callers, data=st.data())
    def follow(self, kind: str, merchant: str, data: st.DataObject) -> None:
        self.follow_up(kind, merchant, data)

    def follow_up(self, kind: str, merchant: str, data: st.DataObject) -> None:
        """More often on a payment that something can follow."""
        lively, known = [], [(AMIRA, 99), (CHEN, 1)]
        for wallet in self.model.wallets.values():
            for number, attempt in wallet.attempts.items():
                known.append((wallet.id, number))
                if attempt.refundable if kind == "refund" else attempt.remaining:
                    lively.append((wallet.id, number))
        account, ordinal = data.draw(st.sampled_from(lively * 8 + known))
        part = self.draw_part(data, account, ordinal)
        more = data.draw(st.booleans())
        command: Capture | Refund | Increase | Void
        match kind:
            case "capture":
                command = Capture(account=account, ordinal=ordinal)
            case "part":
                command = Capture(
                    account=account, ordinal=ordinal, amount=part, final=not more
                )
            case "refund":
                command = Refund(
                    account=account, ordinal=ordinal, amount=part if more else None
                )
            case "increase":
                amount = self.draw_amount(data, account)
                command = Increase(
                    account=account,
                    ordinal=ordinal,
                    amount=amount,
                    ceiling_minor=data.draw(ceilings_minor),
                )
            case _:
                command = Void(account=account, ordinal=ordinal)
        self.ask(msgspec.structs.replace(command, merchant=merchant))

    @rule(account=people, merchant=callers, data=st.data())
    def reverse(self, account: AccountId, merchant: str, data: st.DataObject) -> None:
        """By a key that is known, or by one whose request comes later, if at all."""
        if data.draw(st.booleans()) and self.late:
            account, key = data.draw(st.sampled_from(self.late))
            command = Authorise(
                account=account,
                amount=Money(1, "QAR"),
                sale=sale("lounge", "A-17"),
                capture=CaptureMode.MANUAL,
                hold_ms=60_000,
            )
            self.ask(command, key)
            return
        late = f"late {len(self.sent)}"
        asked_for = [key for key, a in self.wallet(account).keys.items() if a.attempt]
        keys = [*asked_for * 3, *self.wallet(account).keys, key_digest(CALLER, late)]
        original = data.draw(st.sampled_from(keys))
        if original == keys[-1]:
            self.late.append((account, late))
        self.ask(Reverse(account=account, original=original, merchant=merchant))

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """An old key: with its own request, or with another."""
        envelope = data.draw(st.sampled_from(self.sent[::-1]))
        if data.draw(st.sampled_from([True, True, False])):
            self.compare(envelope)
        else:
            other = sha256(envelope.request).digest()[:16]
            self.compare(msgspec.structs.replace(envelope, request=other))

    @rule(account=people, limit=limits, wait_ms=st.sampled_from([0, 0, 1, 60_000]))
    def lend(self, account: AccountId, limit: int, wait_ms: int) -> None:
        """To a business or to somebody else, in money or in points; it may end at once."""
        until_ms = self.clock.now_ms() + wait_ms if wait_ms else 0
        pot = "AVIOS" if limit == 7 else "QAR"
        command = GrantCredit(account=account, limit=Money(limit, pot), until_ms=until_ms)
        self.ask(command)

    @rule(account=people, what=turns)
    def turn(self, account: AccountId, what: str) -> None:
        """Only some may close, and the frozen thaw soon: else all the rest is declines."""
        for wallet in self.model.wallets.values():
            if wallet.status is AccountStatus.FROZEN:
                self.ask(UnfreezeAccount(account=wallet.id))
        match what:
            case "open":
                self.ask(OpenAccount(account=account, kind=AccountKind.WALLET, pots=POTS))
            case "thaw":
                self.ask(UnfreezeAccount(account=account))
            case "freeze":
                self.freeze(account)
            case "close":
                self.ask(CloseAccount(account=BILAL if account == AMIRA else account))
            case _:
                self.leave(BILAL if account == AMIRA else account)

    def freeze(self, account: AccountId) -> None:
        """And see what it still does: with an open hold, and with the code that was shown last."""
        self.ask(FreezeAccount(account=account))
        one = Money(1, "QAR")
        for _, ordinal in self.wallet(account).holds()[:1]:
            self.ask(Increase(account=account, ordinal=ordinal, amount=one))
        command = Authorise(
            account=account,
            amount=one,
            sale=sale("lounge", "A-19"),
            capture=CaptureMode.MANUAL,
            hold_ms=DAY_MS,
            code=self.codes[-1] if self.codes and account == AMIRA else None,
        )
        self.ask(command)

    def leave(self, account: AccountId) -> None:
        """All that is there is spent; what is held, or comes, keeps the account from closing."""
        for pot, purse in self.wallet(account).purses.items():
            command = Authorise(
                account=account,
                amount=Money(purse.free, pot),
                sale=sale("lounge", "A-17"),
                capture=CaptureMode.AUTOMATIC,
                hold_ms=0,
            )
            self.ask(command)
        self.ask(CloseAccount(account=account))

    @rule(account=people, friend=people, evidence=evidences, data=st.data())
    def move(
        self, account: AccountId, friend: AccountId, evidence: str, data: st.DataObject
    ) -> None:
        """Money in, or on to somebody; most of it arrives at once."""
        if evidence:
            pot = data.draw(pots)
            purse = self.wallet(account).purses.get(pot, Purse())
            minor = self.draw_minor(data, MOST - purse.free - purse.held)
            source = evidence_of(evidence)
            self.ask(Fund(account=source, target=account, amount=Money(minor, pot)))
        else:
            amount = self.draw_amount(data, account)
            self.ask(SendTransfer(account=account, target=friend, amount=amount))
        if data.draw(st.booleans()):
            self.deliver()

    @rule(merchant=merchants, pot=pots, what=earnings, data=st.data())
    def earn(self, merchant: str, pot: str, what: str, data: st.DataObject) -> None:
        """A merchant's stripe is cut and swept, and settled to Bilal."""
        stripe = stripe_account(f"mer_{merchant}", 0, 0)
        if what == "cut":
            self.ask(CutStripe(account=stripe, merchant=f"mer_{merchant}"))
        elif what == "sweep":
            found = self.model.wallets.get(stripe)
            known = found.stripe if found and found.stripe else None
            late = data.draw(st.sampled_from([0, 0, 0, 0, 1]))
            command = SweepStripe(
                account=stripe,
                cut=known.cut - late if known else 1,
                target=BILAL,
                pot=pot,
                amount_minor=due(found, pot) if found and known else 1,
            )
            self.ask(command)
        else:
            more = data.draw(st.sampled_from([0, 0, 0, 1]))
            arrived = self.wallet(BILAL).arrived
            gross = [Money(minor + more, name) for name, minor in arrived.items()]
            fee = data.draw(st.sampled_from([0, 1, 500]))
            fees = (Money(fee, pot),) if fee or more else ()
            self.ask(Settle(account=BILAL, gross=tuple(gross), fees=fees))

    @rule(by=persons, what=decisions, data=st.data())
    def pay_out(self, by: str, what: str, data: st.DataObject) -> None:
        if what == "ask":
            amount = self.draw_amount(data, BILAL)
            self.ask(RequestPayout(account=BILAL, amount=amount, by=by))
            return
        ordinal = data.draw(st.sampled_from([99, *self.wallet(BILAL).wires][::-1]))
        match what:
            case "approve":
                self.ask(ApprovePayout(account=BILAL, ordinal=ordinal, by=by))
            case "cancel":
                self.ask(CancelPayout(account=BILAL, ordinal=ordinal, by=by))
            case _:
                evidence = data.draw(st.sampled_from([b"bank 1", b"bank 2", b"bank 3"]))
                self.ask(PayOut(account=BILAL, ordinal=ordinal, evidence=evidence))

    @rule(account=people, merchant=callers, data=st.data())
    def look(self, account: AccountId, merchant: str, data: st.DataObject) -> None:
        wallet = self.wallet(account)
        ordinal = data.draw(st.sampled_from([*wallet.attempts, *wallet.wires, 99]))
        original = data.draw(st.sampled_from([*wallet.keys, b"a key of nobody"]))
        reads: list[Read] = [
            ReadAccount(account=account),
            ReadPayment(account=account, ordinal=ordinal, merchant=merchant),
            ReadTransfer(account=account, ordinal=ordinal),
            LookUp(account=account, original=original, merchant=merchant),
        ]
        for command in reads:
            self.compare(Envelope(command))

    def deliver(self) -> None:
        self.desk.deliver()
        self.model.deliver(self.clock.now_ms())

    @rule(what=st.sampled_from(["crash", "deliver", "tick"]))
    def work(self, what: str) -> None:
        if what == "crash":
            self.desk.restart()
            self.model.restart()
        if what == "deliver":
            self.deliver()
        # Wallets that are due together expire in any order: then the auditor cannot tell whose
        # entry comes first.
        if what == "tick" and len(self.model.due(self.clock.now_ms())) <= 1:
            while self.desk.partition.tick():
                pass
            self.model.tick(self.clock.now_ms())

    @rule(wait_ms=waits_ms, beside_ms=st.sampled_from([None, None, None, -1, 0, 1]))
    def wait(self, wait_ms: int, beside_ms: int | None) -> None:
        """For some time, or to the moment beside the next expiry."""
        expiries = [wallet.holds()[0][0] for wallet in self.model.holders()]
        if expiries and beside_ms is not None:
            wait_ms = min(expiries) + beside_ms - self.clock.now_ms()
        self.clock.advance(max(wait_ms, 0))

    def teardown(self) -> None:
        self.desk.close()
        report = verify(self.store)
        self.folder.cleanup()
        assert not report.findings


TestOnePartition = OnePartition.TestCase
TestOnePartition.settings = settings(max_examples=100, stateful_step_count=60)
