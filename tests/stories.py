"""Stories: the docstring is the test.

    @story
    def test_a_second_hold_cannot_spend_what_the_first_holds() -> None:
        '''
        open amira QAR                          -> open
        top-up amira 100.00 QAR stmt-1          -> sent
        deliver
        hold A-17 amira 60.00 QAR at lounge     -> authorised
        hold A-18 amira 60.00 QAR at lounge     -> declined insufficient_funds
        '''

One line is one command, and what follows the arrow is its whole answer. A payment or transfer is
called by its order; its key is its order too, unless `key=` says another. Everything runs on a
real partition with a real journal, and at the end every journal must verify.

    open | agency NAME POT…                     close | freeze | unfreeze NAME
    credit NAME AMOUNT POT [for=TIME]           owed NAME POT
    top-up NAME AMOUNT POT EVIDENCE             balance NAME POT
    hold | pay ORDER NAME AMOUNT POT at MERCHANT [by=CODE] [for=TIME] [key=KEY] [refused=REASON]
    show CODE [ahead=TIME]                      a payment code, drawn now
    tap CODE CARD COUNTER [ahead=TIME] [refused=REASON]         a wallet card, tapped now
    increase | capture | refund ORDER [AMOUNT POT] [more]      void | payment ORDER
    reverse | lookup ORDER [NAME]               by the key of ORDER
    send ORDER NAME NAME AMOUNT POT             transfer ORDER
    fill NAME COUNT AMOUNT POT                  so many holds at once
    cut MERCHANT                                sweep MERCHANT AMOUNT POT
    settle MERCHANT GROSS FEE POT               to the account of the merchant's name
    payout ORDER NAME AMOUNT POT by=PERSON      approve | cancel ORDER by=PERSON
    paid ORDER EVIDENCE
    again                                       the last command once more, with its key
    wait TIME | deliver | tick | restart
"""

import shlex
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from ledger.clock import DAY_MS, SECOND_MS, ManualClock
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
from ledger.decline import DeclineReason
from ledger.events import AccountKind, CardUse
from ledger.ids import AccountId, Ref, stripe_account
from ledger.keys import key_digest
from ledger.money import Money, format_minor
from ledger.replies import (
    AccountReply,
    CutReply,
    DeclinedReply,
    PaymentReply,
    Refusal,
    Reply,
    ReverseReply,
    SettledReply,
    TransferReply,
)
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import (
    CALLER,
    OneDesk,
    account_of,
    asked,
    evidence_of,
    memory_folder,
    money,
    sale,
)

_TIMES_MS = {"ms": 1, "s": SECOND_MS, "d": DAY_MS}
HOLD_MS = 7 * DAY_MS

# The docstrings of all stories that were told: test_stories.py looks for reasons in them.
TOLD: list[str] = []


def story(test: Callable[[], None]) -> Callable[[], None]:
    """A test that tells its docstring."""
    text = dedent(test.__doc__ or "").strip()
    assert text, f"{test.__name__} tells nothing"
    TOLD.append(text)

    def told() -> None:
        with memory_folder() as folder:
            tell(text, Path(folder))

    told.__name__ = test.__name__
    told.__qualname__ = test.__qualname__
    told.__module__ = test.__module__
    return told


def tell(text: str, folder: Path) -> None:
    store = SqliteStore(folder)
    world = _World(store)
    try:
        for line in text.splitlines():
            if line.strip():
                said, _, wanted = (part.strip() for part in line.partition("->"))
                answer = world.obey(said)
                assert answer == wanted, f"{said}\n  wanted: {wanted}\n  answer: {answer}"
    finally:
        world.close()
    assert not verify(store).findings


