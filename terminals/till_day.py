"""The end of a till's day: what it took by its own journal, held against what the gateway has.

The two are compared number by number, to the unit. What does not agree is named: the number, what
the till says, what the gateway says, and the payment to look at. A day that agrees is closed, and
the next one begins after it.

    taken     sales that were shown as PAID
    given     refunds, and the voids of captured payments
    open      attempts whose end is not known: a day with one of these is not closed
    person    those that the gateway refused to settle: compared as if nothing had been shown
"""

from collections.abc import Iterable

import msgspec

from ledger.clock import Clock
from ledger.money import Money
from ledger.time_text import time_text
from terminals.attempt import Attempt, FollowUp, Outcome, Sale
from terminals.gateway_answer import Gateway, NoAnswer, Refused, Unanswered, read_as
from terminals.till_journal import TillJournal

# Numbers of one question, as the gateway takes them, and how long it may look.
RANGE_MAX = 10_000
TIMEOUT_MS = 10_000
_CLOSED = "closed to"


class CategoryTotal(msgspec.Struct, frozen=True):
    category: str
    currency: str
    count: int
    amount_minor: int


class CurrencyTotal(msgspec.Struct):
    """Of one currency."""

    currency: str
    sales: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.sales_minor - self.refunds_minor


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """differences: sentences for people; none if all agrees. for_a_person: attempts that the
    operator was given to settle, which keep no day open. first > last: nothing was asked.
    """

    first: int
    last: int
    ended_at: str
    totals: tuple[CurrencyTotal, ...]
    categories: tuple[CategoryTotal, ...]
    differences: tuple[str, ...]
    for_a_person: tuple[str, ...]
    still_open: int

    @property
    def agrees(self) -> bool:
        return not self.differences and not self.still_open


class _Moved(msgspec.Struct, frozen=True):
    sequence: int
    payment: str
    currency: str
    amount_minor: int


class _Totals(msgspec.Struct, frozen=True):
    moved: list[_Moved]


class DayEnd:
    def __init__(self, gateway: Gateway, journal: TillJournal, clock: Clock) -> None:
        self._gateway = gateway
        self._journal = journal
        self._clock = clock

    async def look(self) -> Day | Refused | Unanswered:
        """The day so far. Changes nothing."""
        attempts = since_close(self._journal)
        first = _first(self._journal)
        moved = await self._ask(attempts)
        if not isinstance(moved, list):
            return moved
        return Day(
            first=first,
            last=first + len(attempts) - 1,
            ended_at=time_text(self._clock.now_ms()),
            totals=totals_of(attempts),
            categories=_categories(attempts),
            differences=tuple(_differences(attempts, moved)),
            for_a_person=tuple(
                f"number {attempt.seq} is the operator's to settle: {attempt.key}"
                for attempt in self._journal.for_a_person()
            ),
            still_open=len(self._journal.owed()),
        )

    def close(self, day: Day) -> None:
        """The next day begins after this one's last number."""
        assert day.agrees, "a day that does not agree stays open"
        self._journal.keep_fact(_CLOSED, str(day.last))

    async def _ask(self, attempts: list[Attempt]) -> list[_Moved] | Refused | Unanswered:
        found: list[_Moved] = []
        for start in range(0, len(attempts), RANGE_MAX):
            some = attempts[start : start + RANGE_MAX]
            body = {
                "journal": self._journal.name,
                "first": some[0].seq,
                "last": some[-1].seq,
                "since_ms": some[0].at_ms,
                "now_ms": self._clock.now_ms(),
            }
            try:
                answer = await self._gateway.post(
                    "/v1/terminals/me/totals", body, key="", timeout_ms=TIMEOUT_MS
                )
            except NoAnswer as error:
                return Unanswered(error.happened)
            totals = read_as(answer, _Totals)
            if not isinstance(totals, _Totals):
                return totals
            is_last = start + RANGE_MAX >= len(attempts)
            # What stands under no number is told with the last question, when all are known.
            found += [one for one in totals.moved if one.sequence or is_last]
        return found


def since_close(journal: TillJournal) -> list[Attempt]:
    """What was asked since the last day was closed."""
    return list(journal.since(_first(journal)))


def _first(journal: TillJournal) -> int:
    return int(journal.fact(_CLOSED) or 0) + 1


def moved_minor(attempt: Attempt) -> Money | None:
    """What the till says that the attempt moved: above zero taken, below given back."""
    if attempt.result is None or attempt.result.repeats:
        return None
    match attempt.request, attempt.result.outcome:
        case Sale(amount=amount), Outcome.PAID:
            return amount
        case FollowUp(amount=Money() as amount), Outcome.REFUNDED:
            return Money(-amount.amount_minor, amount.commodity)
        case FollowUp(left=Money() as left), Outcome.VOIDED if left.amount_minor:
            return Money(-left.amount_minor, left.commodity)
        case _:
            return None


def totals_of(attempts: Iterable[Attempt]) -> tuple[CurrencyTotal, ...]:
    totals: dict[str, CurrencyTotal] = {}
    for attempt in attempts:
        moved = moved_minor(attempt)
        if moved is None:
            continue
        total = totals.setdefault(moved.commodity, CurrencyTotal(moved.commodity))
        if moved.amount_minor > 0:
            total.sales += 1
            total.sales_minor += moved.amount_minor
        else:
            total.refunds += 1
            total.refunds_minor -= moved.amount_minor
    return tuple(totals[currency] for currency in sorted(totals))


def _categories(attempts: Iterable[Attempt]) -> tuple[CategoryTotal, ...]:
    """Of what was sold with lines: a refund does not say which of them came back."""
    sums: dict[tuple[str, str], list[int]] = {}
    for attempt in attempts:
        sold = moved_minor(attempt)
        if sold is None or not isinstance(attempt.request, Sale):
            continue
        for line in attempt.request.lines:
            total = sums.setdefault((line.category, sold.commodity), [0, 0])
            total[0] += line.quantity
            total[1] += line.amount_minor
    return tuple(CategoryTotal(*names, *total) for names, total in sorted(sums.items()))


def _differences(attempts: Iterable[Attempt], moved: Iterable[_Moved]) -> Iterable[str]:
    """By number. An attempt that is still open is not compared: it may go either way. One that was
    given to a person is: it showed nothing, so whatever was moved under its number differs.
    """
    theirs: dict[int, dict[str, int]] = {}
    payments: dict[int, str] = {}
    for one in moved:
        sums = theirs.setdefault(one.sequence, {})
        sums[one.currency] = sums.get(one.currency, 0) + one.amount_minor
        payments[one.sequence] = one.payment
        if not one.sequence:
            amount = Money(one.amount_minor, one.currency)
            yield f"not of this till's journal: {amount}, {one.payment}"
    for attempt in attempts:
        if attempt.result is None:
            continue
        ours = moved_minor(attempt)
        there = {c: minor for c, minor in theirs.get(attempt.seq, {}).items() if minor}
        here = {ours.commodity: ours.amount_minor} if ours else {}
        if here != there:
            payment = payments.get(attempt.seq) or _payment(attempt)
            yield f"number {attempt.seq}: here {_shown(here)}, there {_shown(there)}, {payment}"


def _payment(attempt: Attempt) -> str:
    payment = attempt.result.payment if attempt.result else None
    return payment.id if payment else attempt.key


def _shown(sums_minor: dict[str, int]) -> str:
    shown = [str(Money(minor, currency)) for currency, minor in sorted(sums_minor.items())]
    return " and ".join(shown) or "nothing"
