"""The till: one attempt, from an amount and a code to a result that is true.

An attempt has one idempotency key for all that is ever asked about it. It is made and on the
disk (terminals/till_journal.py) before anything is sent. Then:

    pay       the same request, again and again within the till's patience, until an answer
    look up   an approval found now is an answer: the customer is still here
    reverse   until one has succeeded; it bars the key, so a request that is still under way
              will be declined when it arrives

PAID comes only from an approval of this amount and order. From the moment a reversal may be
under way not even that is one, because the reversal may come second: the attempt is marked
before the first one is sent, and then only a reversal's own answer ends it. If none comes,
the result is UNKNOWN and the attempt stays on the disk; `settle` finishes it.

A replayed approval is the first answer, not today's state: the same code, order and amount
under a new key replays the payment that was made, even if it was reversed since. So it is
looked up before it is believed.

Refunds and voids are never undone: they are asked for again, under their key, until answered. How
much one gives back is read before and written down with it, for the end of the day.
"""

from collections.abc import Awaitable, Callable

import msgspec

from ledger.clock import SECOND_MS, Clock
from ledger.errors import Happened
from ledger.money import Money
from terminals.attempt import (
    Attempt,
    FollowUp,
    Origin,
    Outcome,
    Result,
    Sale,
    SaleLine,
)
from terminals.gateway_answer import (
    Gateway,
    Payment,
    Refused,
    Reversal,
    Standing,
    Unanswered,
)
from terminals.till_calls import Calls, PaymentVerdict
from terminals.till_day import DayEnd
from terminals.till_journal import TillJournal
from terminals.till_pulse import Heart, Pulse
from terminals.till_result import (
    NOT_FOLLOWED,
    NOT_REACHED,
    after_follow_up,
    after_reversal,
    as_it_stands,
    follow_up_refused,
    owed_follow_up,
    owed_reversal,
    paid_before,
    refused,
    unsettled,
)
from terminals.till_status import Found, Status, status_of

# How long a customer waits for a first answer before the till asks what happened. The
# gateway answers within 4 s, also when it can only say 503; a killed partition is back
# within one, a killed gateway within some five, so most doubts end here.
PATIENCE_MS = 10 * SECOND_MS
PAY_WAITS_MS = (500, 1_000, 2_000, 3_000, 3_000)
# Longer than the gateway's own 4 s: its 503 says whether anything happened, silence does not.
TIMEOUT_MS = 5 * SECOND_MS

# Every 3 s, as the large QR wallets ask (terminals.md B1), but 12 s rather than their 60:
# here a reversal is certain, so there is nothing to wait for.
LOOKUPS = 5
LOOKUP_WAIT_MS = 3 * SECOND_MS

# The first steps of the back-off that Alipay+ prescribes for reversals. After these two and a
# half minutes the till can serve again; the attempt stays owed and is asked for first.
REVERSE_WAITS_MS = (4_000, 4_000, 30_000, 60_000)

# After a power loss: an approval younger than this is shown to a customer who still waits.
# An older one is reversed: nobody was told that it was paid.
CUSTOMER_WAITS_MS = 120 * SECOND_MS

Sleep = Callable[[float], Awaitable[None]]


class TillParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a till stands on. registered: it is of the registry, so it gives signs of life. tell: a
    line for the cashier while the till waits.
    """

    gateway: Gateway
    journal: TillJournal
    origin: Origin
    clock: Clock
    sleep: Sleep
    tell: Callable[[str], None]
    registered: bool = False


class Till:
    """Every attempt that is returned has a result. Show it, then call shown()."""

    def __init__(self, parts: TillParts) -> None:
        self._parts = parts
        self._calls = Calls(parts.gateway)
        self._journal = parts.journal
        self._clock = parts.clock
        self._tell = parts.tell
        self._heart = Heart(parts.gateway, parts.journal, parts.clock)

    async def beat(self) -> Pulse | Refused | Unanswered | None:
        """A sign of life, which fetches what this till is told; None if nobody listens."""
        return await self._heart.beat() if self._parts.registered else None

    async def take(self, sale: Sale) -> Attempt:
        """Charge the code once. Raises SaleRefused before anything is asked."""
        self._heart.settings.require(sale)
        attempt = self._begin(sale)
        # From here on a request may be under way, whatever becomes of this till.
        match await self._insist(attempt, Happened.NO):
            case Payment() as payment:
                return self._end(attempt, as_it_stands(payment))
            case Refused() as refusal:
                return self._end(attempt, refused(refusal))
            case Unanswered(happened=Happened.NO):
                return self._end(attempt, NOT_REACHED)
            case Unanswered():
                return await self._find_out(attempt, sale)

    async def follow(self, request: FollowUp) -> Attempt:
        """Refund or void."""
        match await self._calls.read(request.payment, TIMEOUT_MS):
            case Payment() as payment:
                request = _as_it_stands_now(request, payment)
                return await self._follow(self._begin(request), request, Happened.NO)
            case Refused() as refusal:
                return self._end(self._begin(request), follow_up_refused(refusal))
            case Unanswered():
                return self._end(self._begin(request), NOT_FOLLOWED)

    async def settle(self, attempt: Attempt) -> Attempt:
        """Finish what was found on the disk, before anything new is begun."""
        if attempt.result is not None:
            return attempt  # its end was known, and perhaps not shown
        match attempt.request:
            case FollowUp() as request:
                return await self._follow(attempt, request, Happened.UNKNOWN)
            case Sale() as sale:
                return await self._settle_sale(attempt, sale)

    async def status(self, sequence: int) -> Status:
        """What became of an attempt, asked of the gateway now. Changes nothing."""
        attempt = self._journal.get(sequence)
        if attempt is None:
            return Status(Found.NEVER_ASKED)
        verdict = await self._calls.find(attempt, TIMEOUT_MS)
        return status_of(verdict)

    async def read(self, payment: str) -> PaymentVerdict:
        """As it stands now."""
        return await self._calls.read(payment, TIMEOUT_MS)

    def sold(self, payment: str) -> tuple[SaleLine, ...]:
        """The lines of a sale, if it was this till's: the gateway keeps none."""
        sequence = self._journal.first_paid_with(payment)
        attempt = self._journal.get(sequence) if sequence else None
        request = attempt.request if attempt else None
        return request.lines if isinstance(request, Sale) else ()

    @property
    def day(self) -> DayEnd:
        return DayEnd(self._parts.gateway, self._journal, self._clock)

    def shown(self, attempt: Attempt) -> None:
        """The cashier has seen the result; what is not settled stays owed."""
        assert attempt.result is not None
        if attempt.result.outcome is not Outcome.UNKNOWN:
            self._journal.shown(attempt)

    def owed(self) -> list[Attempt]:
        """What must be settled before anything is sold. Raises JournalDamaged."""
        return self._journal.owed()

    def for_a_person(self) -> list[Attempt]:
        return self._journal.for_a_person()

    def _begin(self, request: Sale | FollowUp) -> Attempt:
        parts = self._parts
        return self._journal.begin(parts.origin, self._clock.now_ms(), request)

    def _end(self, attempt: Attempt, result: Result) -> Attempt:
        """Known before shown: a till that dies in between shows it at its next start."""
        if result.outcome is Outcome.PAID and result.payment is not None:
            before = self._journal.first_paid_with(result.payment.id)
            if before is not None and before != attempt.seq:
                result = paid_before(result, before)
        ended = attempt.ended(result)
        if result.outcome is not Outcome.UNKNOWN:
            self._journal.write(ended)
        return ended

    async def _insist(self, attempt: Attempt, happened: Happened) -> PaymentVerdict:
        """Ask the same until it is answered, or patience ends.

        happened: by what was asked before. Unanswered is said of all tries together: NO if
        none of them can have done anything. A refusal that was not the account's own proves
        nothing about an earlier try.
        """
        deadline_ms = self._clock.now_ms() + PATIENCE_MS
        for wait_ms in (*PAY_WAITS_MS, PATIENCE_MS):
            left_ms = max(1, deadline_ms - self._clock.now_ms())
            match await self._calls.ask(attempt, min(left_ms, TIMEOUT_MS)):
                case Refused(reason="") as refusal if happened is not Happened.NO:
                    return Unanswered(happened, refusal)
                case Payment() | Refused() as verdict:
                    return verdict
                case Unanswered(happened=tried) as verdict:
                    if tried is Happened.YES:
                        return verdict  # what was done must be looked up
                    happened = happened if tried is Happened.NO else tried
            if self._clock.now_ms() + wait_ms >= deadline_ms:
                break
            self._tell("No answer yet. Asking again …")
            await self._wait(wait_ms)
        return Unanswered(happened)

    async def _find_out(self, attempt: Attempt, sale: Sale) -> Attempt:
        """Look up while the customer waits, then reverse."""
        for turn in range(LOOKUPS):
            if turn:
                await self._wait(LOOKUP_WAIT_MS)
            self._tell("It is not known whether this is paid. Asking what happened …")
            verdict = await self._calls.look_up(attempt, sale, TIMEOUT_MS)
            if isinstance(verdict, Payment):
                return self._end(attempt, as_it_stands(verdict))
        return await self._reverse(attempt, sale)

    async def _settle_sale(self, attempt: Attempt, sale: Sale) -> Attempt:
        if not attempt.reversing:
            verdict = await self._calls.look_up(attempt, sale, TIMEOUT_MS)
            if isinstance(verdict, Payment) and self._is_answer(attempt, verdict):
                return self._end(attempt, as_it_stands(verdict))
        return await self._reverse(attempt, sale)

    def _is_answer(self, attempt: Attempt, payment: Payment) -> bool:
        """An approval is one only for a customer who is still here. A clock that was set back
        says nothing about that.
        """
        age_ms = self._clock.now_ms() - attempt.at_ms
        return payment.standing is not Standing.PAID or 0 <= age_ms <= CUSTOMER_WAITS_MS

    async def _reverse(self, attempt: Attempt, sale: Sale) -> Attempt:
        attempt = msgspec.structs.replace(attempt, reversing=True)
        self._journal.write(attempt)
        # From here on an approval that is found may be undone a moment later.
        for wait_ms in (0, *REVERSE_WAITS_MS):
            await self._wait(wait_ms)
            self._tell("Reversing, so that nothing is taken. Hand over nothing …")
            match await self._calls.reverse(attempt, sale, TIMEOUT_MS):
                case Reversal() as reversal:
                    return self._end(attempt, after_reversal(reversal))
                case Refused() as refusal:
                    return await self._reversal_refused(attempt, sale, refusal)
                case Unanswered():
                    continue
        return self._end(attempt, owed_reversal("The gateway does not answer."))

    async def _reversal_refused(
        self, attempt: Attempt, sale: Sale, refusal: Refused
    ) -> Attempt:
        """Our reversal will never happen, so the payment as it stands is the truth."""
        if refusal.key_refused:
            return self._end(attempt, owed_reversal(refusal.detail))
        match await self._calls.look_up(attempt, sale, TIMEOUT_MS):
            case Payment() as payment:
                return self._end(attempt, as_it_stands(payment))
            case Refused(key_refused=False):
                return self._give_to_a_person(attempt, refusal)
            case Refused() | Unanswered():
                return self._end(attempt, owed_reversal(refusal.detail))

    async def _follow(
        self, attempt: Attempt, request: FollowUp, happened: Happened
    ) -> Attempt:
        match await self._insist(attempt, happened):
            case Payment() as payment:
                return self._end(attempt, after_follow_up(request, payment))
            case Refused() as refusal:
                return self._end(attempt, follow_up_refused(refusal))
            case Unanswered(happened=Happened.NO):
                return self._end(attempt, NOT_FOLLOWED)
            case Unanswered(refusal=Refused(key_refused=False) as refusal):
                return self._give_to_a_person(attempt, refusal)
            case Unanswered():
                return self._end(attempt, owed_follow_up(request))

    def _give_to_a_person(self, attempt: Attempt, refusal: Refused) -> Attempt:
        """Its end, for this till: nothing here needs the code again, and a gift card's or a
        static one's number would pay for whoever reads the disk.
        """
        ended = attempt.ended(unsettled(refusal.detail, attempt.key))
        self._journal.give_to_a_person(ended)
        return ended

    async def _wait(self, wait_ms: int) -> None:
        await self._parts.sleep(wait_ms / SECOND_MS)


def _as_it_stands_now(request: FollowUp, payment: Payment) -> FollowUp:
    """With all of it as an amount: of two tills that refund all at once, one is then refused."""
    currency = payment.amount.currency
    left = Money(payment.captured_minor - payment.refunded_minor, currency)
    if request.move == "refund" and request.amount is None and left.amount_minor > 0:
        request = msgspec.structs.replace(request, amount=left)
    return msgspec.structs.replace(request, left=left)
