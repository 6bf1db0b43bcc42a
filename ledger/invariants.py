"""What one entry may do to one account: promises that apply.py does not make itself.

decide.py kept them when the entry was written; here they are computed again, from the account as
it stood before the entry and from nothing that decide.py said on the way. Each function yields
what is broken, as an invariant and a sentence; an entry that is right yields nothing.
"""

from collections.abc import Iterator

from ledger.account import BARRED, Account, AccountStatus, Payment
from ledger.decline import DeclineReason
from ledger.entry import Entry
from ledger.events import (
    AccountKind,
    Amounts,
    Authorised,
    Captured,
    CreditDrawn,
    CreditRepaid,
    Event,
    Expired,
    Increased,
    PaymentDeclined,
    PayoutApproved,
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Purchased,
    Refunded,
    Reversed,
    Settled,
    TransferReceived,
    TransferReturned,
    TransferSent,
    Voided,
)
from ledger.finding import Invariant
from ledger.legs import add, subtract
from ledger.money import AMOUNT_MINOR_MAX, POINTS_UNITS
from ledger.payment import OPEN_STATES, TRANSITIONS, Move
from ledger.posting import (
    CONSTRAINED,
    OF_ACCOUNTS,
    Book,
    Legs,
    Unbalanced,
    commodity_of,
    require_balance,
)
from ledger.postings import postings_of

Broken = tuple[Invariant, str]
FollowUp = Increased | Captured | Voided | Expired | Refunded | Reversed

# What the house owes to somebody, now or after a delivery.
_OWED = (OF_ACCOUNTS - {Book.RECEIVABLE}) | {Book.MERCHANT, Book.TRANSIT, Book.UNCLAIMED}
_BACKING = frozenset({Book.SAFEGUARDED, Book.POINTS_ISSUED})
_OF_MONEY = frozenset({Book.SAFEGUARDED, Book.RECEIVABLE})
_OF_POINTS = frozenset({Book.POINTS_ISSUED})


def broken_by_itself(entry: Entry) -> Iterator[Broken]:
    """What can be said of an entry without knowing its account."""
    try:
        require_balance(entry.postings)
    except Unbalanced as error:
        yield Invariant.POSTINGS, str(error)
    if list(entry.postings) != postings_of(entry.account, entry.event):
        yield Invariant.POSTINGS, "the postings are not those of the event"
    if any(minor <= 0 for legs in _moved(entry.event) for minor in legs.values()):
        yield Invariant.AMOUNT, "an amount that moves is not positive"
    yield from _uncovered(entry)


def broken_for(account: Account | None, entry: Entry) -> Iterator[Broken]:
    """What the account, as it stood before, says against the entry."""
    last = account.last_seq if account else 0
    if entry.previous != last:
        yield (
            Invariant.LINE,
            f"it follows entry {entry.previous} of its account, but {last} is the last one",
        )
    if account is None:
        return
    yield from _key(account, entry)
    yield from _card(account, entry.event)
    yield from _credit(account, entry)
    yield from _evidence(account, entry.event)
    if account.status is AccountStatus.CLOSED and _touches_owner(entry):
        yield Invariant.CLOSED, "money moves in an account that is closed"
    event = entry.event
    if isinstance(event, TransferReturned):
        yield from _returned(account, event)
    if isinstance(event, PayoutCancelled | PayoutPaid | PayoutApproved):
        yield from _decided(account, event)
    if isinstance(event, Settled):
        yield from _settled(account, event)
    if isinstance(event, FollowUp):
        payment = account.payments.get(event.ordinal)
        if payment is None:
            yield Invariant.HOLD, f"there is no payment {event.ordinal}"
        else:
            yield from _follow_up(payment, event, entry.at_ms)


def pays_with(event: Event) -> bytes:
    """The code that this event used up, or nothing: a decline uses none up."""
    return event.code_id if isinstance(event, Authorised | Purchased) else b""


def held_beyond_holds(account: Account, event: Event) -> Legs:
    """What is held apart from what the event's payment has left: an event changes one of them
    only together with the other, so this stays as it was.
    """
    held = {name: pot.held_minor for name, pot in account.pots.items()}
    payment = account.payments.get(getattr(event, "ordinal", 0))
    return subtract(held, payment.remaining if payment else {})


def broken_after(account: Account) -> Iterator[Broken]:
    for name, pot in account.pots.items():
        if pot.available_minor + pot.held_minor > AMOUNT_MINOR_MAX:
            yield Invariant.LIMIT, f"{name} holds more than an account may"