class _World:
    """One partition, and the names that the story has given."""

    def __init__(self, store: SqliteStore) -> None:
        self._clock = ManualClock()
        self._desk = OneDesk(store, self._clock)
        self._refs: dict[str, Ref] = {}
        self._payers: dict[str, AccountId] = {}
        self._codes: dict[str, ScannedCode] = {}
        self._cards: dict[str, PresentedCard] = {}
        self._keys = 0
        self._last = Envelope(ReadAccount(account=account_of("nobody")))

    def close(self) -> None:
        self._desk.close()

    def obey(self, said: str) -> str:
        verb, *words = shlex.split(said)
        options = dict(word.split("=", 1) for word in words if "=" in word)
        words = [word for word in words if "=" not in word]
        doing: Callable[..., str] = getattr(self, "_" + verb.replace("-", "_"))
        return doing(*words, **options)

    def _ask(self, command: AnyCommand, key: str = "", name: str = "") -> str:
        """Without a key of its own the command gets a fresh one."""
        self._keys += 1
        self._last = asked(command, key or f"key {self._keys}")
        return self._answer(name)

    def _answer(self, name: str = "") -> str:
        reply = self._desk.ask(self._last)
        if name and isinstance(reply, PaymentReply | TransferReply):
            self._refs.setdefault(name, reply.ref)
        return told(reply)

    def _open(self, name: str, *pots: str, key: str = "") -> str:
        account = account_of(name)
        command = OpenAccount(account=account, kind=AccountKind.WALLET, pots=pots)
        return self._ask(command, key or f"open {name}")

    def _agency(self, name: str, *pots: str) -> str:
        command = OpenAccount(account=account_of(name), kind=AccountKind.AGENT, pots=pots)
        return self._ask(command, f"open {name}")

    def _credit(self, name: str, amount: str, pot: str, **options: str) -> str:
        ends = options.get("for")
        until_ms = self._clock.now_ms() + _time_ms(ends) if ends else 0
        command = GrantCredit(
            account=account_of(name), limit=money(amount, pot), until_ms=until_ms
        )
        return self._ask(command)

    def _owed(self, name: str, pot: str) -> str:
        reply = self._desk.ask(Envelope(ReadAccount(account=account_of(name))))
        assert isinstance(reply, AccountReply), reply
        found = reply.pots[pot]
        drawn = format_minor(found.drawn_minor, pot)
        return f"{drawn} of {format_minor(found.credit_minor, pot)}"

    def _close(self, name: str) -> str:
        return self._ask(CloseAccount(account=account_of(name)))

    def _freeze(self, name: str) -> str:
        return self._ask(FreezeAccount(account=account_of(name)))

    def _unfreeze(self, name: str) -> str:
        return self._ask(UnfreezeAccount(account=account_of(name)))

    def _top_up(self, name: str, amount: str, pot: str, evidence: str) -> str:
        source = evidence_of(evidence)
        command = Fund(account=source, target=account_of(name), amount=money(amount, pot))
        return self._ask(command, name=evidence)

    def _balance(self, name: str, pot: str) -> str:
        reply = self._desk.ask(Envelope(ReadAccount(account=account_of(name))))
        if not isinstance(reply, AccountReply):
            return told(reply)
        found = reply.pots[pot]
        available = format_minor(found.available_minor, pot)
        return f"{available} and {format_minor(found.held_minor, pot)} held"

    def _pay(self, *words: str, **options: str) -> str:
        return self._authorise(CaptureMode.AUTOMATIC, *words, **options)

    def _hold(self, *words: str, **options: str) -> str:
        return self._authorise(CaptureMode.MANUAL, *words, **options)

    def _authorise(self, mode: CaptureMode, *words: str, **options: str) -> str:
        order, name, amount, pot, _at, merchant = words
        command = Authorise(
            account=account_of(name),
            amount=money(amount, pot),
            sale=sale(merchant, order),
            capture=mode,
            hold_ms=_time_ms(options.get("for", "7d")),
            code=self._codes.get(options.get("by", "")),
            card=self._cards.get(options.get("by", "")),
            refusal=_reason(options.get("refused", "")),
        )
        self._payers.setdefault(order, account_of(name))
        return self._ask(command, options.get("key", order), name=order)

    def _fill(self, name: str, count: str, amount: str, pot: str) -> str:
        batch = [
            asked(
                Authorise(
                    account=account_of(name),
                    amount=money(amount, pot),
                    sale=sale("lounge", f"fill {number}"),
                    capture=CaptureMode.MANUAL,
                    hold_ms=HOLD_MS,
                ),
                f"fill {number}",
            )
            for number in range(int(count))
        ]
        answers = {told(reply) for reply in self._desk.ask_all(batch)}
        return " or ".join(sorted(answers))

    def _show(self, code: str, ahead: str = "0ms") -> str:
        """ahead: how far the clock that drew it is before ours."""
        drawn_at_ms = self._clock.now_ms() + _time_ms(ahead)
        self._codes[code] = ScannedCode(code.encode(), drawn_at_ms)
        return ""

    def _tap(
        self, code: str, card: str, counter: str, ahead: str = "0ms", refused: str = ""
    ) -> str:
        self._show(code, ahead)
        use = CardUse(card.encode(), int(counter))
        self._cards[code] = PresentedCard(use, _reason(refused))
        return ""

    def _increase(self, order: str, amount: str, pot: str) -> str:
        ref = self._refs[order]
        command = Increase(
            account=ref.account, ordinal=ref.ordinal, amount=money(amount, pot)
        )
        return self._ask(command)

    def _capture(self, order: str, *words: str, by: str = "") -> str:
        ref, more = self._refs[order], "more" in words
        part = _part([word for word in words if word != "more"])
        command = Capture(
            account=ref.account,
            ordinal=ref.ordinal,
            amount=part,
            final=not more,
            merchant=f"mer_{by}" if by else "",
        )
        return self._ask(command)

    def _refund(self, order: str, *words: str) -> str:
        ref = self._refs[order]
        command = Refund(account=ref.account, ordinal=ref.ordinal, amount=_part(words))
        return self._ask(command)

    def _void(self, order: str) -> str:
        ref = self._refs[order]
        return self._ask(Void(account=ref.account, ordinal=ref.ordinal))

    def _payment(self, order: str) -> str:
        ref = self._refs[order]
        reply = self._desk.ask(
            Envelope(ReadPayment(account=ref.account, ordinal=ref.ordinal))
        )
        if not isinstance(reply, PaymentReply):
            return told(reply)
        captured, authorised = _legs(reply.captured), _legs(reply.authorised)
        given_back = _legs(reply.refunded)
        return f"{reply.state}: {captured} of {authorised}, {given_back} refunded"

    def _reverse(self, order: str, name: str = "", *, by: str = "") -> str:
        command = Reverse(
            account=account_of(name) if name else self._payers[order],
            original=key_digest(CALLER, order),
            merchant=f"mer_{by}" if by else "",
        )
        return self._ask(command)

    def _lookup(self, order: str, name: str = "", *, by: str = "") -> str:
        command = LookUp(
            account=account_of(name) if name else self._payers[order],
            original=key_digest(CALLER, order),
            merchant=f"mer_{by}" if by else "",
        )
        return told(self._desk.ask(Envelope(command)))

    def _send(self, order: str, source: str, target: str, amount: str, pot: str) -> str:
        command = SendTransfer(
            account=account_of(source), target=account_of(target), amount=money(amount, pot)
        )
        return self._ask(command, order, name=order)

    def _transfer(self, order: str) -> str:
        ref = self._refs[order]
        return told(
            self._desk.ask(Envelope(ReadTransfer(account=ref.account, ordinal=ref.ordinal)))
        )

    def _cut(self, merchant: str) -> str:
        stripe = stripe_account(f"mer_{merchant}", 0, 0)
        return self._ask(CutStripe(account=stripe, merchant=f"mer_{merchant}"))

    def _sweep(self, merchant: str, amount: str, pot: str) -> str:
        stripe = stripe_account(f"mer_{merchant}", 0, 0)
        command = SweepStripe(
            account=stripe,
            cut=self._desk.cut_of(stripe),
            target=account_of(merchant),
            pot=pot,
            amount_minor=money(amount, pot).amount_minor,
        )
        return self._ask(command)

    def _settle(self, merchant: str, gross: str, fee: str, pot: str) -> str:
        minor, fee_minor = (money(amount, pot).amount_minor for amount in (gross, fee))
        command = Settle(
            account=account_of(merchant),
            gross=(Money(minor, pot),),
            fees=(Money(fee_minor, pot),) if fee_minor else (),
        )
        return self._ask(command)

    def _payout(self, order: str, name: str, amount: str, pot: str, *, by: str) -> str:
        account = account_of(name)
        command = RequestPayout(account=account, amount=money(amount, pot), by=by)
        return self._ask(command, name=order)

    def _approve(self, order: str, *, by: str) -> str:
        ref = self._refs[order]
        return self._ask(ApprovePayout(account=ref.account, ordinal=ref.ordinal, by=by))

    def _cancel(self, order: str, *, by: str) -> str:
        ref = self._refs[order]
        return self._ask(CancelPayout(account=ref.account, ordinal=ref.ordinal, by=by))

    def _paid(self, order: str, evidence: str) -> str:
        ref, proof = self._refs[order], evidence.encode()
        return self._ask(PayOut(account=ref.account, ordinal=ref.ordinal, evidence=proof))

    def _again(self) -> str:
        return self._answer()

    def _wait(self, time: str) -> str:
        self._clock.advance(_time_ms(time))
        return ""

    def _deliver(self) -> str:
        self._desk.deliver()
        return ""

    def _tick(self) -> str:
        while self._desk.partition.tick():
            pass
        return ""

    def _restart(self) -> str:
        self._desk.restart()
        return ""


