"""Messages between accounts, as the journals of all partitions tell them.

An entry that says *sent*, *received* or *refused* promises something to another account, and the
entry that takes the promise names it as its origin. Partitions are read one after the other, so
either side may be met first: what has met its other side is forgotten, and what is left at the end
is on its way (a promise) or false (an entry that takes what nobody promised).
"""

from collections.abc import Iterator

import msgspec

from ledger.entry import Entry
from ledger.events import (
    Origin,
    StripeSwept,
    SweepReceived,
    TransferDelivered,
    TransferReceived,
    TransferRefused,
    TransferReturned,
    TransferSent,
)
from ledger.finding import EVERYWHERE, NO_ENTRY, Findings, Invariant
from ledger.ids import AccountId, Ref
from ledger.posting import Book

# What may be refused; the refusal does not say which of them it was.
_DELIVERIES = frozenset({"delivery", "sweep"})
_REFUSED = "refused delivery"


class _Message(msgspec.Struct, frozen=True):
    """To whom, about which transfer. amount_minor: None where the entry does not say."""

    kind: str
    account: AccountId
    transfer: Ref
    pot: str | None = None
    amount_minor: int | None = None


class Crossing:
    """Collects from entries; verify.py asks it at the end."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._promised: dict[Origin, _Message] = {}
        self._taken: dict[Origin, tuple[Origin, _Message]] = {}
        self._away: dict[Ref, dict[str, int]] = {}  # transfers: what is still in transit
        self._transit: dict[str, int] = {}  # what the transit accounts hold

    def note(self, partition: int, entry: Entry) -> None:
        here = Origin(partition, entry.seq)
        event = entry.event
        match event:
            case TransferSent():
                transfer = Ref(entry.account, event.ordinal)
                self._move(transfer, event.pot, event.amount_minor)
                message = _Message(
                    "delivery", event.target, transfer, event.pot, event.amount_minor
                )
                self._promise(here, message)
            case TransferReceived():
                self._move(event.source, event.pot, -event.amount_minor)
                message = _Message(
                    "delivery", entry.account, event.source, event.pot, event.amount_minor
                )
                self._take(here, event.origin, message)
                self._promise(here, _Message("receipt", event.source.account, event.source))
            case StripeSwept():
                transfer = Ref(entry.account, event.ordinal)
                self._move(transfer, event.pot, event.amount_minor)
                message = _Message(
                    "sweep", event.target, transfer, event.pot, event.amount_minor
                )
                self._promise(here, message)
            case SweepReceived():
                self._move(event.source, event.pot, -event.amount_minor)
                message = _Message(
                    "sweep", entry.account, event.source, event.pot, event.amount_minor
                )
                self._take(here, event.origin, message)
                self._promise(here, _Message("receipt", event.source.account, event.source))
            case TransferRefused():
                message = _Message(_REFUSED, event.target, event.source)
                self._take(here, event.origin, message)
                self._promise(here, _Message("return", event.source.account, event.source))
            case TransferDelivered():
                transfer = Ref(entry.account, event.ordinal)
                self._take(here, event.origin, _Message("receipt", entry.account, transfer))
            case TransferReturned():
                transfer = Ref(entry.account, event.ordinal)
                self._move(transfer, event.pot, -event.amount_minor)
                self._take(here, event.origin, _Message("return", entry.account, transfer))
            case _:
                pass
        for line in entry.postings:
            if line.book is Book.TRANSIT:
                owed = self._transit.get(line.pot, 0) - line.amount_minor
                self._transit[line.pot] = owed

    @property
    def promised(self) -> int:
        return len(self._promised)

    @property
    def undelivered(self) -> int:
        return len(self._away)

    def transit(self) -> dict[str, int]:
        return {pot: minor for pot, minor in sorted(self._transit.items()) if minor}

    def untaken(self) -> Iterator[tuple[Origin, Origin]]:
        """Entries that took a promise which no entry made, and where it should stand."""
        for origin, (here, _) in self._taken.items():
            yield here, origin

    def require_balance(self) -> None:
        """Σ transit over all partitions = Σ of what is on its way."""
        away: dict[str, int] = {}
        for pots in self._away.values():
            for pot, minor in pots.items():
                away[pot] = away.get(pot, 0) + minor
        for pot in sorted(away.keys() | self._transit.keys()):
            sent, held = away.get(pot, 0), self._transit.get(pot, 0)
            if sent != held:
                sentence = (
                    f"{sent} minor units of {pot} are on their way, transit has {held}"
                )
                self._findings.add(EVERYWHERE, NO_ENTRY, Invariant.TRANSIT, sentence)

    def _move(self, transfer: Ref, pot: str, amount_minor: int) -> None:
        pots = self._away.setdefault(transfer, {})
        pots[pot] = pots.get(pot, 0) + amount_minor
        if not any(pots.values()):
            del self._away[transfer]

    def _promise(self, here: Origin, message: _Message) -> None:
        taken = self._taken.pop(here, None)
        if taken is None:
            self._promised[here] = message
        else:
            self._compare(taken[0], message, taken[1])

    def _take(self, here: Origin, origin: Origin, message: _Message) -> None:
        promised = self._promised.pop(origin, None)
        if promised is None:
            self._taken[origin] = (here, message)
        else:
            self._compare(here, promised, message)

    def _compare(self, here: Origin, promised: _Message, taken: _Message) -> None:
        silent = taken.amount_minor is None
        told = msgspec.structs.replace(
            taken,
            kind=promised.kind
            if taken.kind == _REFUSED and promised.kind in _DELIVERIES
            else taken.kind,
            pot=promised.pot if silent else taken.pot,
            amount_minor=promised.amount_minor if silent else taken.amount_minor,
        )
        if told != promised:
            sentence = f"the {promised.kind} that it takes is not the one that was promised"
            self._findings.add(here.partition, here.seq, Invariant.TRANSFER, sentence)