def broken_at_last(account: Account) -> Iterator[Broken]:
    """What the account itself does not add up to, after its last entry."""
    still_open = {
        n for n, payment in account.payments.items() if payment.state in OPEN_STATES
    }
    if still_open != account.open_holds.keys():
        yield Invariant.HOLD, "the open holds are not the payments that are open"
    held: dict[str, int] = {}
    for ordinal in still_open:
        held = add(held, account.payments[ordinal].remaining)
    if _both(account):
        yield (
            Invariant.CREDIT,
            "credit is drawn and not used, or came back and is not repaid",
        )
    if held != add({}, {name: pot.held_minor for name, pot in account.pots.items()}):
        yield Invariant.HELD, "held money is not what the open holds have left"


def _moved(event: Event) -> list[Legs]:
    match event:
        case Purchased() | Authorised() | Increased():
            return [event.legs]
        case Captured():
            return [event.legs, event.released]
        case Refunded():
            return [event.legs]
        case Voided() | Expired():
            return [event.released]
        case Reversed():
            return [event.released, event.refunded]
        case TransferSent() | TransferReceived() | PayoutHeld():
            return [{event.pot: event.amount_minor}]
        case TransferReturned() if event.credited is not Book.UNCLAIMED:
            return [{event.pot: event.amount_minor}]  # a stripe's may be below zero
        case PayoutCancelled() | PayoutPaid():
            return [{event.pot: event.amount_minor}]
        case CreditDrawn() | CreditRepaid():
            return [{event.pot: event.amount_minor}]
        case Settled():
            return [event.fees, event.credited]
        case _:
            return []


def _uncovered(entry: Entry) -> Iterator[Broken]:
    """Design: what is owed in a currency grows only with the safeguarded money and with credit that
    was granted; what is owed in points only with the points issued. One never backs the other.
    """
    short: dict[str, int] = {}
    for line in entry.postings:
        commodity = commodity_of(line.pot)
        backing = _OF_POINTS if commodity in POINTS_UNITS else _OF_MONEY
        if line.book in _OWED or line.book in backing:
            short[commodity] = short.get(commodity, 0) - line.amount_minor
    for commodity, minor in short.items():
        if minor > 0:
            yield (
                Invariant.CUSTODY,
                f"{minor} minor units of {commodity} are owed, and nothing backs them",
            )


def _key(account: Account, entry: Entry) -> Iterator[Broken]:
    use = account.keys.get(entry.key) if entry.key else None
    if use is None:
        return
    if use.ordinal != BARRED:
        yield Invariant.KEY, f"its key was answered by entry {use.seq} already"
        return
    event = entry.event
    barred = DeclineReason.REVERSED_BEFORE_ARRIVAL
    if not isinstance(event, PaymentDeclined) or event.reason is not barred:
        yield Invariant.KEY, f"entry {use.seq} barred its key, and it was not declined"


def _evidence(account: Account, event: Event) -> Iterator[Broken]:
    if not isinstance(event, TransferSent):
        return
    funding = account.kind is AccountKind.FUNDING
    if funding and event.debited not in _BACKING:
        yield Invariant.EVIDENCE, "evidence brings money in, and this debits another book"
    if not funding and event.debited is not Book.AVAILABLE:
        yield Invariant.EVIDENCE, "money comes from outside without evidence"


def _credit(account: Account, entry: Entry) -> Iterator[Broken]:
    """Money and debt meet in one pot only between an entry and the one that ends it."""
    event = entry.event
    if isinstance(event, CreditDrawn):
        credit = account.credits.get(event.pot)
        if credit is None or 0 < credit.until_ms <= entry.at_ms:
            yield Invariant.CREDIT, "credit is drawn that is not granted at this time"
    for pot in _both(account):
        spent = isinstance(event, Authorised | Purchased | Increased) and (
            event.legs == {pot: account.pots[pot].available_minor}
        )
        repaid = isinstance(event, CreditRepaid) and event.pot == pot
        if not spent and not repaid:
            yield Invariant.CREDIT, f"{pot} is there and owed, and this does not settle it"


def _both(account: Account) -> list[str]:
    """Pots with something in them that is owed too."""
    return [
        pot
        for pot, credit in account.credits.items()
        if credit.drawn_minor and account.pots[pot].available_minor
    ]


def _card(account: Account, event: Event) -> Iterator[Broken]:
    if not isinstance(event, Authorised | Purchased) or event.card is None:
        return
    shown, counter = account.cards.get(event.card.card, 0), event.card.counter
    if 0 < counter <= shown:
        yield (
            Invariant.CARD,
            f"a card that had counted to {shown} pays with counter {counter}",
        )
    if counter and not event.code_id:
        yield Invariant.CARD, "a card that counts pays without a tap"