def told(reply: Reply) -> str:
    """The answer in words."""
    match reply:
        case PaymentReply(decline=None):
            words = str(reply.state)
        case PaymentReply():
            words = f"declined {reply.decline}"
        case AccountReply():
            words = str(reply.status)
        case TransferReply():
            words = str(reply.status)
        case DeclinedReply():
            words = f"declined {reply.reason}"
        case ReverseReply():
            words = str(reply.outcome)
        case CutReply():
            words = "cut"
        case SettledReply(credited=credited, carried=carried):
            words = f"{_legs(credited)} settled, {_legs(carried)} carried"
        case Refusal():
            return f"refused {reply.kind}"
        case _:
            raise AssertionError(f"a story does not ask for {type(reply).__name__}")
    return f"{words} again" if reply.replayed else words


def _part(words: tuple[str, ...] | list[str]) -> Money | None:
    return money(*words) if words else None


def _legs(legs: dict[str, int]) -> str:
    return " + ".join(format_minor(minor, pot) for pot, minor in legs.items()) or "0"


def _reason(word: str) -> DeclineReason | None:
    return DeclineReason(word) if word else None


def _time_ms(time: str) -> int:
    """Of 60s, 59999ms, 7d."""
    digits = time.rstrip("msd")
    return int(digits) * _TIMES_MS[time.removeprefix(digits)]
