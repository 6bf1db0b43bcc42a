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
from gateway.logs import get
from ledger.entry import Entry
from ledger.errors import StoreUnreadable
from ledger.ids import AccountId
from ledger.journal import Store
from services.principals import Principal, PrincipalKind

# Between two looks at journals that other gateways or the relay write. A look costs some 10 µs.
POLL_S = 0.05
# Events that a slow reader may leave waiting; then its stream is closed, and resumes by its id.
WAITING_MAX = 1_000
# Entries of one journal read again for a stream that resumes, some 50 µs each; one that was away
# longer starts with now, and reads the truth anew as every reader does that connects.
CATCH_UP_MAX = 20_000
STREAMS_MAX = 2_000

Place = dict[int, int]

_log = get("gateway.events")


class Event(msgspec.Struct, frozen=True):
    entry: Entry
    place: str


class Subscriber:
    """What one stream may see, and how far it has come in each journal."""

    def __init__(self, principal: Principal, account: AccountId | None) -> None:
        self._everything = principal.kind is PrincipalKind.OPERATOR
        self._account = account
        self._merchant = principal.merchant
        self.reached: Place = {}
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_MAX)

    def wants(self, partition: int, entry: Entry) -> bool:
        """Not yet seen, and its own to see."""
        if not entry.account or entry.seq <= self.reached.get(partition, 0):
            return False
        if self._everything or entry.account == self._account:
            return True
        return self._merchant is not None and _merchant(entry) == self._merchant

    def event(self, entry: Entry, place: Place) -> Event:
        """The place never goes back: the gateway that fed this reader before may have seen a
        journal's latest entries sooner than this one does.
        """
        reached = self.reached
        self.reached = {n: max(seq, reached.get(n, 0)) for n, seq in place.items()}
        return Event(entry, _place_text(self.reached))

    def offer(self, event: Event | None) -> bool:
        """False when the reader is too slow: its stream must end."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            return False
        return True

    def end(self) -> None:
        """What waits is dropped: the reader gets it when it comes back."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class EventHub:
    def __init__(
        self, directory: Directory, store: Store, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._store = store
        self._sleep = sleep
        self._tails = [Tail(store, n) for n in range(directory.partition_count)]
        self._ends = [Tail(store, n) for n in range(directory.partition_count)]
        self._subscribers: set[Subscriber] = set()
        self._ending = False
        self.streams = 0

    @property
    def full(self) -> bool:
        """There are as many open streams as this gateway can feed."""
        return self.streams >= STREAMS_MAX

    async def run(self) -> None:
        """Tail the journals for as long as the gateway lives."""
        while True:
            try:
                busy = self._pump()
            except StoreUnreadable:
                _log.warning("a journal could not be read; events wait")
                busy = False
            # Busy or not, others are served between two pages.
            await self._sleep(0 if busy else POLL_S)

    def _pump(self) -> bool:
        busy = False
        for tail in self._tails:
            if not self._subscribers:
                tail.skip_to_end()
                continue
            for entry in tail.next():
                busy = True
                self._hand_out(tail.partition, entry)
        return busy

    def _hand_out(self, partition: int, entry: Entry) -> None:
        place = {**self._place(), partition: entry.seq}
        for subscriber in list(self._subscribers):
            if not subscriber.wants(partition, entry):
                continue
            if not subscriber.offer(subscriber.event(entry, place)):
                self._subscribers.discard(subscriber)
                subscriber.end()

    def _place(self) -> Place:
        return {tail.partition: tail.after for tail in self._tails}

    def begin(self, subscriber: Subscriber, last_id: str | None) -> str:
        """The place where its stream begins: where last_id left off, unless that is too long ago,
        or beyond the end, as in a data folder that was made anew; then now.
        """
        asked = _parse_place(last_id)
        for end in self._ends:
            end.skip_to_end()
            wanted = asked.get(end.partition, end.after)
            known = end.after - CATCH_UP_MAX <= wanted <= end.after
            subscriber.reached[end.partition] = wanted if known else end.after
        return _place_text(subscriber.reached)

    async def stream(self, subscriber: Subscriber) -> AsyncGenerator[Event]:
        """Events after the place where it begins, for as long as the reader keeps up."""
        self.streams += 1
        past = [Tail(self._store, n, seq) for n, seq in subscriber.reached.items()]
        try:
            while (page := self._missed(past)) and not self._ending:
                for partition, entry in page:
                    if subscriber.wants(partition, entry):
                        place = {**subscriber.reached, partition: entry.seq}
                        yield subscriber.event(entry, place)
                await self._sleep(0)

            # Nothing was awaited since the last look, so nothing falls between past and live.
            self._subscribers.add(subscriber)
            if self._ending:
                subscriber.end()
            while (waiting := await subscriber.queue.get()) is not None:
                yield waiting
        finally:
            self.streams -= 1
            self._subscribers.discard(subscriber)
            for tail in past:
                tail.close()

    def _missed(self, past: list[Tail]) -> list[tuple[int, Entry]]:
        """One page of what these tails have not seen and the hub has; empty when they are even."""
        for tail in past:
            if tail.after < self._tails[tail.partition].after:
                return [(tail.partition, entry) for entry in tail.next()]
        return []

    def end_streams(self) -> None:
        """For good. Their readers come back, to another gateway or after a restart."""
        self._ending = True
        for subscriber in list(self._subscribers):
            subscriber.end()

    def close(self) -> None:
        """Once run() has ended."""
        for tail in self._tails + self._ends:
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
        if part.isascii() and partition.isdigit() and seq.isdigit() and len(part) < 32:
            place[int(partition)] = int(seq)
    return place