def _returned(account: Account, event: TransferReturned) -> Iterator[Broken]:
    sent = account.transfers.get(event.ordinal)
    if sent is None or (sent.pot, sent.amount_minor) != (event.pot, event.amount_minor):
        yield Invariant.TRANSFER, "what comes back is not what was sent"


def _decided(
    account: Account, event: PayoutCancelled | PayoutPaid | PayoutApproved
) -> Iterator[Broken]:
    """Its state is apply.py's to promise; that it is the payout which was asked for, is not."""
    payout = account.transfers.get(event.ordinal)
    if payout is None or not payout.by:
        yield Invariant.TRANSFER, f"there is no payout {event.ordinal}"
        return
    if isinstance(event, PayoutApproved):
        return
    if (payout.pot, payout.amount_minor) != (event.pot, event.amount_minor):
        yield (
            Invariant.TRANSFER,
            "what is paid out, or comes back, is not what was asked for",
        )
    if isinstance(event, PayoutPaid) and event.credited not in _BACKING:
        yield Invariant.EVIDENCE, "a payout takes from another book than what backs it"


def _settled(account: Account, event: Settled) -> Iterator[Broken]:
    """What had arrived and was carried = fees + what is credited + what is carried on."""
    before = account.earnings.carried if account.earnings else {}
    after = add(add(event.fees, event.credited), event.carried)
    if add(event.gross, before) != after:
        yield Invariant.SWEEP, "what is settled is not what was swept and carried"
    if any(minor > 0 for minor in event.carried.values()):
        yield Invariant.SWEEP, "what a merchant could spend is carried on"


def _touches_owner(entry: Entry) -> bool:
    return any(line.book in CONSTRAINED for line in entry.postings)


def _follow_up(payment: Payment, event: FollowUp, at_ms: int) -> Iterator[Broken]:
    move = _move_of(event)
    if move not in TRANSITIONS[payment.state]:
        yield (
            Invariant.HOLD,
            f"payment {event.ordinal} is {payment.state}: it cannot {move.replace('_', ' ')}",
        )
        return
    if event.merchant != payment.sale.merchant:
        yield Invariant.HOLD, f"payment {event.ordinal} belongs to another merchant"
    yield from _in_time(payment, event, at_ms)
    if event.after != _after(payment, event, move) or not _releases_rest(payment, event):
        yield (
            Invariant.HOLD,
            f"payment {event.ordinal} is not what it was before and what moved",
        )


def _in_time(payment: Payment, event: FollowUp, at_ms: int) -> Iterator[Broken]:
    if payment.state not in OPEN_STATES:
        return
    over = at_ms >= payment.expires_at_ms
    if isinstance(event, Expired) and not over:
        yield Invariant.HOLD, f"the hold of payment {event.ordinal} expired before its time"
    if isinstance(event, Increased | Captured | Voided) and over:
        yield Invariant.HOLD, f"the hold of payment {event.ordinal} was used after its time"


def _move_of(event: FollowUp) -> Move:
    match event:
        case Increased():
            return Move.INCREASE
        case Captured():
            still_open = event.after.state in OPEN_STATES
            return Move.CAPTURE if still_open else Move.CAPTURE_LAST
        case Voided():
            return Move.VOID
        case Expired():
            return Move.EXPIRE
        case Refunded():
            return Move.REFUND
        case Reversed():
            return Move.REVERSE


def _after(payment: Payment, event: FollowUp, move: Move) -> Amounts:
    """The amounts that the payment must have now."""
    authorised, captured, refunded = payment.authorised, payment.captured, payment.refunded
    match event:
        case Increased():
            authorised = add(authorised, event.legs)
        case Captured():
            captured = add(captured, event.legs)
        case Refunded():
            refunded = add(refunded, event.legs)
        case Reversed():
            refunded = add(refunded, event.refunded)
        case Voided() | Expired():
            pass
    return Amounts(TRANSITIONS[payment.state][move], authorised, captured, refunded)


def _releases_rest(payment: Payment, event: FollowUp) -> bool:
    """An end of a hold gives all the rest of it back; anything else gives nothing."""
    match event:
        case Captured():
            rest = subtract(payment.remaining, event.legs)
            return event.released == ({} if event.after.state in OPEN_STATES else rest)
        case Voided() | Expired():
            return event.released == payment.remaining
        case Reversed():
            back = (event.released, event.refunded)
            return back == (payment.remaining, payment.refundable)
        case Increased() | Refunded():
            return True
