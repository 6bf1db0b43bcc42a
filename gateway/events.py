"""Server-sent events: what happened, to those who may know, the moment it is durable.

One hub per gateway tails every journal (actors/tail.py) and hands each entry to those whom it
concerns: the holder of its account, the merchant of its payment, operators. Entries reach the
hub from the journal only, so nobody is told what could still be lost.

An event's id is the place in every journal after it, so a stream that broke is resumed exactly:
`Last-Event-ID: 0.17,1.4`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec

from actors.directory import Directory
from actors.tail import Tail
from ledger.entry import Entry
from ledger.ids import AccountId
from ledger.journal import Store
from services.principals import Principal, PrincipalKind

# Between two looks at journals that other gateways or the relay write. A look costs some 10 µs.
POLL_S = 0.05
# Events that a slow reader may leave waiting; then its stream is closed, and resumes by its id.
WAITING_MAX = 1_000
# Entries read again for a stream that resumes; one that was away longer starts anew.
CATCH_UP_MAX = 20_000
STREAMS_MAX = 2_000

Place = dict[int, int]


class Event(msgspec.Struct, frozen=True):
    entry: Entry
    place: str


class TooManyStreams(Exception):
    """There are as many open streams as this gateway can feed."""


class Subscriber:
    """What one stream may see."""

    def __init__(self, principal: Principal, account: AccountId | None) -> None:
        self._everything = principal.kind is PrincipalKind.OPERATOR
        self._account = account
        self._merchant = principal.merchant
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_MAX)

    def may_see(self, entry: Entry) -> bool:
        if not entry.account:
            return False
        if self._everything or entry.account == self._account:
            return True
        return self._merchant is not None and _merchant(entry) == self._merchant

    def offer(self, event: Event | None) -> bool:
        """False when the reader is too slow: its stream must end."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            return False
        return True


class EventHub:
    def __init__(
        self, directory: Directory, store: Store, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._store = store
        self._sleep = sleep
        self._tails = [Tail(store, n) for n in range(directory.partition_count)]
        self._subscribers: set[Subscriber] = set()

    @property
    def streams(self) -> int:
        return len(self._subscribers)

    async def run(self) -> None:
        """Tail the journals for as long as the gateway lives."""
        for tail in self._tails:
            tail.skip_to_end()
        while True:
            if not self._pump():
                await self._sleep(POLL_S)

    def _pump(self) -> bool:
        busy = False
        for tail in self._tails:
            if not self._subscribers:
                tail.skip_to_end()
                continue
            for entry in tail.next():
                busy = True
                self._hand_out(entry, {**self._place(), tail.partition: entry.seq})
        return busy

    def _hand_out(self, entry: Entry, place: Place) -> None:
        event = Event(entry, _place_text(place))
        for subscriber in list(self._subscribers):
            if subscriber.may_see(entry) and not subscriber.offer(event):
                self._subscribers.discard(subscriber)
                while not subscriber.queue.empty():
                    subscriber.queue.get_nowait()
                subscriber.queue.put_nowait(None)

    def _place(self) -> Place:
        return {tail.partition: tail.after for tail in self._tails}

    async def stream(
        self, subscriber: Subscriber, last_id: str | None
    ) -> AsyncGenerator[Event]:
        """Events from the place that last_id names, or from now on. Raises TooManyStreams."""
        if len(self._subscribers) >= STREAMS_MAX:
            raise TooManyStreams
        missed = self._missed(subscriber, _parse_place(last_id))
        self._subscribers.add(subscriber)
        try:
            for event in missed:
                yield event
            while (waiting := await subscriber.queue.get()) is not None:
                yield waiting
        finally:
            self._subscribers.discard(subscriber)

    def _missed(self, subscriber: Subscriber, place: Place) -> list[Event]:
        """What happened between that place and the hub's own, in journal order."""
        events: list[Event] = []
        reached = {n: place.get(n, after) for n, after in self._place().items()}
        budget = CATCH_UP_MAX
        for tail in self._tails:
            catch_up = Tail(self._store, tail.partition, reached[tail.partition])
            while catch_up.after < tail.after and budget > 0:
                for entry in catch_up.next():
                    budget -= 1
                    if entry.seq > tail.after:
                        break
                    reached[tail.partition] = entry.seq
                    if subscriber.may_see(entry):
                        events.append(Event(entry, _place_text(reached)))
            catch_up.close()
        return events

    def end_streams(self) -> None:
        """Their readers come back, to another gateway or after a restart."""
        for subscriber in list(self._subscribers):
            if not subscriber.offer(None):
                subscriber.queue.get_nowait()
                subscriber.offer(None)

    def close(self) -> None:
        """Once run() has ended."""
        for tail in self._tails:
            tail.close()


def _merchant(entry: Entry) -> str:
    sale = getattr(entry.event, "sale", None)
    merchant: str = sale.merchant if sale else getattr(entry.event, "merchant", "")
    return merchant


def _place_text(place: Place) -> str:
    return ",".join(f"{partition}.{seq}" for partition, seq in sorted(place.items()))


def _parse_place(text: str | None) -> Place:
    """The place that an id names; an id that is not ours names none, so the stream starts now."""
    place: Place = {}
    for part in (text or "").split(","):
        partition, _, seq = part.partition(".")
        if partition.isdigit() and seq.isdigit() and len(part) < 32:
            place[int(partition)] = int(seq)
    return place
